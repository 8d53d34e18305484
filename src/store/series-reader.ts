/**
 * Reading what of a series is committed. Of the file only the chunks that the row calls full are
 * looked at, and the slots that say where they are; its header is for others, and may be of any
 * moment. So a reader waits for nobody, and sees what its row says or that it is gone.
 */
import { BloscpackError, StoreError } from "../errors.ts";
import { HEADER_LENGTH, OFFSET_LENGTH } from "../format/constants.ts";
import { decodeHeader } from "../format/header.ts";
import { openSource, openSourceSync } from "../format/reader.ts";
import { type ByteSource, type ByteSourceSync, MemorySource } from "../format/source.ts";
import { withFile, withFileSync } from "./file-io.ts";
import { completeTable, partialHead, visibleOf } from "./series-head.ts";
import { plainBytesOf, type SeriesFile, type SeriesRow } from "./series-row.ts";

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
  if (start >= stop) return EMPTY;
  try {
    if (row.file === undefined) return readRow(row, start, stop);
    return await withFile(path, async (source) => {
      const head = Uint8Array.from(await source.read(0, headLengthOf(row)));
      const window = windowOf(row, head, start, stop);
      const reader = await openSource(new WindowSource(window, source), AS_BYTES, nothing);
      const plain = await reader.slice(start - window.start, stop - window.start);
      return { plain: bufferOf(plain), isShown: shows(head, row) };
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
  if (start >= stop) return EMPTY;
  try {
    if (row.file === undefined) return readRow(row, start, stop);
    return withFileSync(path, (source) => {
      const head = Uint8Array.from(source.read(0, headLengthOf(row)));
      const window = windowOf(row, head, start, stop);
      const reader = openSourceSync(new WindowSourceSync(window, source), AS_BYTES, nothing);
      const plain = reader.slice(start - window.start, stop - window.start);
      return { plain: bufferOf(plain), isShown: shows(head, row) };
    });
  } catch (error) {
    throw new StoreError("read", path, error);
  }
}

/**
 * Reads all that is committed in the file, and keeps nothing: what is wrong with it; `undefined`
 * for nothing.
 *
 * @param onRead called with what has been read, stored bytes
 * @throws the system's error when it cannot be read
 */
export async function findSeriesFault(
  path: string,
  row: SeriesRow,
  onRead: (cbytes: number) => void,
): Promise<string | undefined> {
  try {
    return await withFile(path, async (file) => {
      const head = Uint8Array.from(await file.read(0, headLengthOf(row)));
      const window = windowOf(row, head, 0, plainBytesOf(row));
      const read = (position: number, length: number) => {
        onRead(position);
        return file.read(position, length);
      };
      const source = new WindowSource(window, { ...file, read });
      const { faults } = await (await openSource(source, AS_BYTES, nothing)).verify();
      return faults[0]?.message;
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== undefined && !(error instanceof BloscpackError)) {
      throw error;
    }
    return (error as Error).message;
  }
}

const AS_BYTES = { as: "bytes" } as const;
const EMPTY: SeriesPart = { plain: new ArrayBuffer(0), isShown: true };
const NOTHING = new Uint8Array();

function nothing(): void {}

/** Of a reader of bytes. */
function bufferOf(slice: unknown): ArrayBuffer {
  return (slice as Uint8Array).buffer as ArrayBuffer;
}

/** Of a series that is in its row. */
function readRow({ kind, tail, tailBytes }: SeriesRow, start: number, stop: number): SeriesPart {
  const head = partialHead(kind, [HEADER_LENGTH + OFFSET_LENGTH], tailBytes);
  const source = new MemorySource(Buffer.concat([head, tail]));
  const plain = openSourceSync(source, AS_BYTES, nothing).slice(start, stop);
  return { plain: bufferOf(plain), isShown: true };
}

/** What of the file says where its full chunks are. */
function headLengthOf({ file, nchunks }: SeriesRow): number {
  const { start, slots } = file as SeriesFile;
  return start - (slots - nchunks) * OFFSET_LENGTH;
}

function shows(head: Uint8Array, row: SeriesRow): boolean {
  const { nchunks, lastChunk } = visibleOf(row);
  try {
    const header = decodeHeader(head);
    return header.nchunks === BigInt(nchunks) && header.lastChunk === lastChunk;
  } catch {
    return false;
  }
}

/** Some chunks of a series as a Bloscpack file: a head, their part of the file, and perhaps the last one. */
interface Window {
  /** Plain bytes of the series before them. */
  readonly start: number;
  readonly head: Uint8Array;
  /** Where in the file they end. */
  readonly end: number;
  /** The partial chunk, if it is one of them. */
  readonly tail: Uint8Array;
}

/** @param head what {@link headLengthOf} tells */
function windowOf(row: SeriesRow, head: Uint8Array, start: number, stop: number): Window {
  const { kind, nchunks, tailBytes, tail } = row;
  const file = row.file as SeriesFile;
  const table = completeTable(
    file,
    nchunks,
    head.subarray(-nchunks * OFFSET_LENGTH || head.length),
  );
  const positionOf = (chunk: number) =>
    chunk < nchunks ? Number(table.readBigInt64LE(chunk * OFFSET_LENGTH)) : file.end;
  const first = Math.floor(start / kind.chunkSize);
  const behind = Math.ceil(stop / kind.chunkSize);
  const positions = Array.from({ length: behind - first }, (_, i) => positionOf(first + i));
  const hasTail = behind > nchunks;
  return {
    start: first * kind.chunkSize,
    head: partialHead(kind, positions, hasTail ? tailBytes : kind.chunkSize),
    end: hasTail ? file.end : positionOf(behind),
    tail: hasTail ? tail : NOTHING,
  };
}

/** Of a stretch of such a file, what is in its file: the rest is in memory. */
function stretchOf({ head, end, tail }: Window, position: number, length: number) {
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

class WindowSource implements ByteSource {
  readonly size: number;
  readonly batchBytes: number;
  readonly #window: Window;
  readonly #file: ByteSource;

  constructor(window: Window, file: ByteSource) {
    this.size = window.end + window.tail.byteLength;
    this.batchBytes = file.batchBytes;
    this.#window = window;
    this.#file = file;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const stretch = stretchOf(this.#window, position, length);
    if (stretch.length === 0) return stretch.join(NOTHING);
    return stretch.join(await this.#file.read(stretch.from, stretch.length));
  }
}

class WindowSourceSync implements ByteSourceSync {
  readonly size: number;
  readonly batchBytes: number;
  readonly #window: Window;
  readonly #file: ByteSourceSync;

  constructor(window: Window, file: ByteSourceSync) {
    this.size = window.end + window.tail.byteLength;
    this.batchBytes = file.batchBytes;
    this.#window = window;
    this.#file = file;
  }

  read(position: number, length: number): Uint8Array {
    const stretch = stretchOf(this.#window, position, length);
    if (stretch.length === 0) return stretch.join(NOTHING);
    return stretch.join(this.#file.read(stretch.from, stretch.length));
  }
}
