/** Computations under way in this process: for each key at most one that others may wait for. */

import type { Address } from "../store/address.ts";

/** How a computation ended. */
export interface Landing {
  readonly value: unknown;
  /** Whether others find the value in the cache now. */
  readonly stored: boolean;
}

interface Flight {
  readonly slug: string;
  readonly tags: readonly string[];
  readonly landing: Promise<Landing>;
}

export class Flights {
  readonly #running = new Map<string, Flight>();

  /** The computation of this result, if one is under way; rejects as the function does. */
  of(address: Address): Promise<Landing> | undefined {
    // The name of an address takes time to make, and there is mostly nothing under way.
    return this.#running.size === 0 ? undefined : this.#running.get(address.name)?.landing;
  }

  /**
   * Runs `compute` as the one computation of this result, and gives its value. It takes the place of
   * an earlier one, whose result is of no use to others any more.
   *
   * @param tags of the result
   * @param compute is given what tells whether it is still the one
   */
  async lead(
    { name, slug }: Address,
    tags: readonly string[],
    compute: (isCurrent: () => boolean) => Promise<Landing>,
  ): Promise<unknown> {
    let flight: Flight | undefined;
    const isCurrent = () => this.#running.get(name) === flight;
    const landing = compute(isCurrent);
    flight = { slug, tags, landing };
    this.#running.set(name, flight);
    try {
      return (await landing).value;
    } finally {
      if (isCurrent()) this.#running.delete(name);
    }
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
