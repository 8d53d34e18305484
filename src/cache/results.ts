/**
 * Results by address, for a caller who must not be harmed: whatever goes wrong while one is read
 * is a miss, whatever goes wrong while one is stored is a warning. Nothing here throws.
 */
import { BloscacheError, messageOf, StoreError, ValueError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import { ArrayStore } from "../store/array-store.ts";
import type { Draft, DraftArray, StoreOptions } from "../store/draft.ts";
import type { Entry } from "../store/entry.ts";
import { openIndex } from "../store/index-db.ts";
import { openLocation } from "../store/location.ts";
import { encodeSeries, type SeriesRow } from "../store/series-row.ts";
import type { SeriesStore } from "../store/series-store.ts";
import { addressOfRow } from "./address.ts";
import { type CallSummary, encodeSummary } from "./call-summary.ts";
import { describeEntry, type EntryInfo } from "./entry-info.ts";
import type { Neighbour } from "./explain.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { Packing } from "./packing.ts";
import { restore } from "./result-arrays.ts";
import { ResultLeases } from "./result-leases.ts";
import { putTogether } from "./result-reader.ts";
import { takeApart } from "./result-writer.ts";
import { decodeTags, encodeTags } from "./tags.ts";
import { warnOnce } from "./warning.ts";

/** A stored result; its value is in memory of its own and may be changed. */
export interface Hit {
  readonly value: unknown;
}

/** What is to be remembered of a call that was computed. */
export interface Computed {
  readonly result: unknown;
  readonly isAsync: boolean;
  /** Whether the result is what the function threw. */
  readonly threw: boolean;
  readonly durationMs: number;
  readonly summary: CallSummary;
  readonly tags: readonly string[];
  /** How each array is packed; what it leaves out is the cache's choice. */
  readonly packing: ((array: TypedArray | ArrayBuffer) => Packing | undefined) | undefined;
}

/** The prefix of all rows. */
const EVERYTHING = new Uint8Array();

export class Results {
  readonly #location: string;
  readonly #options: StoreOptions;
  /** `null` when the location cannot be used; it is not tried again. */
  #store: ArrayStore | null | undefined;
  /** Who computes what. */
  readonly leases: ResultLeases;

  constructor(location: string, options: StoreOptions) {
    this.#location = location;
    this.#options = options;
    this.leases = new ResultLeases(location, () => this.#openedForWriting()?.leases());
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
      const { skeleton, plains } = store.readSync(address, entry);
      return putTogether(skeleton, kindsOf(entry), plains);
    } catch (error) {
      this.#discard(store, address, entry, error);
      return undefined;
    }
  }

  /** {@link readSync} off the main thread. */
  async read(address: Address, entry: Entry): Promise<Hit | undefined> {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      const { skeleton, plains } = await store.read(address, entry);
      return putTogether(skeleton, kindsOf(entry), plains);
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
      store.writeSync(address, draftOf(identity, computed));
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
      await store.write(address, draftOf(identity, computed));
      return true;
    } catch (error) {
      this.reportUnstored(identity, error);
      return false;
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
    return this.#change((store) => store.clear(prefix, addressOfRow, isWanted)) ?? 0;
  }

  /** All results, or those of a function. @throws {StoreError} when the index cannot be read */
  *entries(prefix: Uint8Array = EVERYTHING): Generator<Neighbour, void, undefined> {
    const store = this.#opened();
    if (store === null) return;
    for (const { row, entry } of store.entries(prefix)) {
      yield { info: this.infoOf(addressOfRow(row, entry), entry), summary: entry.summary };
    }
  }

  #change<T>(change: (store: ArrayStore) => T): T | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
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
    if (this.#store === undefined) this.#store = this.#open();
    return this.#store;
  }

  /** What is written into a cache that was deleted is lost; so a new one is made. */
  #openedForWriting(): ArrayStore | null {
    const store = this.#opened();
    if (store?.isCurrent() === false) this.#store = this.#open();
    return this.#opened();
  }

  #open(): ArrayStore | null {
    try {
      const layout = openLocation(this.#location);
      const index = openIndex(layout, this.#options.durability);
      return new ArrayStore(layout, index, this.#options);
    } catch (error) {
      const message = `${messageOf(error)}. Memoized functions run uncached.`;
      warnOnce(this.#location, "CACHE_UNUSABLE", message);
      return null;
    }
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

function draftOf(identity: FunctionIdentity, computed: Computed): Draft {
  const { id: functionId, version, recorded: functionVersion = version } = identity;
  const { isAsync, threw, durationMs, packing } = computed;
  const summary = encodeSummary(computed.summary);
  const tags = encodeTags(computed.tags);
  const { skeleton, arrays } = takeApart(computed.result);
  const packed = packing === undefined ? arrays : arrays.map((array) => packedBy(array, packing));
  const told = { functionId, functionVersion, isAsync, threw, durationMs, summary, tags };
  return { ...told, skeleton, arrays: packed };
}

function packedBy(array: DraftArray, packing: NonNullable<Computed["packing"]>): DraftArray {
  const { input } = array;
  return { ...array, packing: packing("data" in input ? input.data : input) };
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
