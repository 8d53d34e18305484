/** Computations under way in this process: for each key at most one that others may wait for. */

import type { Address } from "../store/address.ts";
import type { Audience, Seat } from "./audience.ts";

/** How a computation ended. */
export interface Landing {
  readonly value: unknown;
  /** Whether others find the value in the cache now. */
  readonly stored: boolean;
}

export interface Flight {
  readonly slug: string;
  readonly tags: readonly string[];
  readonly landing: Promise<Landing>;
  readonly audience: Audience;
}

/** How a computation is led. */
export interface Lead {
  /** Of the result. */
  readonly tags: readonly string[];
  readonly audience: Audience;
  /** Of the first caller. */
  readonly seat: Seat;
}

export class Flights {
  readonly #running = new Map<string, Flight>();

  /** The computation of this result, if one is under way. */
  of(address: Address): Flight | undefined {
    // The name of an address takes time to make, and there is mostly nothing under way.
    return this.#running.size === 0 ? undefined : this.#running.get(address.name);
  }

  /**
   * Runs `compute` as the one computation of this result, and gives its value. It takes the place of
   * an earlier one, whose result is of no use to others any more. It goes on when the first caller
   * has left.
   *
   * @param compute is given what tells whether it is still the one
   * @throws what `compute` does, or the reason for which the first caller left
   */
  async lead(
    { name, slug }: Address,
    { tags, audience, seat }: Lead,
    compute: (isCurrent: () => boolean) => Promise<Landing>,
  ): Promise<unknown> {
    let flight: Flight | undefined;
    const isCurrent = () => this.#running.get(name) === flight;
    const landing = compute(isCurrent);
    flight = { slug, tags, audience, landing };
    this.#running.set(name, flight);
    const end = () => {
      if (isCurrent()) this.#running.delete(name);
    };
    const ended = landing.then(
      (landed) => {
        end();
        return landed.value;
      },
      (error: unknown) => {
        end();
        throw error;
      },
    );
    return seat.until(ended);
  }

  /** What is being computed for this result is not to be stored: something newer is known. */
  supersede(address: Address): void {
    if (this.#running.size > 0) this.#running.delete(address.name);
  }

  /** {@link supersede} for all results, those of one function, those with a tag. */
  supersedeAll({ slug, tag }: { slug?: string | undefined; tag?: string | undefined }): void {
    for (const [name, flight] of this.#running) {
      const isMeant = slug === undefined || flight.slug === slug;
      if (isMeant && (tag === undefined || flight.tags.includes(tag))) this.#running.delete(name);
    }
  }
}
