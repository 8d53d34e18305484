/** Rows, written again from what the files of a result say of it. */
import fs from "node:fs";
import { checksumSize } from "../blosc/checksum.ts";
import { BLOSC_HEADER_LENGTH, OFFSET_LENGTH } from "../format/constants.ts";
import { type Head, readHeadSync } from "../format/head.ts";
import { decodeArrayHeader } from "../format/ndarray.ts";
import type { ByteSourceSync } from "../format/source.ts";
import { type Description, parseDescription } from "./description.ts";
import { SKELETON_KIND } from "./draft.ts";
import type { Entry, FileArray } from "./entry.ts";
import { withFileSync } from "./file-io.ts";
import { xxh64 } from "./hash.ts";
import { parseSeriesDescription, type SeriesDescription } from "./series-description.ts";
import { encodeSeries, SERIES_CHECKSUM } from "./series-row.ts";

export interface RecoveredRow {
  /** Its key. */
  readonly row: Uint8Array;
  readonly entry: Entry;
  readonly isPinned: boolean;
}

/**
 * The row that spoke of these files.
 *
 * @param stamp that is part of their names
 * @param paths by the numbers in their names
 * @throws {BloscpackError} for a damaged file, an `Error` for what is no whole result of this
 *   release, the system's error when a file cannot be read
 */
export function recoverRow(stamp: number, paths: ReadonlyMap<number, string>): RecoveredRow {
  const first = readPart(pathOf(paths, 0), stamp);
  if ("entry" in first) return first;
  const { row, arrays: count, isPinned } = first.said;
  const parts = [first];
  for (let n = 1; n < count; n++) {
    const part = readPart(pathOf(paths, n), stamp);
    if ("entry" in part) throw new Error("it is a series, and its name says that it is not");
    parts.push(part);
  }
  parts.forEach(({ said }, n) => {
    const isOurs = said.array === n && said.arrays === count && Buffer.compare(said.row, row) === 0;
    if (!isOurs) throw new Error(`its files do not belong together: see array ${n}`);
  });
  return { row, entry: entryOf(stamp, parts), isPinned };
}

function pathOf(paths: ReadonlyMap<number, string>, n: number): string {
  const path = paths.get(n);
  if (path === undefined) throw new Error(`the file of its array ${n} is missing`);
  return path;
}

/** One file of a result. */
interface Part {
  readonly said: Description;
  readonly facts: FileArray;
}

/** A series is one file, and so a row. */
function readPart(path: string, stamp: number): Part | RecoveredRow {
  return withFileSync(path, (source) => {
    const head = readHeadSync(source);
    const series = parseSeriesDescription(head.metadata);
    if (series !== undefined) {
      const named = { stamp, createdMs: Math.floor(fs.statSync(path).mtimeMs), ...series };
      return recoverSeries(source, head, named);
    }
    const said = parseDescription(head.metadata);
    if (said === undefined) throw new Error("it does not say enough of its result");
    const facts = {
      kind: said.kind,
      nbytes: plainBytesOf(head),
      cbytes: source.size,
      headLength: head.length,
      headDigest: xxh64(source.read(0, head.length)),
    };
    return { said, facts };
  });
}

function entryOf(stamp: number, parts: readonly Part[]): Entry {
  const { row, array, arrays: count, kind, isPinned, ...told } = (parts[0] as Part).said;
  const arrays = parts.map(({ facts }) => facts);
  if (told.skeletonIsArray !== (arrays.at(-1)?.kind === SKELETON_KIND)) {
    throw new Error("it does not say where its arrays belong");
  }
  return { ...told, stamp, arrays };
}

function plainBytesOf({ header: { nchunks, chunkSize, lastChunk } }: Head): number {
  return nchunks === 0n ? 0 : (Number(nchunks) - 1) * chunkSize + lastChunk;
}

/** What the file shows is what was committed; the last chunk, if it is not full, belongs into the row. */
function recoverSeries(
  source: ByteSourceSync,
  head: Head,
  { row, ...told }: SeriesDescription & Pick<Entry, "stamp" | "createdMs">,
): RecoveredRow {
  const { nchunks: shown, maxAppChunks, chunkSize, lastChunk } = head.header;
  const count = Number(shown);
  const last = head.offsets?.at(-1);
  if (last === undefined) throw new Error("the series shows no chunk");
  const stored = readChunk(source, last);
  const isChunk =
    stored.byteLength <= chunkSize + BLOSC_HEADER_LENGTH + checksumSize(SERIES_CHECKSUM);
  // It would be all of the file that goes into the row.
  if (!isChunk) throw new Error("its last chunk is damaged");
  const hasTail = lastChunk < chunkSize;
  const nchunks = hasTail ? count - 1 : count;
  const slots = count + Number(maxAppChunks);
  const tableAt = head.length - slots * OFFSET_LENGTH;
  const table = source.read(tableAt, nchunks * OFFSET_LENGTH);
  const { dtype, shape } = decodeArrayHeader(head.metadata);
  const itemShape = shape.slice(1);
  const itemBytes = itemShape.reduce((product, n) => product * n, dtype.itemsize);
  const entry = encodeSeries({
    ...told,
    nchunks,
    kind: { dtype: dtype.name, itemShape, itemBytes, chunkSize },
    file: {
      ...{ slots, placed: [], start: head.length, tableDigest: xxh64(table) },
      end: hasTail ? last : last + stored.byteLength,
    },
    tail: hasTail ? stored : new Uint8Array(),
    tailBytes: hasTail ? lastChunk : 0,
  });
  return { row, entry, isPinned: false };
}

/** A chunk as it is stored, digest included, in memory of its own. */
function readChunk(source: ByteSourceSync, position: number): Uint8Array {
  const { buffer, byteOffset } = source.read(position, BLOSC_HEADER_LENGTH);
  const cbytes = new DataView(buffer, byteOffset).getUint32(12, true);
  return Uint8Array.from(source.read(position, cbytes + checksumSize(SERIES_CHECKSUM)));
}
