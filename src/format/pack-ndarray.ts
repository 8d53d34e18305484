/** Bloscpack files of numpy arrays: planned, packed and read in memory. */
import type { Metadata } from "./metadata.ts";
import {
  type ArrayInput,
  decodeArrayHeader,
  describeArray,
  type Ndarray,
  viewArray,
} from "./ndarray.ts";
import { type PackOptions, type PackPlan, packSync, planPack } from "./pack.ts";
import { MemorySink } from "./sink.ts";
import { decodeHead, planUnpack, unpack, unpackSync } from "./unpack.ts";

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
  const { plan, header } = planUnpackNdarray(stored);
  return viewArray(header, unpackSync(stored, plan));
}

/** {@link unpackNdarray} off the main thread. REQUIRES: `stored` stays as it is until then. */
export async function unpackNdarrayAsync(stored: Uint8Array): Promise<Ndarray> {
  const { plan, header } = planUnpackNdarray(stored);
  return viewArray(header, await unpack(stored, plan));
}

function planUnpackNdarray(stored: Uint8Array) {
  const head = decodeHead(stored);
  const plan = planUnpack(stored, head);
  return { plan, header: decodeArrayHeader(head.metadata, plan.nbytes) };
}
