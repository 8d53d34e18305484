/** What the results of a cache take, and having them take less. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { ArrayStore } from "../store/array-store.ts";
import type { CacheSize, Reduction, ReductionRequest } from "../store/reduction.ts";
import { NOTHING_REDUCED } from "./limits.ts";
import { warnOnce } from "./warning.ts";

export class ResultSizes {
  readonly #location: string;
  readonly #open: () => ArrayStore | null;

  /** @param open gives the store as it is now; `null` where it cannot be used */
  constructor(location: string, open: () => ArrayStore | null) {
    this.#location = location;
    this.#open = open;
  }

  /** @throws {StoreError} when the index cannot be read */
  size(): CacheSize {
    return this.#open()?.size() ?? NOTHING_REDUCED.remaining;
  }

  /** Removes results until the limits hold. @throws {StoreError} when the store refuses */
  async reduce(request: ReductionRequest): Promise<Reduction> {
    const reduction = await this.#open()?.reduce(request);
    return reduction ?? NOTHING_REDUCED;
  }

  /** Keeps a result from being removed, or no longer; whether that is so now. */
  pin(address: Address, isPinned: boolean): boolean {
    try {
      return this.#open()?.pin(address, isPinned) ?? false;
    } catch (error) {
      const message = `${messageOf(error)}. Results were not pinned or unpinned.`;
      warnOnce(this.#location, "CACHE_UNWRITABLE", message);
      return false;
    }
  }
}
