/**
 * Chunks: compress and decompress many at once, on all threads, in memory of the caller's.
 *
 * A stored chunk is a complete Blosc buffer followed by its digest. Mistakes in arguments are
 * `TypeError` or `RangeError`; damage in what is read is a returned {@link ChunkFault}, as only the
 * caller knows which file it is in; C-Blosc failing to compress is a {@link CodecError}.
 */

import { types } from "node:util";
import { CodecError } from "../errors.ts";
import { binding, type ChunkFault, type NativeCompressOptions } from "./binding.ts";
import { type ChecksumName, checksumId } from "./checksum.ts";

export type { ChunkFault } from "./binding.ts";

/** Byte order tricks before compression. A filter's place is its number in C-Blosc. */
const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"] as const;

export type Shuffle = (typeof SHUFFLES)[number];

export interface CompressOptions {
  /** One of {@link codecs}. */
  readonly cname: string;
  /** 0 (copy) to 9 (smallest). */
  readonly clevel: number;
  readonly shuffle: Shuffle;
  /** Bytes per element, 1..255: what the shuffles work on. */
  readonly typesize: number;
  readonly checksum: ChecksumName;
  /** Threads that may work on a call at a time, 1..256; `undefined`: all of the pool. */
  readonly nthreads?: number | undefined;
}

/** Version of the linked C-Blosc, such as `"1.21.3"`. */
export const bloscVersion: string = binding.bloscVersion;

/** Compressors of the linked C-Blosc. */
export const codecs: readonly string[] = Object.freeze([...binding.codecs]);

/** Threads of the pool, a call's own included; `BLOSCACHE_NTHREADS` sets it. */
export const nthreads: number = binding.nthreads;

/** Throws a `TypeError` or `RangeError` that names the first option which is wrong. */
export function checkCompressOptions(options: CompressOptions): void {
  toNative(options);
}

/**
 * Uninitialised memory. From 1 MiB on it is recycled from results that have been collected: fresh
 * memory takes longer to be mapped than to be decompressed into. It cannot be transferred.
 */
export function allocate(nbytes: number): ArrayBuffer {
  requireInteger("nbytes", nbytes, 0, Number.MAX_SAFE_INTEGER);
  return binding.allocate(nbytes);
}

/**
 * Compresses chunk i, followed by its digest, to `slots[i * slotSize ...]`. Returns each chunk's
 * stored bytes, digest included.
 *
 * `slotSize` must hold the largest chunk, the 16 bytes of its header, and a digest.
 */
