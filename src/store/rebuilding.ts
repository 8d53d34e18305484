/**
 * The index, found again from the files when it is lost: every whole result in the folder that no
 * row speaks of, and whose call has none, gets its row. Small results, which had no files, are gone.
 */
import fs from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { BloscacheError, messageOf } from "../errors.ts";
import { type Address, filesOf } from "./address.ts";
import { doomedPaths } from "./doomed-files.ts";
import type { Entry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import { Inventory, readFolder } from "./inventory.ts";
import type { Layout } from "./location.ts";
import { isDamaged } from "./removal.ts";
import { type RecoveredRow, recoverRow } from "./row-recovery.ts";
import type { Rows } from "./rows.ts";

/** A file that stays without a row. */
export interface UnusedFile {
  /** Absolute path. */
  readonly file: string;
  /** Why, a sentence for people. */
  readonly text: string;
}

export interface Rebuilt {
  /** Results that are found again. */
  readonly results: number;
  /** Their files, and what these take. */
  readonly files: number;
  readonly cbytes: number;
  /** Files of which no result could be made. */
  readonly unused: readonly UnusedFile[];
}

export interface RebuildOptions {
  /** Ends it; the promise rejects with its reason, and what was found stays found. */
  readonly signal?: AbortSignal;
  /** Called with the bytes of files found, and the folders that are done of all there are. */
  readonly onProgress?: (progress: {
    readonly cbytes: number;
    readonly folders: number;
    readonly of: number;
  }) => void;
}

/** Rows that are stored in one transaction. */
const BATCH = 64;

const FILE_NAME = /^([0-9a-f]{32})-([0-9a-f]{8})-(0|[1-9]\d{0,4})\.blp$/;

/** The files of one row, by the numbers in their names. */
type FileSet = Map<number, string>;

/** A row, and what it was made of. */
interface Found extends RecoveredRow {
  readonly paths: readonly string[];
}

export class Rebuilding {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #rows: Rows;
  readonly #addressOf: (row: Uint8Array, entry: Entry) => Address;
  readonly #inventory: Inventory;
  /** Files that rows speak of, and those that are to be removed. */
  readonly #known: ReadonlySet<string>;
  #results = 0;
  #files = 0;
  #cbytes = 0;
  readonly #unused: UnusedFile[] = [];
  /** Whether the system refuses to read a file that may be as good as ever. */
  #hasUnreadable = false;
  #batch: Found[] = [];

  /** @throws {StoreError} when the index cannot be read */
  constructor(
    layout: Layout,
    index: IndexDb,
    rows: Rows,
    addressOf: (row: Uint8Array, entry: Entry) => Address,
  ) {
    this.#layout = layout;
    this.#index = index;
    this.#rows = rows;
    this.#addressOf = addressOf;
    this.#inventory = new Inventory(layout, index);
    const claimed = this.#inventory.claimed(addressOf);
    this.#known = new Set([...claimed, ...doomedPaths(layout, index)]);
  }

  /** @throws {StoreError} when the index refuses, the system's error when a folder cannot be read */
  async run({ signal, onProgress }: RebuildOptions): Promise<Rebuilt> {
    this.#removeDamaged();
    const folders = this.#folders();
    for (const [i, folder] of folders.entries()) {
      signal?.throwIfAborted();
      onProgress?.({ cbytes: this.#cbytes, folders: i, of: folders.length });
      this.#search(folder);
      await setImmediate();
    }
    this.#store();
    // What the next run may find is no litter until then.
    if (!this.#hasUnreadable) fs.rmSync(this.#layout.lostIndex, { recursive: true, force: true });
    onProgress?.({ cbytes: this.#cbytes, folders: folders.length, of: folders.length });
    const [results, files, cbytes, unused] = [
      this.#results,
      this.#files,
      this.#cbytes,
      this.#unused,
    ];
    return { results, files, cbytes, unused };
  }

  /** What they spoke of may be found again. */
  #removeDamaged(): void {
    for (const row of this.#inventory.damaged()) this.#rows.remove(row, isDamaged);
  }

  /** All files of a call are in one of them. */
  #folders(): string[] {
    return foldersIn(this.#layout.objects).flatMap(foldersIn);
  }

  #search(folder: string): void {
    for (const sets of this.#setsIn(folder).values()) {
      const found = Array.from(sets, ([stamp, paths]) => this.#recover(stamp, paths)).flat();
      found.sort((a, b) => b.entry.createdMs - a.entry.createdMs);
      const [newest, ...older] = found;
      for (const one of older) this.#leave(one);
      if (newest !== undefined && this.#batch.push(newest) >= BATCH) this.#store();
    }
  }

  /** Files that no row speaks of: by what their names begin with, and by stamp. */
  #setsIn(folder: string): Map<string, Map<number, FileSet>> {
    const keys = new Map<string, Map<number, FileSet>>();
    for (const { name } of readFolder(folder)) {
      const path = join(folder, name);
      if (this.#known.has(path)) continue;
      const [, key, stamp, n] = FILE_NAME.exec(name) ?? [];
      if (key === undefined) {
        this.#unused.push({ file: path, text: "its name is not that of a result" });
        continue;
      }
      const sets = getOrAdd(keys, key, () => new Map<number, FileSet>());
      const set = getOrAdd(sets, Number.parseInt(stamp as string, 16), (): FileSet => new Map());
      set.set(Number(n), path);
    }
    return keys;
  }

  /** One, or none. */
  #recover(stamp: number, paths: FileSet): Found[] {
    try {
      const { row, entry, isPinned } = recoverRow(stamp, paths);
      const expected = filesOf(this.#layout, this.#addressOf(row, entry), entry);
      const isInPlace = expected.every((path, n) => paths.get(n) === path);
      if (isInPlace) return [{ row, entry, isPinned, paths: expected }];
      throw new Error("it is not where the files of its call are");
    } catch (error) {
      this.#hasUnreadable ||= isRefusal(error);
      for (const file of paths.values()) this.#unused.push({ file, text: messageOf(error) });
      return [];
    }
  }

  #store(): void {
    const found = this.#batch;
    this.#batch = [];
    // Others may have removed some since, or be about to.
    const doomed = new Set(doomedPaths(this.#layout, this.#index));
    const stays = (path: string) => !doomed.has(path) && fs.existsSync(path);
    this.#adopt(found.filter(({ paths }) => paths.every(stays)));
  }

  #adopt(batch: readonly Found[]): void {
    const stored = this.#rows.adopt(batch);
    for (const [i, found] of batch.entries()) {
      if (stored[i] === true) this.#count(found);
      else if (!this.#isKnown(found)) this.#leave(found);
    }
  }

  /** Whether it has its row all the same: of who has just stored it, or rebuilds the index too. */
  #isKnown({ row, entry }: Found): boolean {
    return this.#inventory.row(row)?.entry?.stamp === entry.stamp;
  }

  #count({ entry, paths }: Found): void {
    this.#results++;
    this.#files += paths.length;
    for (const array of entry.arrays) if (!("plain" in array)) this.#cbytes += array.cbytes;
  }

  #leave({ paths }: Found): void {
    for (const file of paths) this.#unused.push({ file, text: "its call has another result" });
  }
}

/** Whether the system refuses; a file that is gone, or a folder in its place, is no result for ever. */
function isRefusal(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof BloscacheError || code === undefined) return false;
  return code !== "ENOENT" && code !== "EISDIR";
}

function foldersIn(folder: string): string[] {
  const found = readFolder(folder);
  return found.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
