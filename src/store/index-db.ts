/**
 * The index: LMDB, from key to row. Nothing in it cannot be had again: whatever looks wrong with it
 * is a reason to start a new one, never to fail.
 */
import fs from "node:fs";
import { join } from "node:path";
import { type BegunWrite, type KeyedRow, Lmdb } from "../blosc/lmdb.ts";
import type { Change } from "../blosc/lmdb-changes.ts";
import { messageOf, StoreError } from "../errors.ts";
import { findIndexFault } from "./index-check.ts";
import {
  canDelaySync,
  clearMarks,
  forgetSuspects,
  IndexUse,
  marksAreSuspect,
} from "./index-marks.ts";
import { findPageFault } from "./index-pages.ts";
import { IndexSync } from "./index-sync.ts";
import type { Layout } from "./location.ts";
import type { Durability } from "./publication.ts";

/** Address space for the index, bytes: at 8 KiB a row, 8 million rows. */
const MAP_SIZE = 64 * 1024 ** 3;
/** Processes and threads that read at the same time, at most. */
const MAX_READERS = 1024;
/** An index of up to so many bytes is read through the map alone: it may all become resident. */
const NEAR_SIZE = 256 * 1024 ** 2;
/** As LMDB calls it. */
const DATA_FILE = "data.mdb";
/** What goes wrong with a file that is not damaged. */
const LIMITS: ReadonlySet<string> = new Set([
  "MDB_MAP_FULL",
  "MDB_READERS_FULL",
  "ENOSPC",
  "EDQUOT",
  "EFBIG",
  "EMFILE",
  "ENFILE",
]);

/** Small on purpose: whatever offers these can replace LMDB. */
export interface IndexDb {
  /** The row, valid until the next call; `undefined` when there is none. @throws {StoreError} */
  get(key: Uint8Array): Uint8Array | undefined;
  /**
   * All rows whose keys begin with `prefix`, each valid until the next is asked for. Rows that come
   * or go meanwhile may be met or not. @throws {StoreError}
   */
  scan(prefix: Uint8Array, after?: Uint8Array, batchBytes?: number): Iterable<KeyedRow>;
  /**
   * Makes changes in one transaction; of each whether its expectations were met, and it was made.
   * @throws {StoreError} when none of them was
   */
  write(changes: readonly Change[]): readonly boolean[];
  /** {@link write} off this thread. */
  writeBegin(changes: readonly Change[]): BegunWrite;
  /** Whether a commit waits for the disk. */
  readonly waitsForDisk: boolean;
  /** Has the disk take what was written, where that is not done at once: for the end of a process. */
  syncNow(): void;
  /** Whether the file is still in its folder: somebody may have deleted the cache. */
  isCurrent(): boolean;
}

interface OpenIndex {
  readonly db: IndexDb;
  readonly durability: Durability;
}

/** By folder, for the life of the process. */
const opened = new Map<string, OpenIndex>();

/**
 * Opens the index of a location. An index that is damaged or not to be trusted is set aside and
 * an empty one takes its place.
 *
 * @param onLoss told why
 * @throws {StoreError} when it cannot be opened, or is open with another durability
 */
export function openIndex(
  layout: Layout,
  durability: Durability,
  onLoss: (fault: string) => void,
): IndexDb {
  let known = opened.get(layout.index);
  if (known?.db.isCurrent() === false) known = undefined;
  if (known !== undefined && known.durability !== durability) {
    const reason = `it is open in this process with durability "${known.durability}"`;
    throw new StoreError("open index", layout.index, new Error(reason));
  }
  const db = known?.db ?? openSound(layout, durability, onLoss);
  opened.set(layout.index, { db, durability });
  return db;
}

/**
 * {@link openIndex} for who only reads: an index that is not there is not made, a damaged one stays
 * where it is.
 *
 * @throws {StoreError} when there is none, it is damaged, or it cannot be opened
 */
export function findIndex(layout: Layout, durability: Durability): IndexDb {
  const known = opened.get(layout.index);
  if (known?.db.isCurrent() === true) return known.db;
  try {
    if (!fs.existsSync(join(layout.index, DATA_FILE))) throw new Error("there is none");
    const { fault } = lookAt(layout);
    if (fault !== undefined) throw new Error(`it is damaged: ${fault}`);
    const db = openOnce(layout, durability);
    opened.set(layout.index, { db, durability });
    return db;
  } catch (error) {
    throw new StoreError("open index", layout.index, error);
  }
}

function openSound(
  layout: Layout,
  durability: Durability,
  onLoss: (fault: string) => void,
): IndexDb {
  let fault: string | undefined;
  try {
    noteIfGone(layout);
    fault = faultOf(layout);
    if (fault === undefined) return openOnce(layout, durability);
  } catch (error) {
    // Not the fault of the index: throwing it away would help nobody.
    if (isSystemError(error) && !hasPageFault(layout)) {
      throw new StoreError("open index", layout.index, error);
    }
    fault = messageOf(error);
  }
  setAside(layout);
  onLoss(fault);
  try {
    return openOnce(layout, durability);
  } catch (error) {
    throw new StoreError("open index", layout.index, error);
  }
}