export function compress(
  chunks: readonly Uint8Array[],
  slots: Uint8Array,
  slotSize: number,
  options: CompressOptions,
): Uint32Array {
  const native = toNative(options);
  const inputs = chunks.map(asInput);
  requireOutput("slots", slots);
  try {
    return binding.compress(inputs, slots, slotSize, native);
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Like {@link compress} in two steps: other threads begin at once, and the returned function, to be
 * called once, helps them and returns the sizes. Between the steps the views must stay attached and
 * unchanged, so do not let a caller's code run there.
 */
export function compressBegin(
  chunks: readonly Uint8Array[],
  slots: Uint8Array,
  slotSize: number,
  options: CompressOptions,
): () => Uint32Array {
  const native = toNative(options);
  const inputs = chunks.map(asInput);
  requireOutput("slots", slots);
  const finish = binding.compressBegin(inputs, slots, slotSize, native);
  return () => {
    try {
      return finish();
    } catch (error) {
      throw translate(error);
    }
  };
}

/**
 * Like {@link compress}, off the JavaScript thread. Chunks may be changed or transferred as soon as
 * this returns, unless they are on memory from {@link allocate}: that is not copied.
 */
export async function compressAsync(
  chunks: readonly Uint8Array[],
  slots: Uint8Array,
  slotSize: number,
  options: CompressOptions,
): Promise<Uint32Array> {
  const native = toNative(options);
  const inputs = chunks.map(asInput);
  requireOutput("slots", slots);
  try {
    return await binding.compressAsync(inputs, slots, slotSize, native);
  } catch (error) {
    throw translate(error);
  }
}

/**
 * Verifies and decompresses the chunks which start at `positions` in `stored`. Chunk i must be
 * exactly the bytes of `plain` from `i * chunkSize` to the next chunk or the end.
 *
 * Returns the fault of the lowest bad chunk; what `plain` then holds is not to be used.
 */
export function decompress(
  stored: Uint8Array,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: ChecksumName,
): ChunkFault | undefined {
  const input = asInput(stored, "stored");
  requireOutput("plain", plain);
  return binding.decompress(input, positions, plain, chunkSize, checksumId(checksum));
}

/**
 * Like {@link decompress} in two steps, as {@link compressBegin} is: the returned function, to be
 * called once, helps and returns the fault. Between the steps the views must stay as they are.
 */
export function decompressBegin(
  stored: Uint8Array,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: ChecksumName,
): () => ChunkFault | undefined {
  const input = asInput(stored, "stored");
  requireOutput("plain", plain);
  return binding.decompressBegin(input, positions, plain, chunkSize, checksumId(checksum));
}

/**
 * Like {@link decompress}, off the JavaScript thread. On memory from {@link allocate} nothing is
 * copied, and `stored` must not change until the promise is settled.
 */
export async function decompressAsync(
  stored: Uint8Array,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: ChecksumName,
): Promise<ChunkFault | undefined> {
  const input = asInput(stored, "stored");
  requireOutput("plain", plain);
  return binding.decompressAsync(input, positions, plain, chunkSize, checksumId(checksum));
}

/**
 * Verifies the chunk of `nbytes` plain bytes at the start of `stored`, all of it, and decompresses
 * those of its bytes that begin at `start`, as many as `plain` takes: of the chunk only the blocks
 * that hold them.
 *
 * Returns the fault, of chunk 0, if the chunk is bad; what `plain` then holds is not to be used.
 */
export function getItems(
  stored: Uint8Array,
  nbytes: number,
  start: number,
  plain: Uint8Array,
  checksum: ChecksumName,
): ChunkFault | undefined {
  const input = asInput(stored, "stored");
  requireOutput("plain", plain);
  return binding.getItems(input, nbytes, start, plain, checksumId(checksum));
}

/** Like {@link getItems}, off the JavaScript thread, on the terms of {@link decompressAsync}. */
export async function getItemsAsync(
  stored: Uint8Array,
  nbytes: number,
  start: number,
  plain: Uint8Array,
  checksum: ChecksumName,
): Promise<ChunkFault | undefined> {
  const input = asInput(stored, "stored");
  requireOutput("plain", plain);
  return binding.getItemsAsync(input, nbytes, start, plain, checksumId(checksum));
}

/** The digest of `bytes` as Bloscpack stores it; empty for `"None"`. */
export function digest(checksum: ChecksumName, bytes: Uint8Array): Uint8Array {
  return binding.digest(checksumId(checksum), asInput(bytes, "bytes"));
}

function toNative(options: CompressOptions): NativeCompressOptions {
  const { cname, clevel, shuffle, typesize, checksum, nthreads } = options;
  if (typeof cname !== "string") throw new TypeError("cname must be a string");
  if (!codecs.includes(cname)) {
    throw new RangeError(`cname must be one of ${codecs.join(", ")}, not "${cname}"`);
  }
  requireInteger("clevel", clevel, 0, 9);
  requireInteger("typesize", typesize, 1, 255);
  if (nthreads !== undefined) requireInteger("nthreads", nthreads, 1, 256);
  const filter = SHUFFLES.indexOf(shuffle);
  if (filter === -1) {
    throw new RangeError(`shuffle must be one of ${SHUFFLES.join(", ")}, not "${String(shuffle)}"`);
  }
  return {
    cname,
    clevel,
    shuffle: filter as 0 | 1 | 2,
    typesize,
    checksum: checksumId(checksum),
    nthreads,
  };
}

function requireInteger(name: string, value: number, min: number, max: number): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number`);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be an integer within ${min}..${max}, not ${value}`);
  }
}

/** Memory that may change its size or content under a native call. Node-API 8 cannot tell. */
function isVolatile({ buffer }: Uint8Array): boolean {
  if (types.isSharedArrayBuffer(buffer)) return true;
  return (buffer as ArrayBuffer & { readonly resizable?: boolean }).resizable === true;
}

function asInput(bytes: Uint8Array, name: string | number): Uint8Array {
  const argument = typeof name === "number" ? `chunks[${name}]` : name;
  if (!types.isUint8Array(bytes)) throw new TypeError(`${argument} must be a Uint8Array`);
  return isVolatile(bytes) ? new Uint8Array(bytes) : bytes;
}

/** @throws {TypeError} for what a native call cannot write to */
export function requireOutput(name: string, bytes: Uint8Array): void {
  if (!types.isUint8Array(bytes)) throw new TypeError(`${name} must be a Uint8Array`);
  if (isVolatile(bytes)) {
    throw new TypeError(`${name} must not be on a shared or resizable buffer`);
  }
}

/** The native side reports C-Blosc's refusal as an error with a status and a chunk. */
function translate(error: unknown): unknown {
  const { status, chunk } = error as { readonly status?: unknown; readonly chunk?: unknown };
  if (typeof status !== "number" || typeof chunk !== "number") return error;
  return new CodecError("compress", status, chunk);
}
