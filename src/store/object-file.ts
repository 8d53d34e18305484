/** The file of one array of a stored result: a Bloscpack file, and how its row vouches for it. */
import { BloscpackError, StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import { decodeHead, type Head } from "../format/head.ts";
import { type Packed, type PackPlan, pack, packSync } from "../format/pack.ts";
import { unpack, unpackSync } from "../format/unpack.ts";
import type { FileArray } from "./entry.ts";
import { withFile, withFileSync } from "./file-io.ts";
import { open, openSync } from "./file-reader.ts";
import { xxh64 } from "./hash.ts";
import { type Publication, publish, publishSync } from "./publication.ts";

/** What a row remembers of a file. */
export type FileFacts = Pick<FileArray, "cbytes" | "headLength" | "headDigest">;

export function writeObjectSync(to: Publication, plan: PackPlan): FileFacts {
  return factsOf(publishSync(to, (sink) => packSync(plan, sink)));
}

export async function writeObject(to: Publication, plan: PackPlan): Promise<FileFacts> {
  return factsOf(await publish(to, (sink) => pack(plan, sink)));
}

function factsOf({ head, cbytes }: Packed): FileFacts {
  return { cbytes, headLength: head.byteLength, headDigest: xxh64(head) };
}

/**
 * The plain bytes of a file, all of them verified: what stands before the chunks by the digest in
 * the row, the chunks by those in the file.
 *
 * @throws {StoreError} when the file cannot be read, or is not the one that was written
 */
export function readObjectSync(path: string, facts: FileArray): ArrayBuffer {
  return attemptSync(path, () =>
    withFileSync(path, (source) => {
      const head = verifyHead(source.read(0, facts.headLength), source.size, facts);
      return unpackSync(source, head, (nbytes) => checkSize(nbytes, facts));
    }),
  );
}

/** {@link readObjectSync} off the main thread. */
export function readObject(path: string, facts: FileArray): Promise<ArrayBuffer> {
  return attempt(path, () =>
    withFile(path, async (source) => {
      const head = verifyHead(await source.read(0, facts.headLength), source.size, facts);
      return unpack(source, head, (nbytes) => checkSize(nbytes, facts));
    }),
  );
}

/**
 * Elements of a file of one array, from `start` to `stop` as of `TypedArray.prototype.slice`. What
 * stands before the chunks and the chunks that hold them are verified, the others not read.
 *
 * @throws {StoreError} when the file cannot be read, or is not the one that was written
 */
export function sliceObjectSync(
  path: string,
  facts: FileArray,
  start?: number,
  stop?: number,
): TypedArray {
  return attemptSync(path, () => {
    verifyHeadOfSync(path, facts);
    const reader = openSync(path, { as: "array" });
    try {
      return reader.slice(start, stop).data;
    } finally {
      reader.close();
    }
  });
}

/** {@link sliceObjectSync} off the main thread. */
export function sliceObject(
  path: string,
  facts: FileArray,
  start?: number,
  stop?: number,
): Promise<TypedArray> {
  return attempt(path, async () => {
    await verifyHeadOf(path, facts);
    const reader = await open(path, { as: "array" });
    try {
      return (await reader.slice(start, stop)).data;
    } finally {
      await reader.close();
    }
  });
}

/**
 * The plain bytes of a file, chunk by chunk, each verified and in memory of its own. The file stays
 * open until the last one was asked for, or the generator is closed.
 *
 * @throws {StoreError} at once when the file cannot be opened, or is not the one that was written;
 *   later when a chunk is damaged
 */
export function chunksOfObjectSync(
  path: string,
  facts: FileArray,
): Generator<ArrayBuffer, void, undefined> {
  const reader = attemptSync(path, () => {
    verifyHeadOfSync(path, facts);
    return openSync(path, { as: "bytes" });
  });
  return (function* () {
    try {
      for (let i = 0; i < reader.nchunks; i++) {
        yield attemptSync(path, () => reader.chunk(i)).buffer as ArrayBuffer;
      }
    } finally {
      reader.close();
    }
  })();
}

/** {@link chunksOfObjectSync} off the main thread. */
export async function chunksOfObject(
  path: string,
  facts: FileArray,
): Promise<AsyncGenerator<ArrayBuffer, void, undefined>> {
  const reader = await attempt(path, async () => {
    await verifyHeadOf(path, facts);
    return open(path, { as: "bytes" });
  });
  return (async function* () {
    try {
      for (let i = 0; i < reader.nchunks; i++) {
        yield (await attempt(path, () => reader.chunk(i))).buffer as ArrayBuffer;
      }
    } finally {
      await reader.close();
    }
  })();
}

function attemptSync<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new StoreError("read", path, error);
  }
}

async function attempt<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new StoreError("read", path, error);
  }
}

function verifyHeadOfSync(path: string, facts: FileArray): void {
  withFileSync(path, (source) => {
    verifyHead(source.read(0, facts.headLength), source.size, facts);
  });
}

async function verifyHeadOf(path: string, facts: FileArray): Promise<void> {
  await withFile(path, async (source) => {
    verifyHead(await source.read(0, facts.headLength), source.size, facts);
  });
}
/**
 * Reads all of a file, and keeps nothing: what is wrong with it; `undefined` for the file that was
 * written.
 *
 * @param onRead called with what has been read, stored bytes
 * @throws the system's error when it cannot be read
 */
export async function findObjectFault(
  path: string,
  facts: FileArray,
  onRead: (cbytes: number) => void,
): Promise<string | undefined> {
  try {
    return await withFile(path, async (source) => {
      verifyHead(await source.read(0, facts.headLength), source.size, facts);
      const read = (position: number, length: number) => {
        onRead(position);
        return source.read(position, length);
      };
      const { size, batchBytes } = source;
      const reader = await open({ size, batchBytes, read }, { as: "bytes" });
      const { faults } = await reader.verify();
      if (faults.length === 0) checkSize(reader.nbytes, facts);
      return faults[0]?.message;
    });
  } catch (error) {
    if (error instanceof BloscpackError || error instanceof Mismatch) return error.message;
    throw error;
  }
}

/** A file is not the one that its row speaks of. */
class Mismatch extends Error {}

function verifyHead(bytes: Uint8Array, fileSize: number, facts: FileArray): Head {
  if (fileSize !== facts.cbytes) {
    throw new Mismatch(`it has ${fileSize} bytes, not ${facts.cbytes}`);
  }
  if (xxh64(bytes) !== facts.headDigest) {
    throw new Mismatch("the digest of header, metadata and offsets does not match");
  }
  return decodeHead(bytes, fileSize);
}

function checkSize(nbytes: number, facts: FileArray): void {
  if (nbytes === facts.nbytes) return;
  throw new Mismatch(`it holds ${nbytes} plain bytes, not ${facts.nbytes}`);
}