/** One that is not there is lost as well, where files tell that there was one. */
function noteIfGone({ index, objects, lostIndex }: Layout): void {
  const isThere = () => {
    // What is no folder is damaged.
    const found = fs.statSync(index, { throwIfNoEntry: false })?.isDirectory() ?? true;
    const data = found && fs.statSync(join(index, DATA_FILE), { throwIfNoEntry: false });
    return data === false || (data?.size ?? 0) > 0;
  };
  // Looked at again, because whoever stores the first result has made the index just before.
  if (isThere() || fs.readdirSync(objects).length === 0 || isThere()) return;
  if (fs.existsSync(lostIndex)) return; // of before, and perhaps no folder
  fs.mkdirSync(lostIndex, { recursive: true, mode: 0o700 });
}

/** Why the index is not to be used. */
function faultOf(layout: Layout): string | undefined {
  const { fault, walked } = lookAt(layout);
  if (fault === undefined && walked) forgetSuspects(layout.marks);
  return fault;
}

/** Why the index is not to be used, and whether all of its pages were looked at for that. */
function lookAt(layout: Layout): { readonly fault: string | undefined; readonly walked: boolean } {
  const isFolder = fs.statSync(layout.index, { throwIfNoEntry: false })?.isDirectory() ?? true;
  if (!isFolder) return { fault: "it is no folder", walked: false };
  const data = join(layout.index, DATA_FILE);
  const fault = findIndexFault(data);
  if (fault !== undefined || !marksAreSuspect(layout.marks)) return { fault, walked: false };
  // What a power failure tore may be a sound tree of older rows: they are whole, by their digests,
  // and a row is a result of its call whenever it was stored. So that is no reason to start anew.
  return { fault: findPageFault(data), walked: true };
}

/** Damage is at times an errno to LMDB, such as ENOMEM. */
function hasPageFault(layout: Layout): boolean {
  try {
    return findPageFault(join(layout.index, DATA_FILE)) !== undefined;
  } catch {
    return false;
  }
}

/** Whether it was the system that refused, not LMDB that found something wrong. */
function isSystemError(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && !code.startsWith("MDB_");
}

/**
 * Whether the file may be to blame. Damage has many names: a number of pages that is wrong is ENOMEM
 * to LMDB. If it is not damage, the next process looks at the pages for nothing.
 */
function mayBeDamage(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && !LIMITS.has(code);
}

/** Moves a bad index out of the way. The last one is kept for whoever wants to look at it. */
function setAside(layout: Layout): void {
  try {
    fs.rmSync(layout.lostIndex, { recursive: true, force: true });
    fs.renameSync(layout.index, layout.lostIndex);
    clearMarks(layout.marks);
  } catch (error) {
    throw new StoreError("set aside index", layout.index, error);
  }
}

function openOnce(layout: Layout, durability: Durability): IndexDb {
  const use = new IndexUse(layout.marks);
  const delayed = durability === "relaxed" && canDelaySync;
  try {
    fs.mkdirSync(layout.index, { recursive: true, mode: 0o700 });
    const lmdb = new Lmdb(layout.index, {
      mapSize: MAP_SIZE,
      maxReaders: MAX_READERS,
      nearSize: NEAR_SIZE,
      sync: !delayed,
    });
    const sync = delayed ? new IndexSync(layout.marks, join(layout.index, DATA_FILE)) : undefined;
    const db = new LmdbIndex(lmdb, layout.index, use, sync);
    // The first look at the pages belongs to the open.
    lmdb.get(new Uint8Array(1));
    return db;
  } catch (error) {
    use.end();
    throw error;
  }
}

class LmdbIndex implements IndexDb {
  readonly waitsForDisk: boolean;
  readonly #lmdb: Lmdb;
  readonly #path: string;
  readonly #use: IndexUse;
  readonly #sync: IndexSync | undefined;

  constructor(lmdb: Lmdb, path: string, use: IndexUse, sync: IndexSync | undefined) {
    this.#lmdb = lmdb;
    this.#path = path;
    this.#use = use;
    this.#sync = sync;
    this.waitsForDisk = sync === undefined;
  }

  isCurrent(): boolean {
    return this.#lmdb.isCurrent();
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#lmdb.get(key);
    } catch (error) {
      throw this.#failure("read index", error);
    }
  }

  *scan(
    prefix: Uint8Array,
    after?: Uint8Array,
    batchBytes?: number,
  ): Generator<KeyedRow, void, undefined> {
    try {
      yield* this.#lmdb.scan(prefix, after, batchBytes);
    } catch (error) {
      throw this.#failure("read index", error);
    }
  }

  write(changes: readonly Change[]): readonly boolean[] {
    try {
      this.#sync?.beforeCommit();
      return this.#lmdb.write(changes);
    } catch (error) {
      throw this.#failure("write index", error);
    }
  }

  writeBegin(changes: readonly Change[]): BegunWrite {
    let begun: BegunWrite;
    try {
      this.#sync?.beforeCommit();
      begun = this.#lmdb.writeBegin(changes);
    } catch (error) {
      throw this.#failure("write index", error);
    }
    const { done, finish } = begun;
    this.#sync?.watch(done, finish);
    const fail = (error: unknown) => {
      throw this.#failure("write index", error);
    };
    return { done: done.catch(fail), finish };
  }

  syncNow(): void {
    this.#sync?.syncNow();
  }

  #failure(action: string, error: unknown): StoreError {
    if (mayBeDamage(error)) this.#use.suspect();
    return new StoreError(action, this.#path, error);
  }
}
