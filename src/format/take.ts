/** Rows of an array, or bytes, by their indices: a few of many, from anywhere. */
import type { TakenChunk, TakenPiece } from "../blosc/chunk-files.ts";
import { allocate } from "../blosc/codec.ts";
import { type ChunkIndex, RegularIndex } from "./chunk-index.ts";
import { type Contents, plainBytes } from "./contents.ts";
import { type ArrayHeader, type Ndarray, viewArray } from "./ndarray.ts";
import { outerAxis } from "./slice.ts";
import { type Steps, takeFromFile } from "./steps.ts";

/** Which plain bytes are taken: rows of `width` bytes that begin at `starts`. */
interface TakePlan {
  readonly starts: Float64Array;
  readonly width: number;
  readonly finish: (plain: ArrayBuffer) => Ndarray | Uint8Array;
}

/** Pieces of one chunk, in the order of the file. */
interface Group {
  readonly chunk: number;
  readonly pieces: TakenPiece[];
}

/**
 * The rows at `indices`, in their order. Every chunk that holds one of them is verified whole, once.
 *
 * @param axis as for a slice
 * @throws {TypeError | RangeError} for an index that is no whole number, or none of a row; an axis
 * @throws {BloscpackError} for the first chunk that is bad
 */
export function* takeRows(
  contents: Contents,
  indices: ArrayLike<number>,
  axis: number | undefined,
): Steps<Ndarray | Uint8Array> {
  const plan = planTake(contents, indices, axis);
  const plain = allocate(plan.width * plan.starts.length);
  const bytes = new Uint8Array(plain);
  const groups = groupByChunk(contents.index, plan);
  const chunks = chunksInFile(contents, groups);
  const { checksum } = contents.head.header;
  if (chunks === undefined || !(yield* takeFromFile(chunks, bytes, checksum))) {
    for (const group of groups) yield* copyGroup(contents, group, bytes);
  }
  return plan.finish(plain);
}

function planTake(
  { array, index: { nbytes } }: Contents,
  indices: ArrayLike<number>,
  axis: number | undefined,
): TakePlan {
  if (typeof indices !== "object" || indices === null || !Number.isInteger(indices.length)) {
    throw new TypeError("Argument indices must be an array of numbers");
  }
  const bytes: Pick<ArrayHeader, "shape" | "order"> = { shape: [nbytes], order: "C" };
  const along = outerAxis(array ?? bytes, axis ?? 0);
  const length = (array ?? bytes).shape[along] as number;
  const width = length === 0 ? 0 : nbytes / length;
  const starts = Float64Array.from(indices, (index, i) => toRow(index, i, length) * width);
  if (array === undefined) return { starts, width, finish: (plain) => new Uint8Array(plain) };
  const shape = array.shape.with(along, starts.length);
  return { starts, width, finish: (plain) => viewArray({ ...array, shape }, plain) };
}

/** As `TypedArray.prototype.at` counts, from the end if negative. */
function toRow(index: unknown, i: number, length: number): number {
  if (!Number.isInteger(index)) {
    throw new TypeError(`indices[${i}] must be a whole number: got ${String(index)}`);
  }
  const row = (index as number) < 0 ? (index as number) + length : (index as number);
  if (row >= 0 && row < length) return row;
  throw new RangeError(`indices[${i}] is ${index}: there are ${length}`);
}

/** Rows may begin in one chunk and end in another. */
function groupByChunk(index: ChunkIndex, { starts, width }: TakePlan): Group[] {
  const groups = new Map<number, Group>();
  for (const [i, start] of starts.entries()) {
    for (let at = start; at < start + width; ) {
      const chunk = index.chunkAt(at);
      const end = Math.min(start + width, index.plainStart(chunk + 1));
      const group = groups.get(chunk) ?? { chunk, pieces: [] };
      const target = i * width + (at - start);
      group.pieces.push({ start: at - index.plainStart(chunk), target, nbytes: end - at });
      groups.set(chunk, group);
      at = end;
    }
  }
  for (const { pieces } of groups.values()) pieces.sort((a, b) => a.start - b.start);
  return [...groups.values()].sort((a, b) => a.chunk - b.chunk);
}

/** Where the chunks are, if the file's offsets say so. */
function chunksInFile(
  { head, index, fileSize }: Contents,
  groups: readonly Group[],
): TakenChunk[] | undefined {
  const { offsets } = head;
  if (offsets === undefined || !(index instanceof RegularIndex)) return undefined;
  return groups.map(({ chunk, pieces }) => {
    const isLast = chunk === index.nchunks - 1;
    return {
      position: offsets[chunk] as number,
      end: isLast ? fileSize : (offsets[chunk + 1] as number),
      isLast,
      nbytes: index.plainStart(chunk + 1) - index.plainStart(chunk),
      pieces,
    };
  });
}

function* copyGroup(
  contents: Contents,
  { chunk, pieces }: Group,
  target: Uint8Array,
): Steps<undefined> {
  const base = contents.index.plainStart(chunk);
  // In the order of the file, and none reaches beyond the next one's end: they are as wide.
  const first = (pieces[0] as TakenPiece).start;
  const last = pieces.at(-1) as TakenPiece;
  const end = last.start + last.nbytes;
  const bytes = new Uint8Array(yield* plainBytes(contents, base + first, base + end));
  for (const piece of pieces) {
    const from = piece.start - first;
    target.set(bytes.subarray(from, from + piece.nbytes), piece.target);
  }
  return undefined;
}
