/**
 * Results by address, for a caller who must not be harmed: whatever goes wrong while one is read
 * is a miss, whatever goes wrong while one is stored is a warning. Nothing here throws.
 */
import { BloscacheError, messageOf, StoreError, ValueError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import { ArrayStore, type Stored } from "../store/array-store.ts";
import type { StoreOptions } from "../store/draft.ts";
import type { Entry } from "../store/entry.ts";
import type { Evicted } from "../store/eviction.ts";
import { findIndex, openIndex } from "../store/index-db.ts";
import type { Inventory } from "../store/inventory.ts";
import { findLocation, openLocation } from "../store/location.ts";
import { encodeSeries, type SeriesRow } from "../store/series-row.ts";
import type { SeriesStore } from "../store/series-store.ts";
import { addressOfRow } from "./address.ts";
import { describeEntry, type EntryInfo } from "./entry-info.ts";
import type { Neighbour } from "./explain.ts";
import type { FunctionIdentity } from "./identity.ts";
import { type Adapters, adaptersOf } from "./result-adapters.ts";
import { restore } from "./result-arrays.ts";
import { type Computed, draftOf } from "./result-draft.ts";
import { ResultLeases } from "./result-leases.ts";
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

/** How a cache is used. */
interface Ways {
  readonly adapters: Adapters;
  readonly onEvicted: (evicted: Evicted) => void;
}

export class Results {
  readonly #location: string;
  readonly #options: StoreOptions;
  readonly #adapters: Adapters;
  readonly #readOnly: boolean;
  /** `null` when the location cannot be used; it is not tried again. */
  #store: ArrayStore | null | undefined;
  readonly #onEvicted: (evicted: Evicted) => void;
  /** Who computes what. */
  readonly leases: ResultLeases;
  readonly sizes: ResultSizes;

  /**
   * @param options `readOnly`: nothing is made, stored or removed in the location, damaged results neither
   * @param ways `onEvicted`: told of what is removed to keep the cache within its limits
   */
  constructor(location: string, options: StoreOptions, ways: Ways) {
    const { adapters, onEvicted } = ways;
    this.#location = location;
    this.#options = options;
    this.#onEvicted = onEvicted;
    this.sizes = new ResultSizes(location, () => this.#openedForWriting());
    this.leases = new ResultLeases(location, () => this.#openedForWriting()?.leases());
    this.#adapters = adapters;
    this.#readOnly = options.readOnly;
  }

  /** The row of a result. */
  find(address: Address): Entry | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      return store.find(address);
    } catch (error) {
      this.#discard(store, address, undefined, error);
      return undefined;
    }
  }

  readSync(address: Address, entry: Entry): Hit | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      return this.#putTogether(entry, store.readSync(address, entry));
    } catch (error) {
      this.#discard(store, address, entry, error);
      return undefined;
    }
  }

  /** {@link readSync} off the main thread. */
  async read(
    address: Address,
    entry: Entry,
    adapters: Adapters = this.#adapters,
  ): Promise<Hit | undefined> {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      return this.#putTogether(entry, await store.read(address, entry), adapters);
    } catch (error) {
      this.#discard(store, address, entry, error);
      return undefined;
    }
  }

  /** Elements of a result that is one typed array in a file; `undefined` when they cannot be read. */
  sliceSync(address: Address, entry: Entry, start?: number, stop?: number): TypedArray | undefined {
    const store = this.#opened();
    try {
      const part = store?.sliceSync(address, entry, 0, start, stop);
      return part && restorePart(entry, part.buffer as ArrayBuffer);
    } catch (error) {
      this.#discard(store as ArrayStore, address, entry, error);
      return undefined;
    }
  }

  /** {@link sliceSync} off the main thread. */
  async slice(
    address: Address,
    entry: Entry,
    start?: number,
    stop?: number,
  ): Promise<TypedArray | undefined> {
    const store = this.#opened();
    try {
      const part = await store?.slice(address, entry, 0, start, stop);
      return part && restorePart(entry, part.buffer as ArrayBuffer);
    } catch (error) {
      this.#discard(store as ArrayStore, address, entry, error);
      return undefined;
    }
  }

  /**
   * A result that is one typed array in a file, chunk by chunk; returns whether it could be opened.
   *
   * @throws {StoreError} while it is read, for damage
   */
  *chunksSync(address: Address, entry: Entry): Generator<TypedArray, boolean, undefined> {
    const store = this.#opened();
    let opened = false;
    try {
      const chunks = store?.chunksSync(address, entry, 0);
      opened = chunks !== undefined;
      for (const plain of chunks ?? []) yield restorePart(entry, plain);
    } catch (error) {
      this.#discard(store as ArrayStore, address, entry, error);
      if (opened) throw error;
    }
    return opened;
  }

  /** {@link chunksSync} off the main thread. */
  async *chunks(address: Address, entry: Entry): AsyncGenerator<TypedArray, boolean, undefined> {
    const store = this.#opened();
    let opened = false;
    try {
      const chunks = await store?.chunks(address, entry, 0);
      opened = chunks !== undefined;
      for await (const plain of chunks ?? []) yield restorePart(entry, plain);
    } catch (error) {
      this.#discard(store as ArrayStore, address, entry, error);
      if (opened) throw error;
    }
    return opened;
  }

  /** Whether the result is stored now. */
  writeSync(address: Address, identity: FunctionIdentity, computed: Computed): boolean {
    const store = this.#openedForWriting();
    if (store === null) return false;
    try {
      store.writeSync(address, draftOf(identity, computed, this.#adapters));
      return true;
    } catch (error) {
      this.reportUnstored(identity, error);
      return false;
    }
  }

  /** {@link writeSync} off the main thread. */
  async write(address: Address, identity: FunctionIdentity, computed: Computed): Promise<boolean> {
    const store = this.#openedForWriting();
    if (store === null) return false;
    try {
      await store.write(address, draftOf(identity, computed, this.#adapters));
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
      warnOnce(`${this.#location} ${error.adapter}`, "RESTORE_FAILED", message);
      return undefined;
    }
  }

  /** Where results that grow are kept; `undefined` where the cache cannot be used. */
  series(forWriting = false): SeriesStore | undefined {
    return (forWriting ? this.#openedForWriting() : this.#opened())?.series;
  }

  /** Forgets a series that cannot be read, if the reason is in the series. */
  discardSeries(address: Address, row: SeriesRow | undefined, error: unknown): void {
    const entry = row && encodeSeries(row);
    this.#discard(this.#opened() as ArrayStore, address, entry, error);
  }

  /** What is known of a result, beside its value. */
  infoOf(address: Address, entry: Entry): EntryInfo {
    return describeEntry(address, entry, this.#opened()?.filesOf(address, entry) ?? []);
  }

  /** Names of the adapters that a result needs and that are not here. @throws {StoreError} */
  lackedAdapters(address: Address, entry: Entry): string[] {
    const skeleton = this.inventory().skeletonOf(address, entry);
    return adaptersOf(skeleton).filter((name) => this.#adapters.named(name) === undefined);
  }

  /** Those of a result's files that are not there. */
  missingFiles(address: Address, entry: Entry): readonly string[] {
    return this.#opened()?.missingFiles(address, entry) ?? [];
  }

  /** Forgets a result; whether it was there. */
  delete(address: Address): boolean {
    return this.#change((store) => store.delete(address)) ?? false;
  }

  /** Forgets the results of a function, in all its versions, or those of all: how many. */
  clear(prefix: Uint8Array = EVERYTHING, tag?: string): number {
    const isWanted = ({ tags }: Entry) => tag === undefined || decodeTags(tags).includes(tag);
    const isAll = prefix === EVERYTHING && tag === undefined;
    return this.#change((store) => store.clear(prefix, addressOfRow, isWanted, isAll)) ?? 0;
  }

  /**
   * What is in the folder. Unlike all else here it says what goes wrong.
   *
   * @throws {StoreError} when the location cannot be used
   */
  inventory(): Inventory {
    if (this.#store === null || this.#store === undefined) this.#store = this.#open();
    return this.#store.inventory();
  }

  /** The arrays of a result, none of them read. @throws {StoreError} when they are not known */
  arraysOf(address: Address, entry: Entry): StoredArray[] {
    const inventory = this.inventory();
    const files = inventory.filesOf(address, entry).map(({ path }) => path);
    return describeArrays(inventory.skeletonOf(address, entry), entry, files);
  }

  /** All results, or those of a function. @throws {StoreError} when the index cannot be read */
  *entries(prefix: Uint8Array = EVERYTHING): Generator<Neighbour, void, undefined> {
    const store = this.#opened();
    if (store === null) return;
    for (const { row, entry } of store.entries(prefix)) {
      yield { info: this.infoOf(addressOfRow(row, entry), entry), summary: entry.summary };
    }
  }

  /** Does what is left to do, and lets go of the folder: the next call opens it again. */
  end(): void {
    this.#store?.end();
    this.#store = undefined;
  }

  /** {@link end}, with what takes time done between other work. */
  async endLater(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.endLater();
  }

  #change<T>(change: (store: ArrayStore) => T): T | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      if (this.#readOnly) throw new Error("The cache was opened with { readOnly: true }");
      return change(store);
    } catch (error) {
      warnOnce(
        this.#location,
        "CACHE_UNWRITABLE",
        `${messageOf(error)}. Results were not removed.`,
      );
      return undefined;
    }
  }

  #opened(): ArrayStore | null {
    if (this.#store === undefined) this.#store = this.#tryOpen();
    return this.#store;
  }

  /** What is written into a cache that was deleted is lost; so a new one is made. */
  #openedForWriting(): ArrayStore | null {
    if (this.#readOnly) return null;
    const store = this.#opened();
    if (store?.isCurrent() === false) {
      store.end();
      this.#store = this.#tryOpen();
    }
    return this.#opened();
  }

  #tryOpen(): ArrayStore | null {
    try {
      return this.#open();
    } catch (error) {
      const message = `${messageOf(error)}. Memoized functions run uncached.`;
      warnOnce(this.#location, "CACHE_UNUSABLE", message);
      return null;
    }
  }

  /** @throws {StoreError} when the location cannot be used */
  #open(): ArrayStore {
    const { durability } = this.#options;
    const layout = this.#readOnly ? findLocation(this.#location) : openLocation(this.#location);
    const index = this.#readOnly ? findIndex(layout, durability) : openIndex(layout, durability);
    const residents = { addressOf: addressOfRow, onEvicted: this.#onEvicted };
    return new ArrayStore(layout, index, this.#options, residents);
  }

  /**
   * Forgets a result that cannot be read, if the reason is in the result. That its files are gone
   * is no damage: somebody chose so.
   */
  #discard(store: ArrayStore, address: Address, entry: Entry | undefined, error: unknown): void {
    const code = errnoOf(error);
    if (code !== undefined && code !== "ENOENT" && code !== "EISDIR") {
      // Too many open files, no memory, no permission: the result may be as good as ever.
      const message = `${messageOf(error)}. Results are computed again meanwhile.`;
      warnOnce(this.#location, "CACHE_UNREADABLE", message);
      return;
    }
    if (code !== "ENOENT") {
      const message = `${messageOf(error)}. The result is computed again.`;
      warnOnce(`${this.#location} ${address.name}`, "CACHE_DAMAGED", message);
    }
    if (this.#readOnly) return;
    try {
      store.setAside(address, entry);
    } catch {
      // The index refuses too; the next store of this result replaces the row.
    }
  }

  /** Warns that a result, or the rest of one that grows, is not stored. */
  reportUnstored(identity: FunctionIdentity, error: unknown): void {
    const about = error instanceof ValueError ? identity.id : this.#location;
    const code = error instanceof BloscacheError ? error.code : "STORE_FAILED";
    const message = `${messageOf(error)}. Results of "${identity.id}" are returned but not cached.`;
    warnOnce(about, code, message);
  }
}

/** Some elements of the first array of a result, which is a typed one. */
function restorePart({ arrays }: Entry, plain: ArrayBuffer): TypedArray {
  // A Float16Array before Node 24 is given as its bits.
  return (restore(arrays[0]?.kind as number, plain) ?? new Uint16Array(plain)) as TypedArray;
}

function kindsOf(entry: Entry): number[] {
  return entry.arrays.map((array) => array.kind);
}

/** The name of the system's error behind a failure, `undefined` when it was the content. */
function errnoOf(error: unknown): string | undefined {
  const source = error instanceof StoreError ? error.cause : error;
  if (source instanceof RangeError) return "ENOMEM";
  const { code } = source as NodeJS.ErrnoException;
  return source instanceof BloscacheError || code?.startsWith("MDB_CORRUPTED") ? undefined : code;
}
