/**
 * A bucket that is a folder: shared by the processes of one machine, whose locks it takes.
 *
 * ```
 * <folder>/a/b~      the object "a/b", see folder-object.ts; "a" may be one beside it: <folder>/a~
 * <folder>/~tmp/     files being written
 * <folder>/~lock     who holds its lock changes what is there
 * <folder>/~clock    written to learn what time it is by the clock that dates files
 * ```
 *
 * Objects are written beside and renamed. Which is renamed when is decided under one lock for all:
 * without it, a put that depends on an object could not be told from what others do to it meanwhile.
 * It is held for a few system calls in a row, so that nothing of this thread comes between either.
 *
 * After a power cut an object may be incomplete: whoever reads objects checks what they hold.
 */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { RangeLock } from "../blosc/range-lock.ts";
import { StoreError } from "../errors.ts";
import { bodyOf } from "./body.ts";
import {
  type Bucket,
  type BucketObject,
  checkName,
  type GetOptions,
  type ListedObject,
  type ObjectHead,
  type PutOptions,
  type PutOutcome,
} from "./bucket.ts";
import { HEADER_BYTES, readHeader, readHeaderSync, writeObject } from "./folder-object.ts";

/** Ends the names of files of objects: no name of an object has it, so that none is a folder's. */
const MARK = "~";

const PIECE_BYTES = 256 * 1024;

/** How long to wait for the lock at a time, ms: it is held for less. */
const PAUSE_MS = 2;

type Cancellation = { readonly signal?: AbortSignal | undefined };

export class FolderBucket implements Bucket {
  readonly url: string;
  readonly #folder: string;

  /** @param folder must be there by the time it is used, and can be written */
  constructor(folder: string) {
    this.#folder = resolve(folder);
    this.url = `${pathToFileURL(this.#folder)}/`;
  }

  async get(name: string, options: GetOptions = {}): Promise<BucketObject | undefined> {
    const { range, etag, signal } = options;
    return this.#attempt("read", name, signal, async () => {
      const file = await this.#open(name);
      if (file === undefined) return undefined;
      try {
        const head = await this.#headOf(file);
        if (etag !== undefined && head.etag !== etag) throw new Error("it is another one by now");
        const { start, end } = range ?? { start: 0, end: head.size };
        if (range && start >= Math.min(end, head.size)) {
          throw new Error(`it has no bytes from ${start} to ${end}`);
        }
        return this.#object(name, file, head, { start, end: Math.min(end, head.size) }, signal);
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  #object(
    name: string,
    file: FileHandle,
    head: ObjectHead,
    range: { start: number; end: number },
    signal: AbortSignal | undefined,
  ): BucketObject {
    const length = range.end - range.start;
    const url = this.url + name;
    const pieces = piecesOf(file, range, url, signal);
    return { ...head, length, body: bodyOf({ url, length, pieces, leave: () => file.close() }) };
  }

  async head(name: string, { signal }: Cancellation = {}): Promise<ObjectHead | undefined> {
    return this.#attempt("read", name, signal, async () => {
      const file = await this.#open(name);
      try {
        return file && (await this.#headOf(file));
      } finally {
        await file?.close();
      }
    });
  }

  async #open(name: string): Promise<FileHandle | undefined> {
    try {
      return await fs.promises.open(this.#pathOf(name), "r");
    } catch (error) {
      if (!isAbsent(error)) throw error;
      await this.#requireFolder();
      return undefined;
    }
  }

