/**
 * Results at rest: a row in the index and, unless the result is small, one Bloscpack file per
 * array. Files are complete before the row that speaks of them exists (`storing.ts`), and go after
 * it (`removal.ts`); so a row without its files is a miss, and a file without a row is litter.
 */
import fs from "node:fs";
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import { type Address, filesOf, objectPath } from "./address.ts";
import { scanRows } from "./books.ts";
import type { StoreOptions } from "./draft.ts";
import { decodeEntry, type Entry, type FileArray } from "./entry.ts";
import type { Residents } from "./eviction.ts";
import { GroupCommit } from "./group-commit.ts";
import type { IndexDb } from "./index-db.ts";
import { Inventory } from "./inventory.ts";
import { type Lease, Leases, NO_LEASE } from "./leases.ts";
import type { Layout } from "./location.ts";
import {
  chunksOfObject,
  chunksOfObjectSync,
  readObject,
  readObjectSync,
  sliceObject,
  sliceObjectSync,
} from "./object-file.ts";
import { Rebuilding, type RebuildOptions, type Rebuilt } from "./rebuilding.ts";
import type { CacheSize, Reduction, ReductionRequest } from "./reduction.ts";
import { Removal } from "./removal.ts";
import { Rows } from "./rows.ts";
import { SeriesStore } from "./series-store.ts";
import { Storing } from "./storing.ts";
import { Upkeep } from "./upkeep.ts";

/** A result that was read: the plain bytes of its arrays, each in memory of its own. */
export interface Stored {
  readonly plains: readonly ArrayBuffer[];
  readonly skeleton: string;
}

export class ArrayStore {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #upkeep: Upkeep;
  readonly #rows: Rows;
  #leases: Leases | undefined;
  /** Results that grow. */
  readonly series: SeriesStore;
  readonly storing: Storing;
  readonly removal: Removal;

