/** Files that appear under their name complete or not at all: written beside it, and renamed. */
import fs from "node:fs";
import { dirname } from "node:path";
import { crypto } from "../blosc/late-modules.ts";
import { StoreError } from "../errors.ts";
import type { ByteSink, ByteSinkSync } from "../format/sink.ts";
import { FileSinkSync, HandleSink } from "./file-sink.ts";
import { followLinks, type Kept, keep, keptOf } from "./replaced-file.ts";

/**
 * What a write survives. `"relaxed"`: the process being killed; after a power cut a fresh file may
 * be incomplete, which reading detects. `"strict"`: a power cut too, at the price of waiting for
 * the disk, typically some milliseconds a write.
 */
export type Durability = "relaxed" | "strict";

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
  const unique = crypto().randomBytes(16).toString("hex");
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

/** The folders of a file; made every time, because the whole cache may be deleted under us. */
export function makeFolders({ path, temporary, durability }: Publication): void {
  const folder = dirname(path);
  if (temporary !== undefined) fs.mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const made = fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made === undefined || durability !== "strict") return;
  // Every new folder is an entry of the one above it.
  for (let at = folder; at.length >= made.length; at = dirname(at)) syncDirectorySync(dirname(at));
}

/** Makes a rename in `folder` durable. Windows does so by itself and cannot open a folder. */
function syncDirectorySync(folder: string): void {
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