  async #headOf(file: FileHandle): Promise<ObjectHead> {
    const { etag, metadata } = await readHeader(file);
    const { size, mtimeMs } = await file.stat();
    const ageMs = Math.max(0, (await this.#now()) - mtimeMs);
    return { etag, metadata, size: Math.max(0, size - HEADER_BYTES), ageMs };
  }

  async put(name: string, bytes: Uint8Array, options: PutOptions = {}): Promise<PutOutcome> {
    return this.#put(name, [bytes], options);
  }

  async upload(
    name: string,
    pieces: AsyncIterable<Uint8Array>,
    { signal }: Cancellation = {},
  ): Promise<void> {
    await this.#put(name, pieces, { signal });
  }

  async #put(
    name: string,
    pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    { condition, metadata = {}, signal }: PutOptions,
  ): Promise<PutOutcome> {
    const path = this.#pathOf(name);
    return this.#attempt("write", name, signal, async () => {
      const { draft, etag } = await this.#write(pieces, metadata, signal);
      try {
        return await this.#locked<PutOutcome>(signal, () => {
          if (condition !== undefined) {
            const found = readHeaderSync(path)?.etag;
            if (found !== (condition === "absent" ? undefined : condition.etag)) {
              return { outcome: "refused" };
            }
          }
          fs.mkdirSync(dirname(path), { recursive: true });
          fs.renameSync(draft, path);
          return { outcome: "written", etag };
        });
      } finally {
        await fs.promises.rm(draft, { force: true });
      }
    });
  }

  /** Writes a file beside the objects, which is then to be renamed. */
  async #write(
    pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    metadata: NonNullable<PutOptions["metadata"]>,
    signal: AbortSignal | undefined,
  ): Promise<{ draft: string; etag: string }> {
    await this.#requireFolder();
    const folder = join(this.#folder, `${MARK}tmp`);
    await fs.promises.mkdir(folder, { recursive: true });
    const draft = join(folder, randomUUID());
    const file = await fs.promises.open(draft, "wx");
    try {
      const etag = await writeObject(file, pieces, metadata, signal);
      return { draft, etag };
    } catch (error) {
      await fs.promises.rm(draft, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  }

  async delete(names: readonly string[], { signal }: Cancellation = {}): Promise<void> {
    for (const name of names) {
      const path = this.#pathOf(name);
      await this.#attempt("delete", name, signal, async () => {
        await this.#requireFolder();
        await this.#locked(signal, () => {
          fs.rmSync(path, { force: true });
          this.#removeEmpty(dirname(path));
        });
      });
    }
  }

  #removeEmpty(folder: string): void {
    try {
      for (let at = folder; at !== this.#folder; at = dirname(at)) fs.rmdirSync(at);
    } catch {
      // Others are in it.
    }
  }

  async *list(
    prefix: string,
    { signal }: Cancellation = {},
  ): AsyncGenerator<ListedObject, void, undefined> {
    await this.#attempt("list", prefix, signal, () => this.#requireFolder());
    yield* this.#walk("", prefix, signal);
  }

  /** @param folder ends in a slash, unless it is the first */
  async *#walk(
    folder: string,
    prefix: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListedObject, void, undefined> {
    const entries = await this.#attempt("list", folder, signal, () => this.#entries(folder));
    const now = entries.length === 0 ? 0 : await this.#now();
    for (const name of entries) {
      // Of two prefixes of a name one is a prefix of the other.
      if (!name.startsWith(prefix) && !prefix.startsWith(name)) continue;
      if (name.endsWith("/")) {
        yield* this.#walk(name, prefix, signal);
      } else if (name.startsWith(prefix)) {
        const stat = await this.#attempt("list", name, signal, () => this.#statOf(name));
        if (stat === undefined) continue;
        const ageMs = Math.max(0, now - stat.mtimeMs);
        yield { name, size: Math.max(0, stat.size - HEADER_BYTES), ageMs };
      }
    }
  }

  /** What is in a folder: names of objects, and of folders with a slash at the end, in their order. */
  async #entries(folder: string): Promise<string[]> {
    try {
      const entries = await fs.promises.readdir(join(this.#folder, folder), {
        withFileTypes: true,
      });
      const names = entries.flatMap((entry) => {
        if (entry.name.startsWith(MARK)) return [];
        if (entry.isDirectory()) return [`${folder}${entry.name}/`];
        return entry.name.endsWith(MARK) ? [folder + entry.name.slice(0, -1)] : [];
      });
      return names.sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  async #statOf(name: string): Promise<fs.Stats | undefined> {
    try {
      return await fs.promises.stat(this.#pathOf(name));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  }

  async abortUploads(
    olderMs: number,
    { dryRun = false, signal }: Cancellation & { readonly dryRun?: boolean } = {},
  ): Promise<number> {
    return this.#attempt("list", "", signal, async () => {
      const folder = join(this.#folder, `${MARK}tmp`);
      const now = await this.#now();
      let count = 0;
      for (const name of fs.existsSync(folder) ? await fs.promises.readdir(folder) : []) {
        const path = join(folder, name);
        const stat = fs.statSync(path, { throwIfNoEntry: false });
        if (stat === undefined || now - stat.mtimeMs < olderMs) continue;
        count++;
        if (!dryRun) await fs.promises.rm(path, { force: true });
      }
      return count;
    });
  }

  #pathOf(name: string): string {
    checkName(name);
    return join(this.#folder, name + MARK);
  }

  /** What time it is by the clock that dates the files, ms. */
  async #now(): Promise<number> {
    const file = await fs.promises.open(join(this.#folder, `${MARK}clock`), "w");
    try {
      await file.write(".");
      return (await file.stat()).mtimeMs;
    } finally {
      await file.close();
    }
  }

  /** @throws the system's error when there is no such folder */
  async #requireFolder(): Promise<void> {
    await fs.promises.stat(this.#folder);
  }

  async #locked<T>(signal: AbortSignal | undefined, change: () => T): Promise<T> {
    // Opened every time, because the whole folder may be deleted and made anew under us.
    const lock = new RangeLock(join(this.#folder, `${MARK}lock`));
    try {
      while (!lock.tryLock(0)) await setTimeout(PAUSE_MS * Math.random());
      signal?.throwIfAborted();
      return change();
    } finally {
      lock.close();
    }
  }

  /** The one place where errors of the system become ours. */
  async #attempt<T>(
    operation: string,
    name: string,
    signal: AbortSignal | undefined,
    use: () => Promise<T>,
  ): Promise<T> {
    try {
      signal?.throwIfAborted();
      return await use();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RangeError) throw error;
      throw new StoreError(operation, this.url + name, error);
    }
  }
}

async function* piecesOf(
  file: FileHandle,
  { start, end }: { start: number; end: number },
  url: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = start; at < end; ) {
    signal?.throwIfAborted();
    const piece = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, HEADER_BYTES + at).catch((e) => {
      throw new StoreError("read", url, e);
    });
    if (bytesRead === 0) return;
    yield piece.subarray(0, bytesRead);
    at += bytesRead;
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
