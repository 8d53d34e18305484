/** What is appended, cut into chunks of which the first begins with the old last chunk's bytes. */
import type { Source } from "../format/endpoints.ts";
import { PieceCursor } from "../format/piece-cursor.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import { type Pieces, PiecesSource } from "../format/stream-endpoints.ts";
import { type Steps, step } from "./steps.ts";

/** What can be appended: bytes, or anything that gives them bit by bit. */
export type AppendSource = Uint8Array | Pieces | Source;

/** Plain bytes that are read in steps. */
export interface PlainInput {
  /** All of them, if they are at hand. */
  readonly bytes: Uint8Array | undefined;
  /** Fills `target` from its start; 0 at the end. */
  read(target: Uint8Array): Steps<number>;
  close(): Steps<void>;
}

/** @throws {TypeError} for what gives no bytes */
export function inputOf(source: AppendSource): PlainInput {
  if (source instanceof Uint8Array) return new BytesInput(source);
  if (typeof source !== "object" || source === null) throw notASource(source);
  if ("read" in source && typeof source.read === "function" && !isIterable(source)) {
    return new SourceInput(source as Source, undefined);
  }
  if (!isIterable(source)) throw notASource(source);
  return new SourceInput(new PiecesSource(source), source);
}

function isIterable(source: object): source is Pieces {
  return Symbol.iterator in source || Symbol.asyncIterator in source;
}

function notASource(source: unknown): TypeError {
  return new TypeError(
    `What is appended must be a Uint8Array, an iterable of them, or a source: got ${String(source)}`,
  );
}

class BytesInput implements PlainInput {
  readonly bytes: Uint8Array;
  readonly #cursor = new PieceCursor();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#cursor.accept({ value: bytes });
  }

  // biome-ignore lint/correctness/useYield: nothing has to be waited for
  *read(target: Uint8Array): Steps<number> {
    return this.#cursor.read(target);
  }

  *close(): Steps<void> {}
}

class SourceInput implements PlainInput {
  readonly bytes: undefined;
  readonly #source: Source;
  readonly #pieces: Pieces | undefined;
  readonly #now: SyncPieces | undefined;
  #nbytes: number | undefined;

  constructor(source: Source, pieces: Pieces | undefined) {
    this.#source = source;
    this.#pieces = pieces;
    if (pieces !== undefined && Symbol.iterator in pieces) this.#now = new SyncPieces(pieces);
  }

  *read(target: Uint8Array): Steps<number> {
    this.#nbytes ??= 0;
    const n = yield* this.#read(target);
    this.#nbytes += n;
    this.#checkSize(this.#nbytes, n === 0);
    return n;
  }

  /** A source that says its size must keep to it, or something is lost. @throws {RangeError} */
  #checkSize(nbytes: number, ended: boolean): void {
    const { size } = this.#source;
    if (size === undefined || (ended ? nbytes === size : nbytes <= size)) return;
    const found = ended ? `ended after ${nbytes}` : `gave ${nbytes}`;
    throw new RangeError(`The source announced ${size} bytes and ${found}`);
  }

  #read(target: Uint8Array): Steps<number> {
    return step(
      () => {
        if (this.#now !== undefined) return this.#now.read(target);
        const n = this.#source.read(target);
        if (typeof n === "number") return n;
        n.catch(() => undefined);
        throw new TypeError("What is appended synchronously must not have to be awaited");
      },
      async () => this.#source.read(target),
    );
  }

  close(): Steps<void> {
    // The iteration of a stream ends the stream only if it has begun.
    if (this.#nbytes === undefined) destroy(this.#pieces);
    return step(
      () => (this.#now === undefined ? void this.#source.close?.() : this.#now.close()),
      async () => this.#source.close?.(),
    );
  }
}

function destroy(pieces: Pieces | undefined): void {
  const stream = pieces as { destroy?: unknown } | undefined;
  if (typeof stream?.destroy === "function") stream.destroy();
}

/** {@link PiecesSource} without waiting. */
class SyncPieces {
  readonly #iterator: Iterator<Uint8Array>;
  readonly #cursor = new PieceCursor();

  constructor(pieces: Iterable<Uint8Array>) {
    this.#iterator = pieces[Symbol.iterator]();
  }

  read(target: Uint8Array): number {
    while (this.#cursor.wantsNext) this.#cursor.accept(this.#iterator.next());
    return this.#cursor.read(target);
  }

  close(): void {
    if (!this.#cursor.ended) this.#iterator.return?.();
  }
}

/** Gives the chunks in batches. Bytes at hand are not copied where a chunk lies within them. */
export class ChunkFeed {
  /** Plain bytes that were added, of those given so far. */
  nbytes = 0;
  readonly #input: PlainInput;
  readonly #chunkSize: number;
  #carry: Uint8Array;
  #scratch: Uint8Array = new Uint8Array();
  #ended = false;

  /** @param carry what the first chunk begins with: fewer bytes than a chunk takes */
  constructor(input: PlainInput, carry: Uint8Array, chunkSize: number) {
    this.#input = input;
    this.#carry = carry;
    this.#chunkSize = chunkSize;
  }

  /** Up to `count` chunks, all full but the very last; none when there is nothing more to add. */
  *next(count: number): Steps<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    while (chunks.length < count && !this.#ended) {
      const chunk = this.#view() ?? (yield* this.#fill(chunks.length, count));
      if (chunk !== undefined) chunks.push(chunk);
    }
    return chunks;
  }

  release(): void {
    if (this.#scratch.byteLength > 0) giveBack(this.#scratch);
  }

  /** The next chunk in the caller's memory, if all its bytes are there. */
  #view(): Uint8Array | undefined {
    const { bytes } = this.#input;
    if (bytes === undefined || this.#carry.byteLength > 0) return undefined;
    const chunk = bytes.subarray(this.nbytes, this.nbytes + this.#chunkSize);
    this.nbytes += chunk.byteLength;
    if (this.nbytes === bytes.byteLength) this.#ended = true;
    return chunk.byteLength > 0 ? chunk : undefined;
  }

  *#fill(turn: number, count: number): Steps<Uint8Array | undefined> {
    const { bytes } = this.#input;
    const target = this.#room(bytes === undefined ? turn : 0, bytes === undefined ? count : 1);
    target.set(this.#carry);
    let end = this.#carry.byteLength;
    while (end < target.byteLength) {
      const n = yield* this.#input.read(target.subarray(end));
      if (n === 0) {
        this.#ended = true;
        break;
      }
      end += n;
      this.nbytes += n;
    }
    if (end === this.#carry.byteLength) return undefined;
    this.#carry = new Uint8Array();
    return target.subarray(0, end);
  }

  /** Memory for a chunk of a batch. It is written to again only in the next batch. */
  #room(turn: number, count: number): Uint8Array {
    if (this.#scratch.byteLength === 0) this.#scratch = takeScratch(count * this.#chunkSize);
    return this.#scratch.subarray(turn * this.#chunkSize, (turn + 1) * this.#chunkSize);
  }
}
