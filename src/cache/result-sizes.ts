/** What the results of a cache take, and having them take less. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { CacheSize, Reduction, ReductionRequest } from "../store/reduction.ts";
import type { OpenedStore } from "./opened-store.ts";
import { warnOnce } from "./warning.ts";

export class ResultSizes {
  readonly #store: OpenedStore;

  constructor(store: OpenedStore) {
    this.#store = store;
  }

  /** @throws {StoreError} when the location cannot be used, or the index cannot be read */
  size(): CacheSize {
    return (this.#store.forWriting() ?? this.#store.orThrow()).size();
  }

  /**
   * Removes results until the limits hold.
   *
   * @throws {StoreError} when the location cannot be used, is not to be changed, or the store refuses
   */
  async reduce(request: ReductionRequest): Promise<Reduction> {
    return this.#store.toChange("reduce").reduce(request);
  }

  /** Keeps a result from being removed, or no longer; whether that is so now. */
  pin(address: Address, isPinned: boolean): boolean {
    try {
      return this.#store.forWriting()?.pin(address, isPinned) ?? false;
    } catch (error) {
      const message = `${messageOf(error)}. Results were not pinned or unpinned.`;
      warnOnce(this.#store.location, "CACHE_UNWRITABLE", message);
      return false;
    }
  }
}
