/**
 * Readers: a Bloscpack file that stays open, for any part of it. What is read is verified by whole
 * chunks, as ever; what is not asked for is not read.
 */
import { type Contents, Opening, type OpenOptions, plainBytes } from "./contents.ts";
import { readHead, readHeadSync } from "./head.ts";
import type { Header } from "./header.ts";
import type { Metadata } from "./metadata.ts";
import type { Ndarray, Order } from "./ndarray.ts";
import { planSlice } from "./slice.ts";
import type { ByteSource, ByteSourceSync } from "./source.ts";
import type { Steps } from "./steps.ts";
import { takeRows } from "./take.ts";
import { run, runSync } from "./two-ways.ts";
import { type VerifyReport, verifyContents } from "./verify.ts";

/** What a reader knows from the head of its file. */
interface ReaderFields {
  readonly header: Header;
  /** `undefined` when the file has none. */
  readonly metadata: Metadata | undefined;
  readonly nchunks: number;
  /** Plain bytes. */
  readonly nbytes: number;
  /** What a strict reader would have refused; empty for a strict reader. */
  readonly warnings: readonly string[];
}

/** The array fields: numpy's dtype as stored, in the file's byte order. */
interface ArrayFields {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
}

type NoFields = { readonly [field in keyof ArrayFields]: undefined };

/** The calls of a reader; each may be made while others are under way, and waits for them. */
interface ReaderCalls<Slice> {
  /**
   * The plain bytes of one chunk.
   *
   * @throws {RangeError} when there is no such chunk
   * @throws {BloscpackError} when it is damaged
   */
  chunk(index: number): Promise<Uint8Array>;
  /**
   * A copy of a part: of an array rows, which are its elements if it has one dimension; of bytes,
   * bytes. Arguments are those of `TypedArray.prototype.slice`.
   *
   * @param axis the first (default) of an array in C order, the last of one in F order: only along
   *   it a slice is in one place
   * @throws {TypeError} for another axis
   * @throws {BloscpackError} when a chunk that holds some of it is damaged
   */
  slice(start?: number, stop?: number, axis?: number): Promise<Slice>;
  /**
   * Copies of rows from anywhere, in the order of `indices`; of bytes, bytes. Negative ones count
   * from the end. Every chunk that holds one of them is read once.
   *
   * @param axis as of {@link slice}
   * @throws {TypeError} for an index that is no whole number, and another axis
   * @throws {RangeError} for an index beyond the array
   * @throws {BloscpackError} when a chunk that holds one of them is damaged
   */
  take(indices: ArrayLike<number>, axis?: number): Promise<Slice>;
  /** The plain bytes, chunk by chunk. */
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Reads everything. Damage is in the report and does not throw. */
  verify(): Promise<VerifyReport>;
  /** Waits for the calls under way, and closes what {@link open} has opened. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** {@link ReaderCalls}, each done when it returns. */
interface ReaderSyncCalls<Slice> {
  chunk(index: number): Uint8Array;
  slice(start?: number, stop?: number, axis?: number): Slice;
  take(indices: ArrayLike<number>, axis?: number): Slice;
  chunks(): Generator<Uint8Array, void, undefined>;
  verify(): VerifyReport;
  close(): void;
  [Symbol.dispose](): void;
}

export type ArrayReader = ReaderFields & ArrayFields & ReaderCalls<Ndarray>;
export type BytesReader = ReaderFields & NoFields & ReaderCalls<Uint8Array>;
/** Of an array if `dtype` is there, of bytes otherwise. */
export type Reader = ArrayReader | BytesReader;

export type ArrayReaderSync = ReaderFields & ArrayFields & ReaderSyncCalls<Ndarray>;
export type BytesReaderSync = ReaderFields & NoFields & ReaderSyncCalls<Uint8Array>;
/** {@link Reader}, synchronously. */
export type ReaderSync = ArrayReaderSync | BytesReaderSync;

/** @param close called once, by the reader's `close` */
export async function openSource(
  source: ByteSource,
  options: OpenOptions,
  close: () => Promise<void> | void,
): Promise<Reader> {
  const opening = new Opening(options);
  const head = await readHead(source, opening.forgive);
  const contents = await run(opening.contents(head, source.size), source);
  return new SourceReader(contents, source, close) as unknown as Reader;
}

/** {@link openSource}, synchronously. */
export function openSourceSync(
  source: ByteSourceSync,
  options: OpenOptions,
  close: () => void,
): ReaderSync {
  const opening = new Opening(options);
  const head = readHeadSync(source, opening.forgive);
  const contents = runSync(opening.contents(head, source.size), source);
  return new SourceReaderSync(contents, source, close) as unknown as ReaderSync;
}

abstract class AnyReader implements ReaderFields {
  readonly header: Header;
  readonly metadata: Metadata | undefined;
  readonly nchunks: number;
  readonly nbytes: number;
  readonly warnings: readonly string[];
  readonly dtype: string | undefined;
  readonly shape: readonly number[] | undefined;
  readonly order: Order | undefined;
  protected readonly contents: Contents;
  protected closed = false;

