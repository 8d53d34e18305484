/** Bloscpack files in memory, of plain bytes. */
import { readHeadSync } from "./head.ts";
import type { Metadata } from "./metadata.ts";
import { type PackOptions, packSync, planPack } from "./pack.ts";
import { MemorySink } from "./sink.ts";
import { MemorySource } from "./source.ts";
import { unpackSync } from "./unpack.ts";

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

/**
 * Packs bytes into a Bloscpack file.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function packBytes(bytes: Uint8Array, options: PackBytesOptions = {}): Uint8Array {
  if (!(bytes instanceof Uint8Array)) throw new TypeError("Bytes must be a Uint8Array");
  const { typesize = 8, metadata, ...rest } = options;
  const sink = new MemorySink();
  packSync(planPack({ plain: bytes, typesize, itemsize: 1, metadata }, rest), sink);
  return sink.bytes();
}

/**
 * Reads a Bloscpack file of any content.
 *
 * @throws {BloscpackError} when the bytes are not a valid Bloscpack file
 */
export function unpackBytes(stored: Uint8Array): UnpackedBytes {
  const source = new MemorySource(stored);
  const head = readHeadSync(source);
  return { bytes: new Uint8Array(unpackSync(source, head)), metadata: head.metadata };
}
