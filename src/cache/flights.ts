/** Computations under way in this process: for each key at most one. */

import type { Address } from "../store/array-store.ts";

/** How a computation ended. */
export interface Landing {
  readonly value: unknown;
  /** Whether others find the value in the cache now. */
  readonly stored: boolean;
}

export class Flights {
  readonly #running = new Map<string, Promise<Landing>>();

  /** The computation of this result, if one is under way; rejects as the function does. */
  of(address: Address): Promise<Landing> | undefined {
    // The name of an address takes time to make, and there is mostly nothing under way.
    return this.#running.size === 0 ? undefined : this.#running.get(address.name);
  }

  /** Runs `compute` as the one computation of this result, and gives its value. */
  async lead({ name }: Address, compute: () => Promise<Landing>): Promise<unknown> {
    const landing = compute();
    this.#running.set(name, landing);
    try {
      return (await landing).value;
    } finally {
      this.#running.delete(name);
    }
  }
}
