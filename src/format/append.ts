/**
 * What an append decides, from bytes: where the chunks of a file end, how they were compressed,
 * where new chunks come to stand, and what header and offsets then say.
 *
 * The last chunk, unless it is full, is replaced by one that holds its bytes and the first new
 * ones. New chunks stand behind one another from its position on, as every reader expects.
 */
import { type ChecksumName, checksumSize } from "../blosc/checksum.ts";
import { type CompressOptions, checkCompressOptions, type Shuffle } from "../blosc/codec.ts";
import { BloscpackError } from "../errors.ts";
import type { Tail } from "./append-tail.ts";
import {
  BLOSC_HEADER_LENGTH,
  DEFAULT_CHUNK_SIZE,
  HEADER_LENGTH,
  MAX_CHUNK_SIZE,
  OFFSET_LENGTH,
} from "./constants.ts";
import type { Head } from "./head.ts";
import { encodeHeader, type Header } from "./header.ts";
import { encodeOffsets } from "./offsets.ts";

/** The codec that writes each of Blosc's formats. */
const CNAMES: readonly string[] = ["blosclz", "lz4", "snappy", "zlib", "zstd"];

/** How appended chunks are compressed; the defaults are what the file's last chunk tells. */
export interface AppendCompression {
  /** Default: the last chunk's codec (`"lz4"` for LZ4 and LZ4HC, which are one format). */
  readonly cname?: string;
  /** 0 to 9; default 7, as no chunk tells its level. */
  readonly clevel?: number;
  /** Default: the last chunk's. */
  readonly shuffle?: Shuffle;
  /** Size of the elements that the shuffle groups by: 1 to 255; default: the last chunk's. */
  readonly typesize?: number;
  /** Threads that compress at a time, as of `BloscArgs`. */
  readonly nthreads?: number;
}

/**
 * Plain bytes per chunk from now on. The writer of a small file has cut its chunk size down to the
 * data; a file of one chunk is free to take another, and gets the default, in whole items.
 *
 * @throws {BloscpackError} BAD_HEADER_FIELD for several chunks of zero bytes
 */
export function growingChunkSize(
  { nchunks, chunkSize, lastChunk }: Tail,
  itemsize: number,
): number {
  const free = nchunks <= 1 && chunkSize === lastChunk && chunkSize < DEFAULT_CHUNK_SIZE;
  if (!free) {
    if (chunkSize > 0) return chunkSize;
    const reason = "chunks of no bytes leave nowhere to append to";
    const at = { section: "header", offset: 8, field: "chunk_size" } as const;
    throw new BloscpackError("BAD_HEADER_FIELD", reason, at);
  }
  const whole = Math.floor(DEFAULT_CHUNK_SIZE / itemsize) * itemsize;
  if (whole > 0) return Math.max(whole, chunkSize);
  return itemsize <= MAX_CHUNK_SIZE ? itemsize : DEFAULT_CHUNK_SIZE;
}

/** How to compress what is appended. @throws {TypeError | RangeError} for an option */
export function appendCompression(
  { checksum, typesize }: Header,
  { last }: Tail,
  options: AppendCompression,
): CompressOptions {
  const compression = {
    cname: options.cname ?? CNAMES[last?.codec ?? 0] ?? "blosclz",
    clevel: options.clevel ?? 7,
    shuffle: options.shuffle ?? last?.shuffle ?? "shuffle",
    typesize: options.typesize ?? (last?.typesize || typesize || 1),
    checksum,
    nthreads: options.nthreads,
  };
  checkCompressOptions(compression);
  return compression;
}

/** Bytes that go to a file behind its old end. */
export interface Placed {
  readonly position: number;
  readonly pieces: readonly Uint8Array[];
}

/** New chunks find their places; what falls on the old last chunk is held back until the end. */
export class Growth {
  /** Where new content begins: at the last chunk if that is replaced, else behind it. */
  readonly start: number;
  /** New content of the bytes from `start` to the old end of the chunks. */
  readonly held: Uint8Array;
  /** Old content of those bytes. */
  readonly replaced: Uint8Array;
  /** Positions of the new chunks. */
  readonly positions: number[] = [];
  /** Old chunks that stay. */
  readonly kept: number;
  /** Plain bytes of the last new chunk. */
  #lastChunk: number;
  #end: number;
  readonly #oldEnd: number;

