/** Bloscpack files of numpy arrays: planned, packed and read in memory. */
import { readHead, readHeadSync } from "./head.ts";
import type { Metadata } from "./metadata.ts";
import {
  type ArrayInput,
  checkArraySize,
  decodeArrayHeader,
  describeArray,
  type Ndarray,
  viewArray,
} from "./ndarray.ts";
import { type PackOptions, type PackPlan, packSync, planPack } from "./pack.ts";
import { MemorySink } from "./sink.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "./source.ts";
import { unpack, unpackSync } from "./unpack.ts";

export interface PackNdarrayOptions extends PackOptions {
  /** JSON fields to store beside the array's own (`dtype`, `shape`, `order`, `container`). */
  readonly metadata?: { readonly [key: string]: Metadata };
}

/** Plans the file of an array; the array is read, not copied, when the plan is carried out. */
export function planPackNdarray(input: ArrayInput, options: PackNdarrayOptions = {}): PackPlan {
  const { metadata: extra, ...rest } = options;
  const { bytes, itemsize, metadata } = describeArray(input);
  return planPack(
    { plain: bytes, typesize: itemsize, itemsize, metadata: { ...extra, ...metadata } },
    rest,
  );
}

/**
 * Packs an array into a Bloscpack file, which Python's `bloscpack.unpack_ndarray_from_bytes` reads
 * as the numpy array of the same dtype, shape and order.
 *
 * @throws {TypeError | RangeError} for an array or an option, named in the message
 */
export function packNdarray(array: ArrayInput, options?: PackNdarrayOptions): Uint8Array {
  const sink = new MemorySink();
  packSync(planPackNdarray(array, options), sink);
  return sink.bytes();
}

/**
 * Reads a Bloscpack file of an array.
 *
 * @throws {BloscpackError} when the bytes are not a valid Bloscpack file of an array whose dtype
 *   a typed array holds
 */
export function unpackNdarray(stored: Uint8Array): Ndarray {
  return unpackNdarrayFromSync(new MemorySource(stored));
}

/** {@link unpackNdarray} from any source. */
export function unpackNdarrayFromSync(source: ByteSourceSync): Ndarray {
  const head = readHeadSync(source);
  const header = decodeArrayHeader(head.metadata);
  return viewArray(
    header,
    unpackSync(source, head, (nbytes) => checkArraySize(header, nbytes)),
  );
}

/** {@link unpackNdarrayFromSync} off the main thread. */
export async function unpackNdarrayFrom(source: ByteSource): Promise<Ndarray> {
  const head = await readHead(source);
  const header = decodeArrayHeader(head.metadata);
  return viewArray(header, await unpack(source, head, (nbytes) => checkArraySize(header, nbytes)));
}
