/**
 * Reading what of a series is committed. Of the file only the chunks that the row calls full are
 * looked at, and the slots that say where they are; its header is for others, and may be of any
 * moment. So a reader waits for nobody, and sees what its row says or that it is gone.
 */
import { StoreError } from "../errors.ts";
import { HEADER_LENGTH, OFFSET_LENGTH } from "../format/constants.ts";
import { decodeHeader } from "../format/header.ts";
import {
  type BytesReader,
  type BytesReaderSync,
  openSource,
  openSourceSync,
} from "../format/reader.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "../format/source.ts";
import { withFile, withFileSync } from "./file-io.ts";
import { completeTable, virtualHead, visibleOf } from "./series-head.ts";
import type { SeriesFile, SeriesRow } from "./series-row.ts";

/** Some plain bytes of a series. */
export interface SeriesPart {
  readonly plain: ArrayBuffer;
  /** Whether the file shows to others what the row says: not if a writer was killed, or is at work. */
  readonly isShown: boolean;
}

/**
 * The plain bytes from `start` to `stop`, verified and in memory of their own.
 *
 * @throws {StoreError} when the file cannot be read, or is not the one that was written
 */
export async function readSeries(
  path: string,
  row: SeriesRow,
  start: number,
  stop: number,
): Promise<SeriesPart> {
  try {
    if (row.file === undefined) return { plain: readRow(row, start, stop), isShown: true };
    const { file } = row;
    return await withFile(path, async (source) => {
      const head = Uint8Array.from(await source.read(0, file.start));
      const spliced = new SplicedSource(partsOf(row, head), source);
      const reader = (await openSource(spliced, AS_BYTES, () => {})) as BytesReader;
      const plain = (await reader.slice(start, stop)).buffer as ArrayBuffer;
      return { plain, isShown: shows(head, row) };
    });
  } catch (error) {
    throw new StoreError("read", path, error);
  }
}

/** {@link readSeries}, synchronously. */
export function readSeriesSync(
  path: string,
  row: SeriesRow,
  start: number,
  stop: number,
): SeriesPart {
  try {
    if (row.file === undefined) return { plain: readRow(row, start, stop), isShown: true };
    const { file } = row;
    return withFileSync(path, (source) => {
      const head = Uint8Array.from(source.read(0, file.start));
      const spliced = new SplicedSourceSync(partsOf(row, head), source);
      const reader = openSourceSync(spliced, AS_BYTES, () => {}) as BytesReaderSync;
      const plain = reader.slice(start, stop).buffer as ArrayBuffer;
      return { plain, isShown: shows(head, row) };
    });
  } catch (error) {
    throw new StoreError("read", path, error);
  }
}

const AS_BYTES = { as: "bytes" } as const;

/** Of a series that is in its row. */
function readRow(row: SeriesRow, start: number, stop: number): ArrayBuffer {
  if (row.tailBytes === 0) return new ArrayBuffer(0);
  const bytes = Buffer.concat([virtualHead(row, NOTHING), row.tail]);
  const reader = openSourceSync(new MemorySource(bytes), AS_BYTES, () => {}) as BytesReaderSync;
  return reader.slice(start, stop).buffer as ArrayBuffer;
}

const NOTHING = new Uint8Array();

/** @param head what the file has before its first chunk */
function partsOf(row: SeriesRow, head: Uint8Array): Parts {
  const file = row.file as SeriesFile;
  const table = head.subarray(file.start - file.slots * OFFSET_LENGTH);
  const slots = completeTable(file, row.nchunks, table);
  return { head: virtualHead(row, slots), end: file.end, tail: row.tail };
}

function shows(head: Uint8Array, row: SeriesRow): boolean {
  const { nchunks, lastChunk } = visibleOf(row);
  try {
    const header = decodeHeader(head.subarray(0, HEADER_LENGTH));
    return header.nchunks === BigInt(nchunks) && header.lastChunk === lastChunk;
  } catch {
    return false;
  }
}

/** A Bloscpack file: a head, the chunks of a file from its end on to `end`, and a last chunk. */
interface Parts {
  readonly head: Uint8Array;
  readonly end: number;
  readonly tail: Uint8Array;
}

/** Of a stretch of such a file, what is in its file: the rest is in memory. */
function stretchOf({ head, end, tail }: Parts, position: number, length: number) {
  const stop = Math.min(position + length, end + tail.byteLength);
  const from = Math.min(Math.max(position, head.byteLength), end);
  const to = Math.max(from, Math.min(stop, end));
  const join = (middle: Uint8Array) => {
    if (middle.byteLength < to - from) throw new Error("the file is shorter than its row says");
    if (to - from === stop - position) return middle;
    const before = head.subarray(
      Math.min(position, head.byteLength),
      Math.min(stop, head.byteLength),
    );
    const behind = tail.subarray(Math.max(0, position - end), Math.max(0, stop - end));
    return Buffer.concat([before, middle, behind]);
  };
  return { from, length: to - from, join };
}

class SplicedSource implements ByteSource {
  readonly size: number;
  readonly batchBytes: number;
  readonly #parts: Parts;
  readonly #file: ByteSource;

  constructor(parts: Parts, file: ByteSource) {
    this.size = parts.end + parts.tail.byteLength;
    this.batchBytes = file.batchBytes;
    this.#parts = parts;
    this.#file = file;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const stretch = stretchOf(this.#parts, position, length);
    if (stretch.length === 0) return stretch.join(NOTHING);
    return stretch.join(await this.#file.read(stretch.from, stretch.length));
  }
}

class SplicedSourceSync implements ByteSourceSync {
  readonly size: number;
  readonly batchBytes: number;
  readonly #parts: Parts;
  readonly #file: ByteSourceSync;

  constructor(parts: Parts, file: ByteSourceSync) {
    this.size = parts.end + parts.tail.byteLength;
    this.batchBytes = file.batchBytes;
    this.#parts = parts;
    this.#file = file;
  }

  read(position: number, length: number): Uint8Array {
    const stretch = stretchOf(this.#parts, position, length);
    if (stretch.length === 0) return stretch.join(NOTHING);
    return stretch.join(this.#file.read(stretch.from, stretch.length));
  }
}
