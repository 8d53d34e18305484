/**
 * Files, read in batches and written by temporary file and rename. Every read and write goes on
 * until all bytes are through: the system may do less than asked, and a silent short read would
 * turn into wrong data.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { dirname } from "node:path";
import { BloscpackError, StoreError } from "../errors.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import type { ByteSink, ByteSinkSync } from "../format/sink.ts";
import type { ByteSource, ByteSourceSync } from "../format/source.ts";
import { followLinks, type Kept, keep, keptOf } from "./replaced-file.ts";

/**
 * What a write survives. `"relaxed"`: the process being killed; after a power cut a fresh file may
 * be incomplete, which reading detects. `"strict"`: a power cut too, at the price of waiting for
 * the disk, typically some milliseconds a write.
 */
export type Durability = "relaxed" | "strict";

/** Bytes read at a time: enough to keep all threads at work, little beside a result. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Bytes of one call of the system's, which counts in 31 bits. */
export const MAX_READ: number = 2 ** 30;

/** Bytes written at a time: in larger portions Linux copied them at half the speed. */
const MAX_WRITE = 1024 * 1024;

/** Opens a file for the time of a call. */
export function withFileSync<T>(path: string, use: (source: ByteSourceSync) => T): T {
  const fd = fs.openSync(path, "r");
  const windows = new Windows(fs.fstatSync(fd).size);
  try {
    return use({
      size: windows.fileSize,
      batchBytes: BATCH_BYTES,
      read(position, length) {
        const window = windows.take(position, length);
        let end = 0;
        while (end < window.byteLength) {
          const left = Math.min(window.byteLength - end, MAX_READ);
          const n = fs.readSync(fd, window, end, left, position + end);
          if (n === 0) throw becameShorter(position + end);
          end += n;
        }
        return window;
      },
    });
  } finally {
    windows.release();
    fs.closeSync(fd);
  }
}

/** {@link withFileSync} off the main thread. REQUIRES: every read is over when `use` is. */
export async function withFile<T>(
  path: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const file = await fs.promises.open(path, "r");
  let windows: Windows | undefined;
  try {
    windows = new Windows((await file.stat()).size);
    const taken = windows;
    return await use({
      size: taken.fileSize,
      batchBytes: BATCH_BYTES,
      async read(position, length) {
        const window = taken.take(position, length);
        let end = 0;
        while (end < window.byteLength) {
          const left = Math.min(window.byteLength - end, MAX_READ);
          const { bytesRead } = await file.read(window, end, left, position + end);
          if (bytesRead === 0) throw becameShorter(position + end);
          end += bytesRead;
        }
        return window;
      },
    });
  } finally {
    windows?.release();
    await file.close();
  }
}

function becameShorter(offset: number): BloscpackError {
  const reason = "the file became shorter while it was read";
  return new BloscpackError("TRUNCATED", reason, { section: "chunk", offset });
}

/** Memory for the reads of one file: two windows in turn, so that the last but one stays. */
class Windows {
  readonly fileSize: number;
  readonly #scratch: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  #turn: 0 | 1 = 0;
  #position = -1;

  constructor(fileSize: number) {
    this.fileSize = fileSize;
  }

  take(position: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.fileSize - position));
    if (position !== this.#position) this.#turn = this.#turn === 0 ? 1 : 0;
    this.#position = position;
    let scratch = this.#scratch[this.#turn];
    if (scratch === undefined || scratch.byteLength < wanted) {
      // Taking may throw, and what was given back must not be given back once more.
      this.#scratch[this.#turn] = undefined;
      if (scratch !== undefined) giveBack(scratch);
      scratch = takeScratch(wanted);
      this.#scratch[this.#turn] = scratch;
    }
    return scratch.subarray(0, wanted);
  }

  release(): void {
    for (const scratch of this.#scratch) if (scratch !== undefined) giveBack(scratch);
  }
}

/** Where and how a file comes to be. */
export interface Publication {
  /** A link leads to the file that is meant. One that is there hands permissions and owner on. */
  readonly path: string;
  /**
   * Folder for the temporary file, on the same file system; default the one of `path`. With it,
   * no look is taken at what `path` is: these are files of our own, whose names are new.
   */
  readonly temporary?: string;
  readonly durability?: Durability;
  /** Permission bits before the umask, of a file that is new; default 0o666. */
  readonly mode?: number;
}

/** A file under its temporary name, and what it is to become. */
interface Place {
  readonly path: string;
  readonly temporary: string;
  readonly kept: Kept | undefined;
  /** Permission bits to make it with: nobody else's until it has those of the one it replaces. */
  readonly mode: number;
}

function placeOf({ path, temporary, mode = 0o666 }: Publication): Place {
  const unique = randomBytes(16).toString("hex");
  if (temporary !== undefined) {
    return { path, temporary: `${temporary}/${unique}.tmp`, kept: undefined, mode };
  }
  const file = followLinks(path);
  const kept = keptOf(file);
  const draft = `${file}.${unique}.tmp`;
  return { path: file, temporary: draft, kept, mode: kept === undefined ? mode : 0o600 };
}

