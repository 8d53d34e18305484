/** Opens Bloscpack files for reading parts of them. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import { BloscpackError } from "../errors.ts";
import type { OpenOptions } from "../format/contents.ts";
import {
  type ArrayReader,
  type ArrayReaderSync,
  type BytesReader,
  type BytesReaderSync,
  openSource,
  openSourceSync,
  type Reader,
  type ReaderSync,
} from "../format/reader.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import {
  type ByteSource,
  type ByteSourceSync,
  MemorySource,
  type OpenFile,
} from "../format/source.ts";
import { readSettled } from "./settled.ts";
import { run, runSync, stepLater, stepNow } from "./steps.ts";

/** Bytes read at a time, where many are needed. */
const BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Opens a Bloscpack file: by its path, as bytes in memory, or from any source of bytes. Only its
 * head is read; a file that does not say how large it is, is passed through from chunk to chunk.
 *
 * Close the reader, or bind it with `await using` where the language has that. A file that is
 * replaced by another of the same name is read on as it was; one that is changed in place is not to
 * be read at the same time.
 *
 * @throws {BloscpackError} when the head is not that of a valid file
 * @throws {TypeError | RangeError} for an option, named in the message; for a file of more plain
 *   bytes than `maxBytes`; for a source, now or later, that gives another number of bytes than asked
 */
export function open(
  file: string | URL | Uint8Array | ByteSource,
  options: OpenOptions & { readonly as: "array" },
): Promise<ArrayReader>;
export function open(
  file: string | URL | Uint8Array | ByteSource,
  options: OpenOptions & { readonly as: "bytes" },
): Promise<BytesReader>;
export function open(
  file: string | URL | Uint8Array | ByteSource,
  options?: OpenOptions,
): Promise<Reader>;
export async function open(
  file: string | URL | Uint8Array | ByteSource,
  options: OpenOptions = {},
): Promise<Reader> {
  if (file instanceof Uint8Array) return openSource(new MemorySource(file), options, nothing);
  if (!isPath(file)) return openSource(checkedSource(file), options, nothing);
  const read = () => stepLater(() => openFile(file, options));
  const drop = (reader: Reader) => stepLater(() => reader.close());
  return run(readSettled(pathOf(file), read, drop));
}

async function openFile(file: string | URL, options: OpenOptions): Promise<Reader> {
  const handle = await fs.promises.open(file, "r");
  const buffer = new ReadBuffer();
  const close = async () => {
    buffer.release();
    await handle.close();
  };
  try {
    return await openSource(sourceOf(handle, (await handle.stat()).size, buffer), options, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** {@link open}, synchronously, of a path or of bytes in memory. */
export function openSync(
  file: string | URL | Uint8Array,
  options: OpenOptions & { readonly as: "array" },
): ArrayReaderSync;
export function openSync(
  file: string | URL | Uint8Array,
  options: OpenOptions & { readonly as: "bytes" },
): BytesReaderSync;
export function openSync(file: string | URL | Uint8Array, options?: OpenOptions): ReaderSync;
export function openSync(file: string | URL | Uint8Array, options: OpenOptions = {}): ReaderSync {
  if (file instanceof Uint8Array) return openSourceSync(new MemorySource(file), options, nothing);
  if (!isPath(file)) throw new TypeError("A file must be a path, a URL or a Uint8Array");
  const read = () => stepNow(() => openFileSync(file, options));
  const drop = (reader: ReaderSync) => stepNow(() => reader.close());
  return runSync(readSettled(pathOf(file), read, drop));
}

function openFileSync(file: string | URL, options: OpenOptions): ReaderSync {
  const fd = fs.openSync(file, "r");
  const buffer = new ReadBuffer();
  const close = () => {
    buffer.release();
    fs.closeSync(fd);
  };
  try {
    return openSourceSync(sourceOfSync(fd, fs.fstatSync(fd).size, buffer), options, close);
  } catch (error) {
    close();
    throw error;
  }
}

function nothing(): void {}

function isPath(file: unknown): file is string | URL {
  return typeof file === "string" || file instanceof URL;
}

function pathOf(file: string | URL): string {
  return file instanceof URL ? fileURLToPath(file) : file;
}

/** A caller's source, held to what sources promise: else its faults would pass for the file's. */
function checkedSource(source: ByteSource): ByteSource {
  const ok = typeof source?.read === "function" && Number.isSafeInteger(source.size);
  if (!ok || !(source.batchBytes > 0)) {
    throw new TypeError(
      "A file must be a path, a URL, a Uint8Array, or a source with size, batchBytes and read()",
    );
  }
  const { size, batchBytes } = source;
  return {
    size,
    batchBytes,
    async read(position, length) {
      const bytes = await source.read(position, length);
      if (!(bytes instanceof Uint8Array)) throw new TypeError("A source must give a Uint8Array");
      const wanted = Math.max(0, Math.min(length, size - position));
      if (bytes.byteLength === wanted) return bytes;
      throw new RangeError(
        `The source of ${size} bytes must give ${wanted} at ${position}, and gave ${bytes.byteLength}`,
      );
    },
  };
}

function sourceOf(
  handle: fs.promises.FileHandle,
  size: number,
  buffer: ReadBuffer,
): ByteSource & OpenFile {
  return {
    size,
    descriptor: handle.fd,
    batchBytes: BATCH_BYTES,
    async read(position, length) {
      const target = buffer.take(Math.min(length, size - position));
      for (let end = 0; end < target.byteLength; ) {
        const left = target.byteLength - end;
        const { bytesRead } = await handle.read(target, end, left, position + end);
        if (bytesRead === 0) throw becameShorter(position + end);
        end += bytesRead;
      }
      return target;
    },
  };
}

function sourceOfSync(fd: number, size: number, buffer: ReadBuffer): ByteSourceSync & OpenFile {
  return {
    size,
    descriptor: fd,
    batchBytes: BATCH_BYTES,
    read(position, length) {
      const target = buffer.take(Math.min(length, size - position));
      for (let end = 0; end < target.byteLength; ) {
        const n = fs.readSync(fd, target, end, target.byteLength - end, position + end);
        if (n === 0) throw becameShorter(position + end);
        end += n;
      }
      return target;
    },
  };
}

function becameShorter(offset: number): BloscpackError {
  const reason = "the file became shorter while it was open";
  return new BloscpackError("TRUNCATED", reason, { section: "chunk", offset });
}

/** Memory for the last two reads, as sources promise. It is kept from call to call, until the end. */
class ReadBuffer {
  #current: Uint8Array | undefined;
  #previous: Uint8Array | undefined;

  take(length: number): Uint8Array {
    const wanted = Math.max(0, length);
    let scratch = this.#previous;
    if (scratch === undefined || scratch.byteLength < wanted) {
      if (scratch !== undefined) giveBack(scratch);
      scratch = takeScratch(wanted);
    }
    this.#previous = this.#current;
    this.#current = scratch;
    return scratch.subarray(0, wanted);
  }

  release(): void {
    for (const scratch of [this.#current, this.#previous]) {
      if (scratch !== undefined) giveBack(scratch);
    }
    this.#current = undefined;
    this.#previous = undefined;
  }
}
