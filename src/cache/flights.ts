/** Computations under way in this process: for each key at most one that others may wait for. */

import type { Address } from "../store/address.ts";
import type { Audience, Seat } from "./audience.ts";

/** How a computation ended. */
export interface Landing {
  readonly value: unknown;
  /** Whether the value was thrown. */
  readonly threw: boolean;
  /**
   * What others have of it: they find it in the cache (`stored`), or take the same value (`shared`),
   * or it is the first caller's `own`, because it may not be of these arguments, or was broken off.
   */
  readonly use: "stored" | "shared" | "own";
}

export interface Flight {
  readonly slug: string;
  readonly tags: readonly string[];
  /** Never rejects. */
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

/** By location: several caches of one folder know of each other's. */
const byLocation = new Map<string, Flights>();

/** The computations of this process for the cache in a folder. */
export function flightsOf(location: string): Flights {
  const flights = byLocation.get(location) ?? new Flights();
  byLocation.set(location, flights);
  return flights;
}

export class Flights {
  readonly #running = new Map<string, Flight>();
  /** What is not done yet, of what nobody else may be able to wait for: superseded ones too. */
  readonly #underway = new Set<Promise<unknown>>();

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
    const landing = compute(isCurrent).catch((error: unknown): Landing => {
      return { value: error, threw: true, use: "own" };
    });
    this.track(landing);
    flight = { slug, tags, audience, landing };
    this.#running.set(name, flight);
    const ended = landing.then(({ value, threw }) => {
      if (isCurrent()) this.#running.delete(name);
      if (threw) throw value;
      return value;
    });
    return seat.until(ended);
  }

  /** Has {@link settled} wait for some work, too. */
  track(work: Promise<unknown>): void {
    this.#underway.add(work);
    const forget = () => void this.#underway.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when what is under way now has come to its end, in whatever way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underway);
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
