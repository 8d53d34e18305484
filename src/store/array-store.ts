/**
 * Results at rest: a row in the index and, unless the result is small, one Bloscpack file per
 * array. Files are complete before the row that speaks of them exists, and go after it; so a row
 * without its files is a miss, and a file without a row is litter.
 */
import fs from "node:fs";
import { basename, join } from "node:path";
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import { type Address, objectPath } from "./address.ts";
import { bytesOnDisk, scanRows } from "./books.ts";
import { clearRows } from "./clearing.ts";
import { type Draft, fileArray, type Job, type StoreOptions, splitDraft } from "./draft.ts";
import { decodeEntry, type Entry, encodeEntry, type FileArray } from "./entry.ts";
import type { Residents } from "./eviction.ts";
import type { IndexDb } from "./index-db.ts";
import { Inventory } from "./inventory.ts";
import { type Lease, Leases, NO_LEASE } from "./leases.ts";
import type { Limits } from "./limits.ts";
import type { Layout } from "./location.ts";
import {
  chunksOfObject,
  chunksOfObjectSync,
  readObject,
  readObjectSync,
  sliceObject,
  sliceObjectSync,
  writeObject,
  writeObjectSync,
} from "./object-file.ts";
import { makeFolders } from "./publication.ts";
import { Rows } from "./rows.ts";
import { SeriesStore } from "./series-store.ts";
import { type CacheSize, type Reduction, Upkeep } from "./upkeep.ts";
import type { Order } from "./usage.ts";

/** A result that was read: the plain bytes of its arrays, each in memory of its own. */
export interface Stored {
  readonly plains: readonly ArrayBuffer[];
  readonly skeleton: string;
}

export class ArrayStore {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #options: StoreOptions;
  readonly #upkeep: Upkeep;
  readonly #rows: Rows;
  #leases: Leases | undefined;
  /** Results that grow. */
  readonly series: SeriesStore;

  constructor(
    layout: Layout,
    index: IndexDb,
    options: StoreOptions,
    residents: Omit<Residents, "filesOf">,
  ) {
    this.#layout = layout;
    this.#index = index;
    this.#options = options;
    const filesOf = (address: Address, entry: Entry) => this.filesOf(address, entry);
    const lock = () => this.#lockUpkeep();
    this.#upkeep = new Upkeep(layout, index, options, lock, { ...residents, filesOf });
    this.#rows = new Rows(index, this.#upkeep.books);
    this.series = new SeriesStore(layout, index, this.#rows, options);
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
    return entry.arrays.flatMap((array, n) =>
      "plain" in array ? [] : [this.#pathOf(address, entry.stamp, n)],
    );
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

  /** Forgets a result; whether it was there. @throws {StoreError} when the index refuses */
  delete(address: Address): boolean {
    const { wasThere, entry } = this.#rows.remove(address.row);
    if (entry !== undefined) this.#removeFilesOf(address, entry);
    return wasThere;
  }

  /** A reader that has a file open reads it to its end; one that has not finds a miss. */
  #removeFilesOf(address: Address, entry: Entry): void {
    for (const path of this.filesOf(address, entry)) fs.rmSync(path, { force: true });
  }

  /**
   * Forgets the results whose rows' keys begin with `prefix`, all or those that are `wanted`: how
   * many. Damaged rows are nobody's, and go too.
   *
   * @param sweeps whether files go as well that no row speaks of
   * @throws {StoreError} when the index refuses
   */
  clear(
    prefix: Uint8Array,
    addressOf: (row: Uint8Array, entry: Entry) => Address,
    isWanted: (entry: Entry) => boolean = () => true,
    sweeps = false,
  ): number {
    const clearing = { addressOf, isWanted, delete: (address: Address) => this.delete(address) };
    let count = 0;
    for (const { address, entry } of clearRows(this.#index, this.#rows, prefix, clearing)) {
      if (entry !== undefined) this.#removeFilesOf(address, entry);
      count++;
    }
    if (sweeps) this.inventory().sweep(addressOf);
    return count;
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
  reduce(limits: Limits, order: Order, isDryRun: boolean): Promise<Reduction> {
    return this.#upkeep.reduce(limits, order, isDryRun);
  }

  /** Does what is left to do; the store is not to be used any more. */
  end(): void {
    this.#upkeep.end();
  }

  /** Whether the cache is still in its folder. */
  isCurrent(): boolean {
    return this.#index.isCurrent();
  }

  /** Stores a result, in the place of an earlier one. @throws {StoreError} or the system's error */
  writeSync(address: Address, draft: Draft): void {
    const { arrays, jobs, rest } = splitDraft(this.#layout, this.#options, address, draft);
    try {
      const files = jobs.map((job) => {
        makeFolders(job.to);
        return fileArray(job, writeObjectSync(job.to, job.plan));
      });
      this.#commit(address, draft, { ...rest, arrays: [...arrays, ...files] });
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** {@link writeSync} off the main thread. REQUIRES: the arrays stay as they are until then. */
  async write(address: Address, draft: Draft): Promise<void> {
    const { arrays, jobs, rest } = splitDraft(this.#layout, this.#options, address, draft);
    try {
      const files: FileArray[] = [];
      for (const job of jobs) {
        makeFolders(job.to);
        files.push(fileArray(job, await writeObject(job.to, job.plan)));
      }
      this.#commit(address, draft, { ...rest, arrays: [...arrays, ...files] });
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** Forgets a result that turned out damaged; its files are kept for an hour, for a look. */
  setAside(address: Address, entry: Entry | undefined): void {
    // Another process may have stored the result anew since this one read its row.
    const row = this.#index.get(address.row);
    const now = row === undefined ? undefined : decodeEntry(row);
    if (now?.stamp === entry?.stamp) this.#rows.remove(address.row);
    for (const path of entry === undefined ? [] : this.filesOf(address, entry)) {
      try {
        fs.renameSync(path, join(this.#layout.tmp, `${basename(path)}.damaged`));
      } catch {
        // Somebody else has moved it, or it was gone from the start.
      }
    }
  }

  /** Makes the result exist; the files of the one that it replaces go. */
  #commit(
    address: Address,
    draft: Draft,
    written: Omit<Entry, keyof Draft | "createdMs"> & Pick<Entry, "skeleton" | "arrays">,
  ): void {
    const { isPinned, ...told } = draft;
    const entry = { ...told, ...written, createdMs: Date.now() };
    const row = encodeEntry(entry);
    this.#refuseTooLarge(address, bytesOnDisk(entry, row.byteLength));
    const replaced = this.#rows.store(address.row, row, entry, isPinned);
    if (replaced !== undefined) this.#removeReplaced(address, replaced);
    this.#upkeep.stored();
  }

  /** The new result is there, and does not go because the old one's files cannot. */
  #removeReplaced(address: Address, replaced: Entry): void {
    try {
      this.#removeFilesOf(address, replaced);
    } catch {
      // They are litter, as after a kill.
    }
  }

  /** What does not fit by itself would only drive out all others before it goes. */
  #refuseTooLarge({ name }: Address, bytes: number): void {
    const limit = this.#options.limits?.bytes ?? Number.POSITIVE_INFINITY;
    if (bytes <= limit) return;
    const reason = `it takes ${bytes} bytes, and limitBytes is ${limit}`;
    throw new StoreError("store result", name, new Error(reason));
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

/** Of a result that did not come to be. */
function removeFiles(jobs: readonly Job[]): void {
  for (const { to } of jobs) fs.rmSync(to.path, { force: true });
}