/**
 * Writes a file that appears under its name complete or not at all, and returns what `fill` does.
 * When `fill` throws, nothing is left behind and its error is passed on.
 *
 * @throws {StoreError} when the file is there, and only its name could not be made durable
 */
export function publishSync<T>(to: Publication, fill: (sink: ByteSinkSync) => T): T {
  const { path, temporary, kept, mode } = placeOf(to);
  const fd = fs.openSync(temporary, "wx", mode);
  let result: T;
  try {
    try {
      if (kept !== undefined) keep(fd, kept);
      result = fill(new FileSinkSync(fd));
      if (to.durability === "strict") fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  if (to.durability === "strict") syncNameSync(path);
  return result;
}

/** {@link publishSync} off the main thread. */
export async function publish<T>(
  to: Publication,
  fill: (sink: ByteSink) => Promise<T>,
): Promise<T> {
  const draft = await draftFile(to);
  try {
    const result = await fill(draft.sink);
    await draft.publish();
    return result;
  } catch (error) {
    await draft.discard();
    throw error;
  }
}

/** A file that is being written under a temporary name. */
export interface Draft {
  readonly sink: ByteSink;
  /**
   * Gives the file its name. When that fails, it can still be discarded: but for a name that could
   * not be made durable, which stays.
   */
  publish(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

export async function draftFile(to: Publication): Promise<Draft> {
  const { path, temporary, kept, mode } = placeOf(to);
  const file = await fs.promises.open(temporary, "wx", mode);
  if (kept !== undefined) keep(file.fd, kept);
  const strict = to.durability === "strict";
  return {
    sink: new HandleSink(file),
    async publish() {
      if (strict) await file.sync();
      await file.close();
      await fs.promises.rename(temporary, path);
      if (strict) await syncName(path);
    },
    async discard() {
      // Closing twice is an error, and no news.
      await file.close().catch(() => undefined);
      await fs.promises.rm(temporary, { force: true });
    },
  };
}

/**
 * The error for what is done and whose last wait for the disk failed: it is there for all who look,
 * and a power cut may take it away.
 */
export function notDurable(path: string, cause: unknown): StoreError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const reason = `it is written, but a power cut may undo that: ${message}`;
  return new StoreError(
    "make durable",
    path,
    Object.assign(new Error(reason, { cause }), { code }),
  );
}

function syncNameSync(path: string): void {
  try {
    syncDirectorySync(dirname(path));
  } catch (error) {
    throw notDurable(path, error);
  }
}

async function syncName(path: string): Promise<void> {
  try {
    await syncDirectory(dirname(path));
  } catch (error) {
    throw notDurable(path, error);
  }
}

/** Makes a rename in `folder` durable. Windows does so by itself and cannot open a folder. */
export function syncDirectorySync(folder: string): void {
  if (process.platform === "win32") return;
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncDirectory(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const file = await fs.promises.open(folder, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

class FileSinkSync implements ByteSinkSync {
  readonly #fd: number;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  append(pieces: readonly Uint8Array[]): void {
    let rest = pieces;
    while (rest.length > 0) {
      const written = fs.writevSync(this.#fd, upTo(rest, MAX_WRITE), this.#end);
      this.#end += written;
      rest = behind(rest, written);
    }
  }

  overwrite(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength; ) {
      done += fs.writeSync(this.#fd, bytes, done, bytes.byteLength - done, position + done);
    }
  }
}

/** Fills an open file, from a position on. */
export class HandleSink implements ByteSink {
  readonly #file: fs.promises.FileHandle;
  readonly #start: number;
  #end: number;

  constructor(file: fs.promises.FileHandle, start = 0) {
    this.#file = file;
    this.#start = start;
    this.#end = start;
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let rest = pieces;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(upTo(rest, MAX_WRITE), this.#end);
      this.#end += bytesWritten;
      rest = behind(rest, bytesWritten);
    }
  }

  async overwrite(position: number, bytes: Uint8Array): Promise<void> {
    const start = this.#start + position;
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      done += (await this.#file.write(bytes, done, left, start + done)).bytesWritten;
    }
  }
}

/** The first `nbytes` of the pieces, or all. */
function upTo(pieces: readonly Uint8Array[], nbytes: number): readonly Uint8Array[] {
  const taken: Uint8Array[] = [];
  let left = nbytes;
  for (const piece of pieces) {
    if (left === 0) break;
    const part = piece.subarray(0, left);
    taken.push(part);
    left -= part.byteLength;
  }
  return taken;
}

/** What is left of `pieces` when their first `written` bytes are out; empty pieces are dropped. */
function behind(pieces: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  let first = 0;
  while (first < pieces.length && skip >= (pieces[first] as Uint8Array).byteLength) {
    skip -= (pieces[first] as Uint8Array).byteLength;
    first++;
  }
  if (first === pieces.length) return [];
  return [(pieces[first] as Uint8Array).subarray(skip), ...pieces.slice(first + 1)];
}
