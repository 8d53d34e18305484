/** Bloscpack files in memory, of plain bytes. */
import type { ReadOptions } from "./contents.ts";
import { isUint8Array } from "./dtype.ts";
import type { Metadata } from "./metadata.ts";
import { type PackOptions, type PackPlan, packSync, planPack } from "./pack.ts";
import { readWhole, readWholeSync } from "./read-whole.ts";
import { MemorySink } from "./sink.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "./source.ts";

export interface PackBytesOptions extends PackOptions {
  /** Size of the elements that the bytes hold, which the shuffle groups by: 1 to 255; default 8. */
  readonly typesize?: number;
  /** JSON to store with the bytes. */
  readonly metadata?: Metadata;
}

/** Plain bytes and what was stored with them. */
export interface UnpackedBytes {
  readonly bytes: Uint8Array;
  /** `undefined` when the file has no metadata section. */
  readonly metadata: Metadata | undefined;
}

/** Plans the file of `bytes`, which are read, not copied, when the plan is carried out. */
export function planPackBytes(bytes: Uint8Array, options: PackBytesOptions = {}): PackPlan {
  if (!isUint8Array(bytes)) throw new TypeError("Bytes must be a Uint8Array");
  const { typesize = 8, metadata, ...rest } = options;
  return planPack({ plain: bytes, typesize, itemsize: 1, metadata }, rest);
}

/**
 * Packs bytes into a Bloscpack file.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function packBytes(bytes: Uint8Array, options?: PackBytesOptions): Uint8Array {
  const sink = new MemorySink();
  packSync(planPackBytes(bytes, options), sink);
  return sink.bytes();
}

/**
 * Reads a Bloscpack file of any content.
 *
 * @throws {BloscpackError} when the bytes are not a valid Bloscpack file
 * @throws {TypeError | RangeError} for an option, named in the message; for more plain bytes than
 *   `maxBytes`
 */
export function unpackBytes(stored: Uint8Array, options?: ReadOptions): UnpackedBytes {
  return unpackBytesFromSync(new MemorySource(stored), options);
}

/** {@link unpackBytes} from any source that can be read anywhere. */
export function unpackBytesFromSync(
  source: ByteSourceSync,
  options: ReadOptions = {},
): UnpackedBytes {
  const { head, plain } = readWholeSync(source, { ...options, as: "bytes" });
  return { bytes: new Uint8Array(plain), metadata: head.metadata };
}

/** {@link unpackBytesFromSync} off the main thread. */
export async function unpackBytesFrom(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<UnpackedBytes> {
  const { head, plain } = await readWhole(source, { ...options, as: "bytes" });
  return { bytes: new Uint8Array(plain), metadata: head.metadata };
}
