/**
 * Changing a file in place so that a process killed at any instant leaves it as it was before.
 *
 * `<path>.blp-journal` holds what stands in every region that is about to be overwritten, and what
 * will. It is complete before the first of those writes; removing it is what commits them. Whoever
 * opens the file next and finds a journal puts the old bytes back ({@link recoverSync}).
 *
 *      0  "blpkjrnl"
 *      8  u32 version, 1
 *     12  u32 number of regions
 *     16  f64 size of the file before the change
 *     24  per region: f64 position, f64 length, the old bytes, the new bytes
 *      …  u64 XXH64 of all before
 *
 * A journal that is not complete is of a change that had not begun. One whose file was written by
 * somebody else since must not be applied: every byte in a region has to be the old one or the new.
 */
import fs from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { StoreError } from "../errors.ts";
import { type FileLock, isLocked, lockFile, requireHeld } from "./file-lock.ts";
import { xxh64 } from "./hash.ts";
import { type Durability, notDurable } from "./publication.ts";
import { runSync, SteppedFile, type Steps } from "./steps.ts";

/** Bytes of a file that are replaced by as many others. */
export interface Region {
  readonly position: number;
  readonly old: Uint8Array;
  readonly new: Uint8Array;
}

/** A change that can be undone. */
interface Change {
  /** Bytes of the file before; what stands behind them is dropped. */
  readonly size: number;
  readonly regions: readonly Region[];
}

const MAGIC = "blpkjrnl";
const VERSION = 1;
const HEAD_LENGTH = 24;
const REGION_LENGTH = 16;
const DIGEST_LENGTH = 8;

/** A writer's journal stands for the time of a few writes: so long a reader waits for it, ms. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 2;

/** @throws {RangeError} for what is no durability */
export function checkDurability(durability: Durability): Durability {
  if (durability === "relaxed" || durability === "strict") return durability;
  throw new RangeError(
    `Option durability must be "relaxed" or "strict": got "${String(durability)}"`,
  );
}

/**
 * Replaces regions of an open file: all or, if this throws or the process is killed, none. Bytes
 * behind `size` may have been written before; they become part of the file with this.
 *
 * A strict change has to be followed by {@link syncCommit}, whose failure undoes nothing.
 *
 * REQUIRES: the lock of the file is held, and its journal does not exist.
 */
export function* replaceRegions(
  file: SteppedFile,
  change: Change,
  lock: FileLock,
  durability: Durability,
): Steps<void> {
  const strict = durability === "strict";
  requireHeld(lock, file.path);
  const path = journalOf(file.path);
  try {
    yield* writeJournal(path, change, strict);
    // The journal may have taken its time, and has been rolled back if somebody took the lock.
    requireHeld(lock, file.path);
    for (const region of change.regions) yield* file.write(region.position, [region.new]);
    if (strict) yield* file.sync();
    fs.rmSync(path);
  } catch (error) {
    // Else the journal is applied by who has the lock, or was, and the file is not ours to change.
    if (!lock.held()) throw error;
    undo(file, change);
    // Part of the change may be on the disk. While the old bytes are not, the journal has to stay.
    if (strict) yield* file.sync();
    fs.rmSync(path, { force: true });
    throw error;
  }
}

/**
 * Makes durable that the journal of a file is gone. The change is made by then: whatever happens
 * here, nothing may be taken back.
 *
 * @throws {StoreError} which says so
 */
export function* syncCommit(path: string, durability: Durability): Steps<void> {
  if (durability !== "strict") return;
  try {
    yield* syncFolder(dirname(path));
  } catch (error) {
    throw notDurable(path, error);
  }
}

function* writeJournal(path: string, change: Change, strict: boolean): Steps<void> {
  const journal = new SteppedFile(path, "wx");
  try {
    yield* journal.write(0, encodeJournal(change));
    if (strict) yield* journal.sync();
  } finally {
    journal.close();
  }
  if (strict) yield* syncFolder(dirname(path));
}

/** Makes names in a folder durable. Windows does so by itself and cannot open a folder. */
function* syncFolder(folder: string): Steps<void> {
  if (process.platform === "win32") return;
  const opened = new SteppedFile(folder, "r");
  try {
    yield* opened.sync();
  } finally {
    opened.close();
  }
}

/**
 * Undoes what a killed append or rewrite of the file's metadata left half done; to be called
 * before the file is read. Costs two looks at the file system when there is nothing to do.
 *
 * @throws {StoreError} when it cannot be undone, or another process is writing and does not end
 */
