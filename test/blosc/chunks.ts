/** Plain bytes, stored chunks and hand-made chunks for the tests of this room. */

import { checksumSize } from "../../src/blosc/checksum.ts";
import {
  type ChunkFault,
  type CompressOptions,
  compress,
  decompress,
} from "../../src/blosc/codec.ts";

export const HEADER_SIZE = 16;

export const OPTIONS: CompressOptions = {
  cname: "lz4",
  clevel: 5,
  shuffle: "shuffle",
  typesize: 4,
  checksum: "adler32",
};

/** Bytes that compress, but differ in every 4-byte element: a slipped chunk does not pass. */
export function pattern(nbytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(nbytes);
  for (let i = 0; i < nbytes; i++) bytes[i] = (((i >> 2) + seed * 7919) >> (8 * (i & 3))) & 0xff;
  return bytes;
}

/** Bytes that do not compress. */
export function noise(nbytes: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(nbytes);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < nbytes; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

/** The chunks of `plain`, as views; an empty one is one empty chunk. */
export function cut(plain: Uint8Array, chunkSize: number): Uint8Array[] {
  const chunks = [];
  for (let at = 0; at < plain.byteLength; at += chunkSize) {
    chunks.push(plain.subarray(at, at + chunkSize));
  }
  return chunks.length === 0 ? [plain] : chunks;
}

export interface Stored {
  readonly stored: Uint8Array<ArrayBuffer>;
  readonly positions: Float64Array<ArrayBuffer>;
  readonly chunkSize: number;
}

export function slotSizeOf(chunkSize: number, options: CompressOptions): number {
  return chunkSize + HEADER_SIZE + checksumSize(options.checksum);
}

/** The chunks of `plain` and their digests one after the other, as in a file. */
export function store(plain: Uint8Array, chunkSize: number, options = OPTIONS): Stored {
  const chunks = cut(plain, chunkSize);
  const slotSize = slotSizeOf(chunkSize, options);
  const slots = new Uint8Array(chunks.length * slotSize);
  const sizes = compress(chunks, slots, slotSize, options);
  return gather(slots, slotSize, sizes, chunkSize);
}

export function gather(
  slots: Uint8Array,
  slotSize: number,
  sizes: Uint32Array,
  chunkSize: number,
): Stored {
  const positions = new Float64Array(sizes.length);
  const parts: Uint8Array[] = [];
  let position = 0;
  sizes.forEach((size, i) => {
    positions[i] = position;
    position += size;
    parts.push(slots.subarray(i * slotSize, i * slotSize + size));
  });
  const stored = new Uint8Array(position);
  parts.forEach((part, i) => {
    stored.set(part, positions[i]);
  });
  return { stored, positions, chunkSize };
}

/** The one chunk of `plain`. */
export function storeOne(plain: Uint8Array, options = OPTIONS): Uint8Array<ArrayBuffer> {
  return store(plain, plain.byteLength, options).stored;
}

export function load(
  { stored, positions, chunkSize }: Stored,
  nbytes: number,
  options = OPTIONS,
): Uint8Array {
  const plain = new Uint8Array(nbytes).fill(0xa5);
  const fault = decompress(stored, positions, plain, chunkSize, options.checksum);
  if (fault !== undefined) throw new Error(`chunk ${fault.chunk}: ${fault.status} ${fault.reason}`);
  return plain;
}

/** What becomes of a single chunk which is to have `nbytes` plain bytes. */
export function faultOf(
  chunk: Uint8Array,
  nbytes: number,
  checksum: CompressOptions["checksum"] = "None",
): ChunkFault | undefined {
  return decompress(chunk, Float64Array.of(0), new Uint8Array(nbytes), nbytes, checksum);
}

export interface HeaderFields {
  readonly version?: number;
  readonly versionlz?: number;
  readonly flags?: number;
  readonly typesize?: number;
  readonly nbytes: number;
  readonly blocksize?: number;
  readonly cbytes?: number;
}

/** A chunk made by hand; by default one block, one split, blosclz. */
export function handmade(fields: HeaderFields, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = new Uint8Array(HEADER_SIZE + body.byteLength);
  const { version = 2, versionlz = 1, flags = 0x10, typesize = 1, nbytes } = fields;
  chunk.set([version, versionlz, flags, typesize]);
  const view = new DataView(chunk.buffer);
  view.setUint32(4, nbytes, true);
  view.setUint32(8, fields.blocksize ?? nbytes, true);
  view.setUint32(12, fields.cbytes ?? chunk.byteLength, true);
  chunk.set(body, HEADER_SIZE);
  return chunk;
}
