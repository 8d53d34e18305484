/**
 * The row of a series, a result that grows: what of it is committed, and where that is. It has the
 * layout of every other row (`entry.ts`), so that what lists, removes or measures results need not
 * know of it:
 *
 *     arrays[0]   its file, of which the chunks that are full count; none while it is small
 *     arrays[1]   its last, partial chunk as it would be stored; empty when all chunks are full
 *     arrays[2…]  arrays of the note
 *     skeleton    JSON, {"$series": …}
 *
 * Full chunks never change. The partial one is replaced with every commit, so it is in the row: a
 * reader that has a row has all that it needs, whatever a writer does meanwhile.
 */
import type { ChecksumName } from "../blosc/checksum.ts";
import type { Entry, FileArray, InlineArray } from "./entry.ts";

/** What all rows of a series say alike. */
export interface SeriesKind {
  /** numpy's name of the items' elements, such as `"<f8"`. */
  readonly dtype: string;
  /** Of one item; `[]` for a number. */
  readonly itemShape: readonly number[];
  /** Bytes of an item. */
  readonly itemBytes: number;
  /** Plain bytes of a full chunk: whole items. */
  readonly chunkSize: number;
}

/** What was committed. */
export interface SeriesRow {
  readonly kind: SeriesKind;
  readonly functionId: string;
  readonly functionVersion: string;
  readonly summary: string;
  readonly tags: string;
  readonly stamp: number;
  /** When it was last committed, ms since 1970. */
  readonly createdMs: number;
  /** What computing all of it took, ms. */
  readonly durationMs: number;
  /** Full chunks. */
  readonly nchunks: number;
  /** `undefined` as long as the row holds everything. */
  readonly file: SeriesFile | undefined;
  /** The partial chunk as it is stored, digest included; empty without one. */
  readonly tail: Uint8Array;
  /** Plain bytes of it. */
  readonly tailBytes: number;
  /** The caller's, committed together with the items. */
  readonly note: SeriesNote;
}

/** Full chunks, in a file. */
export interface SeriesFile {
  /** Slots of its offsets table. */
  readonly slots: number;
  /** File position of the first chunk, and of what follows the last full one. */
  readonly start: number;
  readonly end: number;
  /**
   * Positions of the last of them, those that the last commit added: their slots of the table are
   * written only after it.
   */
  readonly placed: readonly number[];
  /** XXH64 of the slots of the full chunks. */
  readonly tableDigest: bigint;
}

/** Something small that the caller wants to find again with exactly these items. */
export interface SeriesNote {
  readonly text: string;
  readonly arrays: readonly InlineArray[];
}

/** Digest behind every chunk. */
export const SERIES_CHECKSUM: ChecksumName = "adler32";

export function plainBytesOf({ nchunks, kind, tailBytes }: SeriesRow): number {
  return nchunks * kind.chunkSize + tailBytes;
}

/** Items that are committed. */
export function lengthOf(row: SeriesRow): number {
  return plainBytesOf(row) / row.kind.itemBytes;
}

interface Described {
  readonly dtype: string;
  readonly itemShape: readonly number[];
  readonly itemBytes: number;
  readonly chunkSize: number;
  readonly nchunks: number;
  readonly slots: number;
  readonly placed: readonly number[];
  readonly tailBytes: number;
  readonly note: string;
}

const MARK = '{"$series":';
/** No class of a result's has it: rows of series are put together by nobody else. */
const SERIES_KIND = 254;
const NO_FILE: InlineArray = { kind: SERIES_KIND, plain: new Uint8Array() };

export function encodeSeries(row: SeriesRow): Entry {
  const { kind, nchunks, tailBytes, note, file, ...told } = row;
  const { functionId, functionVersion, summary, tags, stamp, createdMs, durationMs } = told;
  const described: Described = {
    ...kind,
    nchunks,
    slots: file?.slots ?? 0,
    placed: file?.placed ?? [],
    tailBytes,
    note: note.text,
  };
  return {
    ...{ functionId, functionVersion, summary, tags, stamp, createdMs, durationMs },
    ...{ isAsync: true, skeletonIsArray: false, threw: false },
    skeleton: `${MARK}${JSON.stringify(described)}}`,
    arrays: [
      file === undefined ? NO_FILE : fileArrayOf(file, nchunks * kind.chunkSize),
      { kind: SERIES_KIND, plain: row.tail },
      ...note.arrays,
    ],
  };
}

function fileArrayOf({ start, end, tableDigest }: SeriesFile, nbytes: number): FileArray {
  return { kind: SERIES_KIND, nbytes, cbytes: end, headLength: start, headDigest: tableDigest };
}

export function isSeries({ skeleton }: Entry): boolean {
  return skeleton.startsWith(MARK);
}

/** `undefined` for the row of any other result. */
export function decodeSeries(entry: Entry): SeriesRow | undefined {
  if (!isSeries(entry)) return undefined;
  const described = (JSON.parse(entry.skeleton) as { $series: Described }).$series;
  const { dtype, itemShape, itemBytes, chunkSize, nchunks, tailBytes, note } = described;
  const { functionId, functionVersion, summary, tags, stamp, createdMs, durationMs } = entry;
  const [first, tail, ...arrays] = entry.arrays;
  return {
    ...{ functionId, functionVersion, summary, tags, stamp, createdMs, durationMs },
    kind: { dtype, itemShape, itemBytes, chunkSize },
    nchunks,
    tailBytes,
    file: first === undefined || "plain" in first ? undefined : fileOf(first, described),
    tail: (tail as InlineArray).plain,
    note: { text: note, arrays: arrays as InlineArray[] },
  };
}

function fileOf(
  { headLength, cbytes, headDigest }: FileArray,
  { slots, placed }: Described,
): SeriesFile {
  return { slots, placed, start: headLength, end: cbytes, tableDigest: headDigest };
}
