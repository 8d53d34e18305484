/**
 * All that is in the folder of a cache, for who asks about the folder and not about one result:
 * rows, the files that they speak of, and the files that no row speaks of.
 */
import fs from "node:fs";
import { join, relative, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Address, filesOf, objectPath } from "./address.ts";
import { scanRows } from "./books.ts";
import { decodeEntry, type Entry, type FileArray } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import { type Layout, LITTER_AGE_MS } from "./location.ts";
import { findObjectFault, readObjectSync } from "./object-file.ts";
import { findSeriesFault } from "./series-reader.ts";
import { decodeSeries, type SeriesRow } from "./series-row.ts";

/** A row with its key; without an entry it is damaged, or of a later release. */
export interface RowOfIndex {
  readonly row: Uint8Array;
  readonly entry: Entry | undefined;
}

/** A file of a result. */
export interface ObjectFile {
  readonly path: string;
  /** What the row says of it. */
  readonly facts: FileArray;
  /** The row of the series that it holds, if it holds one. */
  readonly series: SeriesRow | undefined;
}

/** A file of the folder. */
export interface FolderFile {
  readonly path: string;
  readonly cbytes: number;
  /**
   * Whether it is litter if no result speaks of it: too old to be one that is being written, and
   * none of which a rebuild may make a result.
   */
  readonly mayGo: boolean;
}

export class Inventory {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  /** Before any row is read: who rebuilds the index meanwhile gives files rows that are not seen. */
  readonly #wasLost: boolean;

  constructor(layout: Layout, index: IndexDb) {
    this.#layout = layout;
    this.#index = index;
    this.#wasLost = this.hasLostIndex();
  }

  /**
   * The rows whose keys begin with `prefix`, damaged ones too.
   *
   * @param accepts which of these keys: asked before a row is decoded
   * @throws {StoreError} when the index cannot be read
   */
  *rows(
    prefix: Uint8Array = new Uint8Array(),
    accepts: (key: Uint8Array) => boolean = () => true,
  ): Generator<RowOfIndex, void, undefined> {
    for (const { key, row } of scanRows(this.#index, prefix)) {
      if (accepts(key)) yield { row: Uint8Array.from(key), entry: decodeEntry(row) };
    }
  }

  /** Keys of the rows that are damaged, or of a later release. @throws {StoreError} */
  damaged(): Uint8Array[] {
    const keys: Uint8Array[] = [];
    for (const { row, entry } of this.rows()) if (entry === undefined) keys.push(row);
    return keys;
  }

  /**
   * The files that rows speak of, absolute paths.
   *
   * @throws {StoreError} when the index cannot be read
   */
  claimed(addressOf: (row: Uint8Array, entry: Entry) => Address): Set<string> {
    const claimed = new Set<string>();
    for (const { row, entry } of this.rows()) {
      if (entry === undefined) continue;
      for (const path of filesOf(this.#layout, addressOf(row, entry), entry)) claimed.add(path);
    }
    return claimed;
  }

  /** A row as it is now; `undefined` when it is gone. @throws {StoreError} */
  row(key: Uint8Array): RowOfIndex | undefined {
    const row = this.#index.get(key);
    return row && { row: key, entry: decodeEntry(row) };
  }

  /** The files that a row speaks of. */
  filesOf(address: Address, entry: Entry): ObjectFile[] {
    const { arrays, stamp } = entry;
    return arrays.flatMap((facts, n) => {
      if ("plain" in facts) return [];
      return [
        { path: objectPath(this.#layout, address, stamp, n), facts, series: decodeSeries(entry) },
      ];
    });
  }

  /**
   * Reads all of a file: what is wrong with it; `undefined` for a sound one.
   *
   * @throws the system's error when it cannot be read
   */
  findFault(file: ObjectFile, onRead: (cbytes: number) => void): Promise<string | undefined> {
    const { path, facts, series } = file;
    if (series !== undefined) return findSeriesFault(path, series, onRead);
    return findObjectFault(path, facts, onRead);
  }

  /** Where in a result its arrays belong, without them. @throws {StoreError} */
  skeletonOf(address: Address, entry: Entry): string {
    if (!entry.skeletonIsArray) return entry.skeleton;
    const last = entry.arrays.at(-1) as Entry["arrays"][number];
    if ("plain" in last) return Buffer.from(last.plain).toString("utf8");
    const file = this.filesOf(address, entry).at(-1) as ObjectFile;
    return Buffer.from(readObjectSync(file.path, last)).toString("utf8");
  }

  /**
   * Every file that is in the folder; those that come or go meanwhile may be met or not. The process
   * does other things in between.
   */
  async *files(): AsyncGenerator<FolderFile, void, undefined> {
    const oldest = Date.now() - LITTER_AGE_MS;
    const folders = [this.#layout.location];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      await setImmediate();
      for (const found of readFolder(folder)) {
        const path = join(folder, found.name);
        if (found.isDirectory()) folders.push(path);
        const stat = found.isFile() ? fs.lstatSync(path, { throwIfNoEntry: false }) : undefined;
        if (stat === undefined) continue;
        const isSpared = this.#wasLost && this.#partOf(path) === "objects";
        yield { path, cbytes: stat.size, mayGo: stat.mtimeMs < oldest && !isSpared };
      }
    }
  }

  /** Whether an index was lost, and not rebuilt since. */
  hasLostIndex(): boolean {
    return fs.existsSync(this.#layout.lostIndex);
  }

  /** Whether a file is of the index. */
  isIndex(path: string): boolean {
    return this.#partOf(path) === "index";
  }

  /** Whether a file is there as long as the cache is, whatever is stored in it. */
  isOwn(path: string): boolean {
    return ["", "index", "index.damaged", "leases", "marks"].includes(this.#partOf(path));
  }

  /** The folder of the cache that it stands in. */
  #partOf(path: string): string {
    const [folder = "", ...rest] = relative(this.#layout.location, path).split(sep);
    return rest.length === 0 ? "" : folder;
  }
}

/** Absolute paths of all files below a folder. */
export function* filesUnder(folder: string): Generator<string, void, undefined> {
  for (const found of readFolder(folder)) {
    const path = join(folder, found.name);
    if (found.isDirectory()) yield* filesUnder(path);
    else if (found.isFile()) yield path;
  }
}

/** What is in a folder: nothing when others have removed it. */
export function readFolder(path: string): fs.Dirent[] {
  try {
    return fs.readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