export function recoverSync(path: string): void {
  const file = realPath(path);
  const deadline = Date.now() + PATIENCE_MS;
  while (fs.existsSync(journalOf(file)) && !tryRecover(file, deadline)) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

/** {@link recoverSync}, waiting for other writers off the main thread. */
export async function recover(path: string): Promise<void> {
  const file = realPath(path);
  const deadline = Date.now() + PATIENCE_MS;
  while (fs.existsSync(journalOf(file)) && !tryRecover(file, deadline)) {
    await setTimeout(PAUSE_MS);
  }
}

/** Whether a file is being changed in place, or was by somebody who was killed. */
export function hasJournal(path: string): boolean {
  return fs.existsSync(journalOf(realPath(path)));
}

/** False when a writer is at work, which is worth waiting for. */
function tryRecover(path: string, deadline: number): boolean {
  let lock: FileLock;
  try {
    lock = lockFile(path);
  } catch (error) {
    if (isLocked(error) && Date.now() < deadline) return false;
    throw error;
  }
  try {
    rollBack(path);
    return true;
  } finally {
    lock.release();
  }
}

/** {@link recoverSync} for who has the lock. */
export function rollBack(path: string): void {
  const journal = journalOf(path);
  if (!fs.existsSync(journal)) return;
  try {
    const change = decodeJournal(fs.readFileSync(journal));
    if (change !== undefined) undoIfOurs(path, change);
    fs.rmSync(journal, { force: true });
  } catch (error) {
    throw new StoreError("recover", path, error);
  }
}

function undoIfOurs(path: string, change: Change): void {
  if (!fs.existsSync(path)) return;
  const file = new SteppedFile(path, "r+");
  try {
    if (isHalfDone(file, change)) {
      undo(file, change);
      // A second crash must not find the journal gone and the old bytes not yet on the disk.
      runSync(file.sync());
    }
  } finally {
    file.close();
  }
}

function isHalfDone(file: SteppedFile, { size, regions }: Change): boolean {
  if (file.size < size) return false;
  return regions.every((region) => {
    const now = runSync(file.read(region.position, region.old.byteLength));
    return now.every((byte, i) => byte === region.old[i] || byte === region.new[i]);
  });
}

function undo(file: SteppedFile, { size, regions }: Change): void {
  for (const region of regions) runSync(file.write(region.position, [region.old]));
  if (file.size > size) file.truncate(size);
}

function encodeJournal({ size, regions }: Change): Uint8Array[] {
  const head = new DataView(new ArrayBuffer(HEAD_LENGTH));
  Buffer.from(head.buffer).write(MAGIC, "latin1");
  head.setUint32(8, VERSION, true);
  head.setUint32(12, regions.length, true);
  head.setFloat64(16, size, true);
  const pieces: Uint8Array[] = [new Uint8Array(head.buffer)];
  for (const region of regions) {
    const fields = new DataView(new ArrayBuffer(REGION_LENGTH));
    fields.setFloat64(0, region.position, true);
    fields.setFloat64(8, region.old.byteLength, true);
    pieces.push(new Uint8Array(fields.buffer), region.old, region.new);
  }
  const body = Buffer.concat(pieces);
  const digest = Buffer.alloc(DIGEST_LENGTH);
  digest.writeBigUInt64LE(xxh64(body));
  return [body, digest];
}

/** `undefined` for a journal whose writer was killed. */
function decodeJournal(bytes: Buffer): Change | undefined {
  const end = bytes.byteLength - DIGEST_LENGTH;
  if (end < HEAD_LENGTH || bytes.toString("latin1", 0, 8) !== MAGIC) return undefined;
  if (bytes.readBigUInt64LE(end) !== xxh64(bytes.subarray(0, end))) return undefined;
  if (bytes.readUInt32LE(8) !== VERSION) throw new Error("its journal is of a later version");
  const regions: Region[] = [];
  let at = HEAD_LENGTH;
  for (let n = bytes.readUInt32LE(12); n > 0; n--) {
    const position = bytes.readDoubleLE(at);
    const length = bytes.readDoubleLE(at + 8);
    const middle = at + REGION_LENGTH + length;
    regions.push({
      position,
      old: bytes.subarray(at + REGION_LENGTH, middle),
      new: bytes.subarray(middle, middle + length),
    });
    at = middle + length;
  }
  return { size: bytes.readDoubleLE(16), regions };
}

function journalOf(path: string): string {
  return `${path}.blp-journal`;
}

/** A file's own name, if `path` is a link to it: lock and journal stand beside the file. */
export function realPath(path: string): string {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  return stat?.isSymbolicLink() ? fs.realpathSync(path) : path;
}
