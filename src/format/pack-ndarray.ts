/** Bloscpack files of numpy arrays: planned, packed and read in memory. */
import type { ReadOptions } from "./contents.ts";
import type { Metadata } from "./metadata.ts";
import {
  type ArrayHeader,
  type ArrayInput,
  describeArray,
  type Ndarray,
  type UnpackedData,
  type UnpackNdarrayOptions,
  viewArray,
} from "./ndarray.ts";
import { checkOptionNames } from "./option-names.ts";
import { type PackOptions, type PackPlan, packSync, planPack } from "./pack.ts";
import { readWhole, readWholeSync } from "./read-whole.ts";
import { MemorySink } from "./sink.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "./source.ts";

export interface PackNdarrayOptions extends PackOptions {
  /** JSON fields to store beside the array's own (`dtype`, `shape`, `order`, `container`). */
  readonly metadata?: { readonly [key: string]: Metadata };
}

const OPTION_NAMES = ["raw", "strict", "maxBytes", "onWarning"];

/** Plans the file of an array; the array is read, not copied, when the plan is carried out. */
export function planPackNdarray(input: ArrayInput, options: PackNdarrayOptions = {}): PackPlan {
  const { metadata: extra, ...rest } = options;
  const { bytes, itemsize, typesize, metadata } = describeArray(input);
  return planPack({ plain: bytes, typesize, itemsize, metadata: { ...extra, ...metadata } }, rest);
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
 * @throws {BloscpackError} when the bytes are not a valid Bloscpack file of an array; every dtype of
 *   numpy's but Python objects is read
 * @throws {TypeError | RangeError} for an option, named in the message; for more plain bytes than
 *   `maxBytes`
 */
export function unpackNdarray<Raw extends boolean = false>(
  stored: Uint8Array,
  options?: UnpackNdarrayOptions<Raw> & ReadOptions,
): Ndarray<UnpackedData<Raw>> {
  return unpackNdarrayFromSync(new MemorySource(stored), options);
}

/** {@link unpackNdarray} from any source. */
export function unpackNdarrayFromSync<Raw extends boolean = false>(
  source: ByteSourceSync,
  options: UnpackNdarrayOptions<Raw> & ReadOptions = {},
): Ndarray<UnpackedData<Raw>> {
  checkOptionNames(options, OPTION_NAMES, "unpackNdarray");
  const { raw: _raw, ...reading } = options;
  const { array, plain } = readWholeSync(source, { ...reading, as: "array" });
  return viewArray(array as ArrayHeader, plain, options);
}

/** {@link unpackNdarrayFromSync} off the main thread. */
export async function unpackNdarrayFrom<Raw extends boolean = false>(
  source: ByteSource,
  options: UnpackNdarrayOptions<Raw> & ReadOptions = {},
): Promise<Ndarray<UnpackedData<Raw>>> {
  checkOptionNames(options, OPTION_NAMES, "unpackNdarray");
  const { raw: _raw, ...reading } = options;
  const { array, plain } = await readWhole(source, { ...reading, as: "array" });
  return viewArray(array as ArrayHeader, plain, options);
}