  constructor(contents: Contents) {
    const { head, index, array, warnings } = contents;
    this.contents = contents;
    this.header = head.header;
    this.metadata = head.metadata;
    this.nchunks = index.nchunks;
    this.nbytes = index.nbytes;
    this.warnings = warnings;
    this.dtype = array?.dtype.name;
    this.shape = array?.shape;
    this.order = array?.order;
  }

  protected *chunkSteps(chunk: number): Steps<Uint8Array> {
    const { index } = this.contents;
    if (!Number.isInteger(chunk) || chunk < 0 || chunk >= index.nchunks) {
      throw new RangeError(
        `There is no chunk ${String(chunk)}: there are ${index.nchunks}, from 0`,
      );
    }
    const start = index.plainStart(chunk);
    return new Uint8Array(yield* plainBytes(this.contents, start, index.plainStart(chunk + 1)));
  }

  protected *sliceSteps(
    start: number | undefined,
    stop: number | undefined,
    axis: number | undefined,
  ): Steps<Ndarray | Uint8Array> {
    const plan = planSlice(this.contents.array, this.nbytes, start, stop, axis);
    return plan.finish(yield* plainBytes(this.contents, plan.start, plan.stop));
  }

  protected refuseIfClosed(): void {
    if (this.closed) throw new TypeError("The reader has been closed");
  }
}

class SourceReader extends AnyReader implements ReaderCalls<Ndarray | Uint8Array> {
  readonly #source: ByteSource;
  readonly #close: () => Promise<void> | void;
  /** Sources and the index serve one call at a time. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(contents: Contents, source: ByteSource, close: () => Promise<void> | void) {
    super(contents);
    this.#source = source;
    this.#close = close;
  }

  chunk(index: number): Promise<Uint8Array> {
    return this.#inTurn(this.chunkSteps(index));
  }

  slice(start?: number, stop?: number, axis?: number): Promise<Ndarray | Uint8Array> {
    return this.#inTurn(this.sliceSteps(start, stop, axis));
  }

  take(indices: ArrayLike<number>, axis?: number): Promise<Ndarray | Uint8Array> {
    return this.#inTurn(takeRows(this.contents, indices, axis));
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let i = 0; i < this.nchunks; i++) yield await this.chunk(i);
  }

  verify(): Promise<VerifyReport> {
    return this.#inTurn(verifyContents(this.contents));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.#last;
    await this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #inTurn<T>(steps: Steps<T>): Promise<T> {
    this.refuseIfClosed();
    const result = this.#last.then(() => run(steps, this.#source));
    this.#last = result.catch(() => undefined);
    return result;
  }
}

class SourceReaderSync extends AnyReader implements ReaderSyncCalls<Ndarray | Uint8Array> {
  readonly #source: ByteSourceSync;
  readonly #close: () => void;

  constructor(contents: Contents, source: ByteSourceSync, close: () => void) {
    super(contents);
    this.#source = source;
    this.#close = close;
  }

  chunk(index: number): Uint8Array {
    return this.#run(this.chunkSteps(index));
  }

  slice(start?: number, stop?: number, axis?: number): Ndarray | Uint8Array {
    return this.#run(this.sliceSteps(start, stop, axis));
  }

  take(indices: ArrayLike<number>, axis?: number): Ndarray | Uint8Array {
    return this.#run(takeRows(this.contents, indices, axis));
  }

  *chunks(): Generator<Uint8Array, void, undefined> {
    for (let i = 0; i < this.nchunks; i++) yield this.chunk(i);
  }

  verify(): VerifyReport {
    return this.#run(verifyContents(this.contents));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.#close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #run<T>(steps: Steps<T>): T {
    this.refuseIfClosed();
    return runSync(steps, this.#source);
  }
}
