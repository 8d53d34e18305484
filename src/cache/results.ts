/**
 * Results by address, for a caller who must not be harmed: whatever goes wrong while one is read
 * is a miss, whatever goes wrong while one is stored is a warning. Nothing here throws.
 */
import { BloscacheError, messageOf, ValueError } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { ArrayStore, Stored } from "../store/array-store.ts";
import type { Entry } from "../store/entry.ts";
import type { Inventory } from "../store/inventory.ts";
import type { SeriesStore } from "../store/series-store.ts";
import { addressOfRow } from "./address.ts";
import { Damage } from "./damage.ts";
import { describeEntry, type EntryInfo } from "./entry-info.ts";
import type { Events } from "./events.ts";
import type { Neighbour } from "./explain.ts";
import { FolderUpkeep } from "./folder-upkeep.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { OpenedStore } from "./opened-store.ts";
import { type Adapters, adaptersOf } from "./result-adapters.ts";
import { type Computed, draftOf } from "./result-draft.ts";
import { ResultLeases } from "./result-leases.ts";
import { ResultParts } from "./result-parts.ts";
import { putTogether } from "./result-reader.ts";
import { ResultSizes } from "./result-sizes.ts";
import { RestoreError } from "./result-skeleton.ts";
import { describeArrays, type StoredArray } from "./stored-arrays.ts";
import { decodeTags } from "./tags.ts";
import { warnOnce } from "./warning.ts";

/** A stored result; its value is in memory of its own and may be changed. */
export interface Hit {
  readonly value: unknown;
}

/** The prefix of all rows. */
const EVERYTHING = new Uint8Array();

export class Results {
  readonly #store: OpenedStore;
  readonly #adapters: Adapters;
  readonly damage: Damage;
  /** Who computes what. */
  readonly leases: ResultLeases;
  readonly parts: ResultParts;
  readonly sizes: ResultSizes;
  /** For the folder as a whole. */
  readonly upkeep: FolderUpkeep;

  constructor(store: OpenedStore, adapters: Adapters, events: Events) {
    this.#store = store;
    this.#adapters = adapters;
    this.damage = new Damage(store, events);
    this.leases = new ResultLeases(store);
    this.parts = new ResultParts(store, this.damage);
    this.sizes = new ResultSizes(store);
    this.upkeep = new FolderUpkeep(store);
  }

  /** The row of a result. */
  find(address: Address): Entry | undefined {
    try {
      return this.#store.forReading()?.find(address);
    } catch (error) {
      this.damage.found(address, undefined, error);
      return undefined;
    }
  }

  readSync(address: Address, entry: Entry): Hit | undefined {
    const store = this.#store.forReading();
    if (store === null) return undefined;
    try {
      return this.#putTogether(entry, store.readSync(address, entry));
    } catch (error) {
      this.damage.found(address, entry, error);
      return undefined;
    }
  }

  /** {@link readSync} off the main thread. */
  async read(
    address: Address,
    entry: Entry,
    adapters: Adapters = this.#adapters,
  ): Promise<Hit | undefined> {
    const store = this.#store.forReading();
    if (store === null) return undefined;
    try {
      return this.#putTogether(entry, await store.read(address, entry), adapters);
    } catch (error) {
      this.damage.found(address, entry, error);
      return undefined;
    }
  }