  /** @param replaced stored bytes of the last chunk, if it is replaced; empty otherwise */
  constructor(tail: Tail, replaced: Uint8Array) {
    this.#oldEnd = tail.end;
    this.start = tail.end - replaced.byteLength;
    this.replaced = replaced;
    this.held = replaced.slice();
    this.kept = replaced.byteLength > 0 ? tail.nchunks - 1 : tail.nchunks;
    this.#end = this.start;
    this.#lastChunk = tail.lastChunk;
  }

  get nchunks(): number {
    return this.kept + this.positions.length;
  }

  /** Where the chunks end now. */
  get end(): number {
    return this.#end;
  }

  get lastChunk(): number {
    return this.#lastChunk;
  }

  /** Places chunks. What is returned may be written at once: readers do not look there yet. */
  place(stored: readonly Uint8Array[], lastChunk: number): Placed {
    const position = Math.max(this.#end, this.#oldEnd);
    const pieces = stored.map((chunk) => {
      this.positions.push(this.#end);
      const overlap = Math.max(0, Math.min(chunk.byteLength, this.#oldEnd - this.#end));
      if (overlap > 0) this.held.set(chunk.subarray(0, overlap), this.#end - this.start);
      this.#end += chunk.byteLength;
      return chunk.subarray(overlap);
    });
    this.#lastChunk = lastChunk;
    return { position, pieces };
  }
}

/** Slots of a file's offsets table; without one, as many chunks as a file has room for. */
export function slotsOf({ header }: Head): number {
  return header.offsets ? Number(header.nchunks + header.maxAppChunks) : Number.POSITIVE_INFINITY;
}

/** The header after an append in place. */
export function grownHeader(head: Head, growth: Growth, chunkSize: number): Header {
  const { header } = head;
  return {
    ...header,
    chunkSize,
    lastChunk: growth.lastChunk,
    nchunks: BigInt(growth.nchunks),
    maxAppChunks: header.offsets ? BigInt(slotsOf(head) - growth.nchunks) : header.maxAppChunks,
  };
}

/** The slots of the offsets table that an append in place fills, and where they stand. */
export function grownSlots(
  head: Head,
  tail: Tail,
  growth: Growth,
): { position: number; bytes: Uint8Array } {
  const table = head.length - slotsOf(head) * OFFSET_LENGTH;
  // A table that its writer left unwritten is filled from its start.
  const first = head.offsets === undefined ? 0 : growth.kept;
  const old = Array.from({ length: growth.kept - first }, (_, i) => tail.positions[first + i] ?? 0);
  const positions = [...old, ...growth.positions];
  return {
    position: table + first * OFFSET_LENGTH,
    bytes: encodeOffsets(positions, positions.length),
  };
}

/**
 * The head of a file that is written anew around its chunks, with as many free slots as chunks, so
 * that appending n chunks one by one rewrites the file log n times.
 *
 * @param section the metadata section; empty without
 */
export function rebuiltHead(
  head: Head,
  tail: Tail,
  growth: Growth,
  chunkSize: number,
  section: Uint8Array,
): Uint8Array {
  const { nchunks } = growth;
  const maxAppChunks = Math.max(nchunks, MIN_FREE_SLOTS);
  const slots = nchunks + maxAppChunks;
  const header = {
    ...grownHeader(head, growth, chunkSize),
    offsets: true,
    maxAppChunks: BigInt(maxAppChunks),
  };
  const shift = HEADER_LENGTH + section.byteLength + slots * OFFSET_LENGTH - head.length;
  const positions = [...Array.from(tail.positions).slice(0, growth.kept), ...growth.positions];
  const table = encodeOffsets(
    positions.map((position) => position + shift),
    slots,
  );
  return Buffer.concat([encodeHeader(header), section, table]);
}

const MIN_FREE_SLOTS = 10;

/** Bytes of a chunk at most, with its digest. */
export function slotSizeOf(chunkSize: number, checksum: ChecksumName): number {
  return chunkSize + BLOSC_HEADER_LENGTH + checksumSize(checksum);
}
