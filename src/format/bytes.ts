/** Bloscpack files in memory, of plain bytes. */
import { readHead, readHeadSync } from "./head.ts";
import type { Metadata } from "./metadata.ts";
import { type PackOptions, type PackPlan, packSync, planPack } from "./pack.ts";
import { MemorySink } from "./sink.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "./source.ts";
import { unpack, unpackSync } from "./unpack.ts";

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
  if (!(bytes instanceof Uint8Array)) throw new TypeError("Bytes must be a Uint8Array");
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
 */
export function unpackBytes(stored: Uint8Array): UnpackedBytes {
  return unpackBytesFromSync(new MemorySource(stored));
}

/** {@link unpackBytes} from any source that can be read anywhere. */
export function unpackBytesFromSync(source: ByteSourceSync): UnpackedBytes {
  const head = readHeadSync(source);
  return { bytes: new Uint8Array(unpackSync(source, head)), metadata: head.metadata };
}

/** {@link unpackBytesFromSync} off the main thread. */
export async function unpackBytesFrom(source: ByteSource): Promise<UnpackedBytes> {
  const head = await readHead(source);
  return { bytes: new Uint8Array(await unpack(source, head)), metadata: head.metadata };
}