  constructor(
    layout: Layout,
    index: IndexDb,
    options: StoreOptions,
    residents: Omit<Residents, "filesOf">,
  ) {
    this.#layout = layout;
    this.#index = index;
    const lock = () => this.#lockUpkeep();
    this.#upkeep = new Upkeep(layout, index, options, lock, {
      ...residents,
      filesOf: (address, entry) => this.filesOf(address, entry),
    });
    this.#rows = new Rows(index, this.#upkeep.books);
    const keeper = { rows: this.#rows, upkeep: this.#upkeep };
    const commits = GroupCommit.of(index);
    this.series = new SeriesStore(layout, index, keeper, options);
    this.storing = new Storing(layout, keeper, commits, options);
    this.removal = new Removal(layout, index, this.#rows, commits);
  }

  #lockUpkeep(): Lease | undefined {
    try {
      return this.leases().tryAcquireUpkeep();
    } catch {
      return NO_LEASE;
    }
  }

  /** Who computes what. @throws the system's error */
  leases(): Leases {
    this.#leases ??= Leases.of(this.#layout.leases);
    return this.#leases;
  }

  /**
   * The row of a result; `undefined` when there is none.
   *
   * @throws {StoreError} when it cannot be read, or is damaged
   */
  find(address: Address): Entry | undefined {
    const row = this.#index.get(address.row);
    if (row === undefined) return undefined;
    const entry = decodeEntry(row);
    if (entry !== undefined) return entry;
    throw new StoreError("read row", address.name, new Error("its digest does not match"));
  }

  /** {@link find}, by the key of the row alone; `undefined` also for a damaged one. */
  findRow(key: Uint8Array): Entry | undefined {
    const row = this.#index.get(key);
    return row && decodeEntry(row);
  }

  /**
   * What a row speaks of.
   *
   * @throws {StoreError} when a file is damaged, or cannot be read
   */
  readSync(address: Address, entry: Entry): Stored {
    this.#upkeep.used(address.row);
    const plains = entry.arrays.map((array, n) =>
      "plain" in array
        ? (array.plain.buffer as ArrayBuffer)
        : readObjectSync(this.#pathOf(address, entry.stamp, n), array),
    );
    return withSkeleton(entry, plains);
  }

  /** {@link readSync} off the main thread. */
  async read(address: Address, entry: Entry): Promise<Stored> {
    this.#upkeep.used(address.row);
    const plains: ArrayBuffer[] = [];
    for (const [n, array] of entry.arrays.entries()) {
      plains.push(
        "plain" in array
          ? (array.plain.buffer as ArrayBuffer)
          : await readObject(this.#pathOf(address, entry.stamp, n), array),
      );
    }
    return withSkeleton(entry, plains);
  }

  /**
   * Elements of the n-th array of a result, without its other elements being read; `undefined` when
   * it has no file.
   *
   * @throws {StoreError} when the file is damaged, or cannot be read
   */
  sliceSync(
    address: Address,
    entry: Entry,
    n: number,
    start?: number,
    stop?: number,
  ): TypedArray | undefined {
    const array = entry.arrays[n];
    if (array === undefined || "plain" in array) return undefined;
    this.#upkeep.used(address.row);
    return sliceObjectSync(this.#pathOf(address, entry.stamp, n), array, start, stop);
  }

  /** {@link sliceSync} off the main thread. */
  async slice(
    address: Address,
    entry: Entry,
    n: number,
    start?: number,
    stop?: number,
  ): Promise<TypedArray | undefined> {
    const array = entry.arrays[n];
    if (array === undefined || "plain" in array) return undefined;
    this.#upkeep.used(address.row);
    return sliceObject(this.#pathOf(address, entry.stamp, n), array, start, stop);
  }

  /**
   * The n-th array of a result, which has a file, chunk by chunk: plain bytes in memory of their own.
   *
   * @throws {StoreError} at once when the file cannot be opened, later when a chunk is damaged
   */
  chunksSync(address: Address, entry: Entry, n: number): Generator<ArrayBuffer, void, undefined> {
    this.#upkeep.used(address.row);
    return chunksOfObjectSync(this.#pathOf(address, entry.stamp, n), fileOf(entry, n));
  }

  /** {@link chunksSync} off the main thread. */
  chunks(
    address: Address,
    entry: Entry,
    n: number,
  ): Promise<AsyncGenerator<ArrayBuffer, void, undefined>> {
    this.#upkeep.used(address.row);
    return chunksOfObject(this.#pathOf(address, entry.stamp, n), fileOf(entry, n));
  }

  /** The files of a result, absolute paths; a small one has none. */
  filesOf(address: Address, entry: Entry): string[] {
    return filesOf(this.#layout, address, entry);
  }

  /** Those of its files that are not there. */
  missingFiles(address: Address, entry: Entry): string[] {
    return this.filesOf(address, entry).filter((path) => !fs.existsSync(path));
  }

  /**
   * The results whose rows' keys begin with `prefix`, each with its key; damaged rows are passed over.
   *
   * @throws {StoreError} when the index cannot be read
   */
  *entries(prefix: Uint8Array): Generator<{ row: Uint8Array; entry: Entry }, void, undefined> {
    for (const { key, row } of scanRows(this.#index, prefix)) {
      const entry = decodeEntry(row);
      if (entry !== undefined) yield { row: Uint8Array.from(key), entry };
    }
  }

  /**
   * Gives every result in the folder a row that has lost its own.
   *
   * @throws {StoreError} when the index refuses
   */
  async rebuild(
    addressOf: (row: Uint8Array, entry: Entry) => Address,
    options: RebuildOptions,
  ): Promise<Rebuilt> {
    const rebuilding = new Rebuilding(this.#layout, this.#index, this.#rows, addressOf);
    const rebuilt = await rebuilding.run(options);
    if (rebuilt.results > 0) this.#upkeep.stored();
    return rebuilt;
  }

  /** For questions about the folder as a whole. */
  inventory(): Inventory {
    return new Inventory(this.#layout, this.#index);
  }

  /**
   * Keeps a result from being removed for its age or the size of the cache, or no longer; whether it
   * is there. @throws {StoreError} when the index refuses
   */
  pin({ row }: Address, isPinned: boolean): boolean {
    return this.#rows.pin(row, isPinned);
  }

  /** What is stored. @throws {StoreError} when the index cannot be read */
  size(): CacheSize {
    const { items, bytes } = this.#upkeep.books.totals();
    return { items, bytes };
  }

  /** Removes results until the limits hold. @throws {StoreError} when the index or a file refuses */
  reduce(request: ReductionRequest): Promise<Reduction> {
    return this.#upkeep.reduce(request);
  }

  /** Does what is left to do; what is written after that is swept and noted by others. */
  end(): void {
    this.#upkeep.end();
  }

  /** {@link end}, with what takes time done between other work. */
  endLater(): Promise<void> {
    return this.#upkeep.endLater();
  }

  /** Whether the cache is still in its folder. */
  isCurrent(): boolean {
    return this.#index.isCurrent();
  }

  #pathOf(address: Address, stamp: number, n: number): string {
    return objectPath(this.#layout, address, stamp, n);
  }
}

/** REQUIRES: the n-th array has a file. */
function fileOf({ arrays }: Entry, n: number): FileArray {
  return arrays[n] as FileArray;
}

function withSkeleton(entry: Entry, plains: ArrayBuffer[]): Stored {
  if (!entry.skeletonIsArray) return { plains, skeleton: entry.skeleton };
  const skeleton = Buffer.from(plains.at(-1) as ArrayBuffer).toString("utf8");
  return { plains: plains.slice(0, -1), skeleton };
}
