/** What is done to the folder of a cache as a whole, for who asks for it: here what goes wrong is told. */
import { type SweepOptions, type Swept, sweepLitter } from "../store/litter.ts";
import type { RebuildOptions, Rebuilt } from "../store/rebuilding.ts";
import { addressOfRow } from "./address.ts";
import type { OpenedStore } from "./opened-store.ts";
import { type CacheReport, type VerifyOptions, verifyCache } from "./verify.ts";

export const NOTHING_REBUILT: Rebuilt = { results: 0, files: 0, cbytes: 0, unused: [] };
export const NOTHING_SWEPT: Swept = { files: 0, cbytes: 0 };

export class FolderUpkeep {
  readonly #store: OpenedStore;

  constructor(store: OpenedStore) {
    this.#store = store;
  }

  /** @throws {StoreError} when the location cannot be used, as all below */
  async verify(options: VerifyOptions): Promise<CacheReport> {
    const store =
      options.fix === true ? this.#store.toChange("verify and fix") : this.#store.orThrow();
    return verifyCache(store, options);
  }

  async rebuild(options: RebuildOptions): Promise<Rebuilt> {
    return this.#store.toChange("rebuild").rebuild(addressOfRow, options);
  }

  async sweep(options: SweepOptions): Promise<Swept> {
    const store = options.dryRun === true ? this.#store.orThrow() : this.#store.toChange("sweep");
    return sweepLitter(store.inventory(), addressOfRow, options);
  }
}
