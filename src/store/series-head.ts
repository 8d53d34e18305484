/** What stands before the chunks of a series' file: header, metadata with its length, offsets. */
import {
  BLOSC_HEADER_LENGTH,
  HEADER_LENGTH,
  META_HEADER_LENGTH,
  OFFSET_LENGTH,
} from "../format/constants.ts";
import { encodeHeader } from "../format/header.ts";
import { encodeMetadata, type Metadata } from "../format/metadata.ts";
import { stringifyMetadata } from "../format/metadata-json.ts";
import { encodeOffsets } from "../format/offsets.ts";
import { encodeDtype, parseDtype } from "../format/struct-dtype.ts";
import type { Address } from "./address.ts";
import { xxh64 } from "./hash.ts";
import { type Committed, describeCommit, describeSeries, NOTE_ROOM } from "./series-description.ts";
import { SERIES_CHECKSUM, type SeriesFile, type SeriesKind, type SeriesRow } from "./series-row.ts";

/** Bytes of the digest behind the metadata. */
const DIGEST_LENGTH = 4;

/** Slots of the first file; the next one has four times as many, so that copying adds a third. */
const FIRST_SLOTS = 128;
const GROWTH = 4;

/** How many slots a file needs that is to hold `nchunks`, and some more. */
export function slotsFor(nchunks: number): number {
  let slots = FIRST_SLOTS;
  while (slots < nchunks) slots *= GROWTH;
  return slots;
}

/** Chunks that whoever reads the file by itself is shown. */
export interface Visible {
  readonly nchunks: number;
  readonly lastChunk: number;
}

type Named = Pick<SeriesRow, "kind" | "functionId" | "functionVersion" | "summary" | "tags">;

/**
 * The first bytes of a file, as they change: its header and metadata are of the same length
 * whatever its length is, and written in one call together with the slots in use.
 */
export class SeriesHead {
  /** File position of the first chunk. */
  readonly length: number;
  readonly slots: number;
  readonly #kind: SeriesKind;
  readonly #describe: (items: number, series: Metadata) => Metadata;
  readonly #room: number;
  /** Where the offsets table begins. */
  readonly #tableAt: number;
  /** All of the table. */
  readonly #table: Buffer;

  /** @param slots what {@link slotsFor} gives */
  constructor(address: Address, named: Named, slots: number) {
    const { kind } = named;
    this.#kind = kind;
    this.slots = slots;
    this.#describe = (items, series) => ({
      dtype: encodeDtype(parseDtype(kind.dtype)),
      shape: [items, ...kind.itemShape],
      order: "C",
      container: "numpy",
      bloscache: describeSeries(address, named, series),
    });
    this.#room = roomFor(this.#describe(Number.MAX_SAFE_INTEGER, null)) + NOTE_ROOM;
    this.#tableAt = HEADER_LENGTH + META_HEADER_LENGTH + this.#room + DIGEST_LENGTH;
    this.length = this.#tableAt + slots * OFFSET_LENGTH;
    this.#table = Buffer.alloc(slots * OFFSET_LENGTH, 0xff);
  }

  /** Where in a file the table begins. */
  get tablePosition(): number {
    return this.#tableAt;
  }

  /** Takes over the slots of the full chunks. @param table what {@link completeTable} gives */
  load(table: Uint8Array): void {
    this.#table.set(table);
  }

  positionOf(chunk: number): number {
    return Number(this.#table.readBigInt64LE(chunk * OFFSET_LENGTH));
  }

  place(chunk: number, position: number): void {
    this.#table.writeBigInt64LE(BigInt(position), chunk * OFFSET_LENGTH);
  }

  /** The slot is free again. */
  free(chunk: number): void {
    this.#table.fill(0xff, chunk * OFFSET_LENGTH, (chunk + 1) * OFFSET_LENGTH);
  }

  /** Of the slots of the first chunks. */
  digest(nchunks: number): bigint {
    return xxh64(this.#table.subarray(0, nchunks * OFFSET_LENGTH));
  }

  /**
   * The first bytes of the file, up to the slot behind the last chunk that is shown.
   *
   * @param committed what goes with all chunks of the series; left out where not all are shown
   */
  encode({ nchunks, lastChunk }: Visible, committed?: Committed): Uint8Array {
    const { chunkSize, itemBytes, dtype } = this.#kind;
    const plain = nchunks === 0 ? 0 : (nchunks - 1) * chunkSize + lastChunk;
    const header = encodeHeader({
      offsets: true,
      metadata: true,
      checksum: SERIES_CHECKSUM,
      typesize: typesizeOf(dtype),
      chunkSize,
      lastChunk,
      nchunks: BigInt(nchunks),
      maxAppChunks: BigInt(this.slots - nchunks),
    });
    const section = encodeMetadata(this.#describe(plain / itemBytes, describeCommit(committed)), {
      metaChecksum: "adler32",
      metaCodec: "None",
      maxMetaSize: this.#room,
    });
    const used = Math.min(this.slots, nchunks + 1) * OFFSET_LENGTH;
    return Buffer.concat([header, section, this.#table.subarray(0, used)]);
  }
}

/** Bytes that the shuffle groups by. */
export function typesizeOf(dtype: string): number {
  return parseDtype(dtype).itemsize;
}

/**
 * The slots of the full chunks: those that the file has, and those that only the row knows yet.
 *
 * @param table of the file; not changed
 * @throws an `Error` when they are not those that were written
 */
export function completeTable(
  { placed, tableDigest }: SeriesFile,
  nchunks: number,
  table: Uint8Array,
): Buffer {
  const slots = Buffer.from(table.subarray(0, nchunks * OFFSET_LENGTH));
  placed.forEach((position, i) => {
    slots.writeBigInt64LE(BigInt(position), (nchunks - placed.length + i) * OFFSET_LENGTH);
  });
  if (slots.byteLength === nchunks * OFFSET_LENGTH && xxh64(slots) === tableDigest) return slots;
  throw new Error("the digest of its offsets does not match");
}

/** Enough for any length; what follows it begins at a multiple of 8. */
function roomFor(longest: Metadata): number {
  const { length } = stringifyMetadata(longest);
  return length + ((8 - ((length + DIGEST_LENGTH) % 8)) % 8);
}

/**
 * The head of a file that holds some chunks of a series, where they are.
 *
 * @param lastChunk plain bytes of the last of them
 */
export function partialHead(
  { chunkSize, dtype }: SeriesKind,
  positions: readonly number[],
  lastChunk: number,
): Uint8Array {
  const header = encodeHeader({
    offsets: true,
    metadata: false,
    checksum: SERIES_CHECKSUM,
    typesize: typesizeOf(dtype),
    chunkSize,
    lastChunk,
    nchunks: BigInt(positions.length),
    maxAppChunks: 0n,
  });
  return Buffer.concat([header, encodeOffsets(positions, positions.length)]);
}

/** What of a series its file shows between two commits: everything. */
export function visibleOf({ nchunks, tailBytes, kind }: SeriesRow): Visible {
  if (tailBytes > 0) return { nchunks: nchunks + 1, lastChunk: tailBytes };
  return { nchunks, lastChunk: nchunks === 0 ? 0 : kind.chunkSize };
}

/** Bytes of a stored chunk at most. */
export function slotSizeOf({ chunkSize }: SeriesKind): number {
  return chunkSize + BLOSC_HEADER_LENGTH + DIGEST_LENGTH;
}
