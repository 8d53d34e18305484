/**
 * Where the chunks of a file are, for a reader that goes straight to one of them: by the offsets
 * table; without one, by the headers of the chunks before it, whose places are remembered.
 */
import { checksumSize } from "../blosc/checksum.ts";
import { type ChunkRun, ChunkWalk, isAnnounced } from "./chunk-walk.ts";
import { BLOSC_HEADER_LENGTH } from "./constants.ts";
import type { Head } from "./head.ts";
import { read, readBatch, type Steps } from "./steps.ts";

/** Chunks that are at hand: their stored bytes, and where these are in the file. */
export interface Batch {
  readonly window: Uint8Array;
  readonly start: number;
  readonly run: ChunkRun;
}

export interface ChunkIndex {
  readonly nchunks: number;
  /** Plain bytes of all chunks. */
  readonly nbytes: number;
  /** How many plain bytes stand before a chunk; of `nchunks`, all. */
  plainStart(chunk: number): number;
  /** The chunk which holds a plain byte. */
  chunkAt(offset: number): number;
  /**
   * Reads chunks from `first` on, at least that one, none of `stop` or behind it. Their headers
   * agree with the file's; their digests are not verified yet.
   */
  batch(first: number, stop: number): Steps<Batch>;
  /** Stored bytes from a chunk up to another, as far as a table tells. */
  extent?(first: number, stop: number): { start: number; length: number } | undefined;
}

/** Chunks in a row, each of the size that the header says: every strict reader's. */
export class RegularIndex implements ChunkIndex {
  readonly nchunks: number;
  readonly nbytes: number;
  readonly #fileSize: number;
  readonly #walk: ChunkWalk;
  readonly #offsets: Float64Array | undefined;
  /** Without a table: the places of the first chunks, as far as they have been looked for. */
  readonly #places: number[];
  readonly #overhead: number;

  /** @throws {BloscpackError} what {@link ChunkWalk} throws for the headers that it has to read */
  static *open(head: Head, fileSize: number): Steps<RegularIndex> {
    const walk = new ChunkWalk(head, fileSize);
    if (isAnnounced(head)) {
      const nchunks = Number(head.header.nchunks);
      return new RegularIndex(head, fileSize, walk, { nchunks, nbytes: walk.announced() });
    }
    const places: number[] = [];
    while (!walk.ended) {
      places.push(walk.position);
      walk.step(yield* read(walk.position, BLOSC_HEADER_LENGTH));
    }
    const found = { nchunks: places.length, nbytes: walk.nbytes, places };
    return new RegularIndex(head, fileSize, walk, found);
  }

  private constructor(
    head: Head,
    fileSize: number,
    walk: ChunkWalk,
    found: { nchunks: number; nbytes: number; places?: number[] },
  ) {
    this.nchunks = found.nchunks;
    this.nbytes = found.nbytes;
    this.#fileSize = fileSize;
    this.#walk = walk;
    this.#offsets = head.offsets;
    this.#places = found.places ?? [head.length];
    this.#overhead = BLOSC_HEADER_LENGTH + checksumSize(head.header.checksum);
  }

  plainStart(chunk: number): number {
    return chunk === this.nchunks ? this.nbytes : chunk * Math.max(this.#walk.chunkSize, 0);
  }

  chunkAt(offset: number): number {
    return Math.floor(offset / this.#walk.chunkSize);
  }

  *batch(first: number, stop: number): Steps<Batch> {
    const start = yield* this.#find(first);
    this.#walk.seek(first, start);
    const plain = this.plainStart(stop) - this.plainStart(first);
    // Without a table a single chunk is read by its header, so that no byte behind it is.
    const unknown = stop - first === 1 ? BLOSC_HEADER_LENGTH : this.#most(first, stop);
    let window = yield* readBatch(start, this.extent(first, stop)?.length ?? unknown);
    for (;;) {
      const run = this.#walk.take(window, plain);
      if (typeof run !== "number") {
        this.#remember(run, start);
        return { window: window.subarray(0, this.#walk.position - start), start, run };
      }
      window = yield* read(start, run);
    }
  }

  extent(first: number, stop: number): { start: number; length: number } | undefined {
    if (this.#offsets === undefined || first === stop) return undefined;
    const start = this.#offsets[first] as number;
    const end = stop < this.nchunks ? (this.#offsets[stop] as number) : this.#fileSize;
    const length = Math.max(BLOSC_HEADER_LENGTH, end - start);
    return { start, length: Math.min(length, this.#most(first, stop)) };
  }

  /** Stored bytes that chunks can have. */
  #most(first: number, stop: number): number {
    return this.plainStart(stop) - this.plainStart(first) + (stop - first) * this.#overhead;
  }

  *#find(chunk: number): Steps<number> {
    if (this.#offsets !== undefined) return this.#offsets[chunk] as number;
    for (let last = this.#places.length - 1; last < chunk; last++) {
      const place = this.#places[last] as number;
      this.#walk.seek(last, place);
      this.#walk.step(yield* read(place, BLOSC_HEADER_LENGTH));
      this.#places.push(this.#walk.position);
    }
    return this.#places[chunk] as number;
  }

  #remember({ first, positions }: ChunkRun, start: number): void {
    if (this.#offsets !== undefined) return;
    for (let i = 1; i < positions.length; i++) {
      this.#places[first + i] = start + (positions[i] as number);
    }
    this.#places[first + positions.length] = this.#walk.position;
  }
}