  /** Whether the result is stored now. */
  writeSync(address: Address, identity: FunctionIdentity, computed: Computed): boolean {
    const store = this.#store.forWriting();
    if (store === null) return false;
    try {
      store.storing.writeSync(address, draftOf(identity, computed, this.#adapters));
      return true;
    } catch (error) {
      this.reportUnstored(identity, error);
      return false;
    }
  }

  /** {@link writeSync} off the main thread. */
  async write(address: Address, identity: FunctionIdentity, computed: Computed): Promise<boolean> {
    const store = this.#store.forWriting();
    if (store === null) return false;
    try {
      await store.storing.write(address, draftOf(identity, computed, this.#adapters));
      return true;
    } catch (error) {
      this.reportUnstored(identity, error);
      return false;
    }
  }

  /** An adapter that fails may be as good as ever when it is mended: the result stays. */
  #putTogether(entry: Entry, stored: Stored, adapters = this.#adapters): Hit | undefined {
    try {
      return putTogether(stored.skeleton, kindsOf(entry), stored.plains, adapters);
    } catch (error) {
      if (!(error instanceof RestoreError)) throw error;
      const message = `${error.message}. It is computed again.`;
      warnOnce(`${this.#store.location} ${error.adapter}`, "RESTORE_FAILED", message);
      return undefined;
    }
  }

  /** Where results that grow are kept; `undefined` where the cache cannot be used. */
  series(forWriting = false): SeriesStore | undefined {
    return (forWriting ? this.#store.forWriting() : this.#store.forReading())?.series;
  }

  /** What is known of a result, beside its value. */
  infoOf(address: Address, entry: Entry): EntryInfo {
    return describeEntry(address, entry, this.#store.forReading()?.filesOf(address, entry) ?? []);
  }

  /** Names of the adapters that a result needs and that are not here. @throws {StoreError} */
  lackedAdapters(address: Address, entry: Entry): string[] {
    const skeleton = this.inventory().skeletonOf(address, entry);
    return adaptersOf(skeleton).filter((name) => this.#adapters.named(name) === undefined);
  }

  /** Those of a result's files that are not there. */
  missingFiles(address: Address, entry: Entry): readonly string[] {
    return this.#store.forReading()?.missingFiles(address, entry) ?? [];
  }

  /** Forgets a result; whether it was there. */
  delete(address: Address): boolean {
    return this.#change((store) => store.removal.delete(address)) ?? false;
  }

  /** Forgets the results of a function, in all its versions, or those of all: how many. */
  clear(prefix: Uint8Array = EVERYTHING, tag?: string): number {
    const clearance = {
      addressOf: addressOfRow,
      isWanted: ({ tags }: Entry) => tag === undefined || decodeTags(tags).includes(tag),
      sweeps: prefix === EVERYTHING && tag === undefined,
    };
    return this.#change((store) => store.removal.clear(prefix, clearance)) ?? 0;
  }

  /**
   * What is in the folder. Unlike all else here it says what goes wrong.
   *
   * @throws {StoreError} when the location cannot be used
   */
  inventory(): Inventory {
    return this.#store.orThrow().inventory();
  }

  /** The arrays of a result, none of them read. @throws {StoreError} when they are not known */
  arraysOf(address: Address, entry: Entry): StoredArray[] {
    const inventory = this.inventory();
    const files = inventory.filesOf(address, entry).map(({ path }) => path);
    return describeArrays(inventory.skeletonOf(address, entry), entry, files);
  }

  /** All results, or those of a function. @throws {StoreError} when the index cannot be read */
  *entries(prefix: Uint8Array = EVERYTHING): Generator<Neighbour, void, undefined> {
    const store = this.#store.forReading();
    if (store === null) return;
    for (const { row, entry } of store.entries(prefix)) {
      yield { info: this.infoOf(addressOfRow(row, entry), entry), summary: entry.summary };
    }
  }

  /** Does what is left to do, and lets go of the folder: the next call opens it again. */
  end(): void {
    this.#store.end();
  }

  /** {@link end}, with what takes time done between other work. */
  endLater(): Promise<void> {
    return this.#store.endLater();
  }

  #change<T>(change: (store: ArrayStore) => T): T | undefined {
    const store = this.#store.forReading();
    if (store === null) return undefined;
    try {
      if (this.#store.readOnly) throw new Error("The cache was opened with { readOnly: true }");
      return change(store);
    } catch (error) {
      warnOnce(
        this.#store.location,
        "CACHE_UNWRITABLE",
        `${messageOf(error)}. Results were not removed.`,
      );
      return undefined;
    }
  }

  /** Warns that a result, or the rest of one that grows, is not stored. */
  reportUnstored(identity: FunctionIdentity, error: unknown): void {
    const about = error instanceof ValueError ? identity.id : this.#store.location;
    const code = error instanceof BloscacheError ? error.code : "STORE_FAILED";
    const message = `${messageOf(error)}. Results of "${identity.id}" are returned but not cached.`;
    warnOnce(about, code, message);
  }
}

function kindsOf(entry: Entry): number[] {
  return entry.arrays.map((array) => array.kind);
}
