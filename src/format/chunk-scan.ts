/**
 * The chunks of a file whose header and offsets cannot be relied on: found by their own headers,
 * from the first to where the file or its sense ends. What header and table say otherwise becomes
 * a warning. What a chunk says of itself, and its digest, count as ever.
 */
import { checksumSize } from "../blosc/checksum.ts";
import { BloscpackError } from "../errors.ts";
import { type Batch, type ChunkIndex, RegularIndex } from "./chunk-index.ts";
import { maxPlain } from "./chunk-walk.ts";
import { BLOSC_HEADER_LENGTH, UNKNOWN } from "./constants.ts";
import type { Head } from "./head.ts";
import { read, type Steps } from "./steps.ts";

/** Is told of what a strict reader would have refused. */
export type Warn = (warning: string) => void;

interface Place {
  readonly position: number;
  /** Stored bytes, digest included. */
  readonly length: number;
  /** Plain bytes. */
  readonly nbytes: number;
}

/** The index of a file that need not be sound; of a sound one, the same that a strict reader has. */
export function* scanChunks(head: Head, fileSize: number, warn: Warn): Steps<ChunkIndex> {
  const found = yield* findPlaces(head, fileSize);
  const ordered = inTableOrder(head.offsets, found);
  const places = ordered ?? found;
  const missing = [...wrongCount(head, places)];
  const lies = [...missing, ...wrongSizes(head, places)];
  if (ordered === undefined) {
    lies.push("OFFSET_MISMATCH: the offsets are not those of the chunks, and are not used");
  }
  lies.forEach(warn);
  if (head.header.offsets && head.offsets === undefined && head.header.nchunks > 0n) {
    warn("the offsets table is not used: it was never written, or not well");
  }
  const last = found.at(-1);
  const rest = fileSize - (last === undefined ? head.length : last.position + last.length);
  if (rest > 0 && missing.length === 0) warn(`${rest} bytes follow the last chunk`);
  const inFileOrder = places.every((place, i) => place === found[i]);
  if (lies.length === 0 && inFileOrder) return yield* RegularIndex.open(head, fileSize);
  return new ScannedIndex(places);
}

function* findPlaces(head: Head, fileSize: number): Steps<Place[]> {
  const digestSize = checksumSize(head.header.checksum);
  const most = head.header.nchunks === -1n ? Number.POSITIVE_INFINITY : Number(head.header.nchunks);
  const places: Place[] = [];
  let position = head.length;
  while (places.length < most && position + BLOSC_HEADER_LENGTH <= fileSize) {
    const bytes = yield* read(position, BLOSC_HEADER_LENGTH);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const cbytes = view.getUint32(12, true);
    const length = cbytes + digestSize;
    if (cbytes < BLOSC_HEADER_LENGTH || position + length > fileSize) break;
    places.push({ position, length, nbytes: view.getUint32(4, true) });
    position += length;
  }
  return places;
}

/**
 * The chunks as the table orders them. When the file has fewer than the table, those up to the
 * first that is missing; when the table names what is no chunk, `undefined`.
 */
function inTableOrder(
  offsets: Float64Array | undefined,
  found: readonly Place[],
): readonly Place[] | undefined {
  if (offsets === undefined) return found;
  const unused = new Map(found.map((place) => [place.position, place]));
  const ordered: Place[] = [];
  for (const offset of offsets) {
    const place = unused.get(offset);
    if (place === undefined) break;
    unused.delete(offset);
    ordered.push(place);
  }
  return unused.size === 0 || found.length < offsets.length ? ordered : undefined;
}

function* wrongCount({ header }: Head, places: readonly Place[]): Generator<string> {
  if (header.nchunks === -1n || BigInt(places.length) === header.nchunks) return;
  yield `TRUNCATED: ${places.length} of ${header.nchunks} chunks are there`;
}

function* wrongSizes({ header }: Head, places: readonly Place[]): Generator<string> {
  const complete = header.nchunks === -1n || BigInt(places.length) === header.nchunks;
  for (const [i, { nbytes }] of places.entries()) {
    const isLast = complete && i === places.length - 1;
    const expected = isLast ? header.lastChunk : header.chunkSize;
    if (expected === UNKNOWN || nbytes === expected) continue;
    yield `CHUNK_NBYTES: chunk ${i} holds ${nbytes} plain bytes, the header says ${expected}`;
    return;
  }
}

/** Chunks of any size, anywhere. */
class ScannedIndex implements ChunkIndex {
  readonly #places: readonly Place[];
  /** What {@link plainStart} returns. */
  readonly #starts: readonly number[];

  constructor(places: readonly Place[]) {
    let end = 0;
    this.#places = places;
    this.#starts = [0, ...places.map(({ nbytes }) => (end += nbytes))];
  }

  get nchunks(): number {
    return this.#places.length;
  }

  get nbytes(): number {
    return this.plainStart(this.nchunks);
  }

  plainStart(chunk: number): number {
    return this.#starts[chunk] as number;
  }

  chunkAt(offset: number): number {
    return this.#starts.findLastIndex((start) => start <= offset);
  }

  *batch(first: number, _stop: number): Steps<Batch> {
    const { position, length, nbytes } = this.#places[first] as Place;
    const window = yield* read(position, length);
    const codec = (window[2] as number) >> 5;
    const most = maxPlain(length, codec) ?? 0;
    if (nbytes > most) {
      const reason = `${length} bytes of codec ${codec} cannot hold the ${nbytes} plain bytes they promise`;
      const at = { section: "chunk", chunk: first, offset: position } as const;
      throw new BloscpackError("DECOMPRESS", reason, at);
    }
    const run = {
      positions: Float64Array.of(0),
      chunkSize: nbytes,
      first,
      plainStart: this.plainStart(first),
      plainEnd: this.plainStart(first + 1),
    };
    return { window, start: position, run };
  }
}
