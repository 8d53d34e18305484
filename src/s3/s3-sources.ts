/** Sources for `pack` and `unpack` that read objects of S3-compatible stores from front to back. */
import { setMaxListeners } from "node:events";
import type { CompressedSource, PlainSource, Source } from "../format/endpoints.ts";
import { checkCount, OBJECT_OPTIONS, Place, type S3ObjectOptions } from "./place.ts";
import { ObjectRanges } from "./ranges.ts";

const DEFAULT_PART = 4 * 2 ** 20;
const LEAST_PART = 2 ** 16;
const MOST_PART = 2 ** 31;
const DEFAULT_CONCURRENCY = 3;
const MOST_AT_ONCE = 100;

/** Memory is `partSize` times `concurrency`, and one more. */
export interface S3SourceOptions extends S3ObjectOptions {
  /** Bytes that one request asks for, 64 KiB at least; default 4 MiB. */
  readonly partSize?: number | undefined;
  /** How many requests are under way at a time; default 3. */
  readonly concurrency?: number | undefined;
}

const OPTION_NAMES = [...OBJECT_OPTIONS, "partSize", "concurrency"];

/** Reads the object by ranges, several of which are asked for ahead. */
abstract class S3Source implements Source {
  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  get size(): number {
    return this.#reading.ranges.size;
  }

  read(target: Uint8Array): Promise<number> {
    return this.#reading.read(target);
  }

  close(): void {
    this.#reading.close();
  }
}

/**
 * Plain bytes of an object. All of them are of the version that was there when it was opened: if
 * another takes its place meanwhile, a read fails with a {@link StoreError}. One whose connection
 * breaks off goes on where it was.
 */
export class PlainS3Source extends S3Source implements PlainSource {
  /**
   * Asks for the first bytes.
   *
   * @throws {StoreError} when there is no such object, or the store refuses
   * @throws {TypeError | RangeError} for an option, named in the message
   */
  static async open(options: S3SourceOptions): Promise<PlainS3Source> {
    return new PlainS3Source(await beginReading(options, "PlainS3Source"));
  }
}

/** A Bloscpack file that is an object, read as {@link PlainS3Source} reads plain bytes. */
export class CompressedS3Source extends S3Source implements CompressedSource {
  /** As {@link PlainS3Source.open}. */
  static async open(options: S3SourceOptions): Promise<CompressedS3Source> {
    return new CompressedS3Source(await beginReading(options, "CompressedS3Source"));
  }
}

async function beginReading(options: S3SourceOptions, what: string): Promise<Reading> {
  const place = new Place(options, OPTION_NAMES, what);
  const { partSize = DEFAULT_PART, concurrency = DEFAULT_CONCURRENCY } = options;
  checkCount(partSize, "partSize", LEAST_PART, MOST_PART);
  checkCount(concurrency, "concurrency", 1, MOST_AT_ONCE);
  try {
    const { ranges, head } = await ObjectRanges.open(place, partSize);
    return new Reading(place, ranges, head, { partSize, concurrency });
  } catch (error) {
    place.release();
    throw error;
  }
}

class Reading {
  readonly ranges: ObjectRanges;
  readonly #place: Place;
  readonly #partSize: number;
  readonly #concurrency: number;
  readonly #cancel = new AbortController();
  /** Ranges that are asked for, in order, and where the next one begins. */
  readonly #ahead: Promise<Uint8Array>[] = [];
  #next: number;
  /** Memory of ranges that were read to their end. */
  readonly #free: Uint8Array[] = [];
  #current: Uint8Array;
  /** How much of it was given. */
  #given = 0;

  constructor(
    place: Place,
    ranges: ObjectRanges,
    head: Uint8Array,
    { partSize, concurrency }: { readonly partSize: number; readonly concurrency: number },
  ) {
    this.ranges = ranges;
    this.#place = place;
    // Each request under way listens to it.
    setMaxListeners(0, this.#cancel.signal);
    this.#current = head;
    this.#next = head.byteLength;
    this.#partSize = partSize;
    this.#concurrency = concurrency;
  }

  async read(target: Uint8Array): Promise<number> {
    this.#cancel.signal.throwIfAborted();
    this.#askAhead();
    if (this.#given === this.#current.byteLength) {
      const next = this.#ahead.shift();
      if (next === undefined) return 0;
      if (this.#current.buffer.byteLength === this.#partSize) this.#free.push(this.#current);
      this.#current = await next;
      this.#given = 0;
      this.#askAhead();
    }
    const some = this.#current.subarray(this.#given, this.#given + target.byteLength);
    target.set(some);
    this.#given += some.byteLength;
    return some.byteLength;
  }

  /** Ends requests that are under way: a read that waits for one rejects. */
  close(): void {
    this.#cancel.abort(new Error(`The source of ${this.#place.url} has been closed`));
    this.#place.release();
  }

  #askAhead(): void {
    while (this.#ahead.length < this.#concurrency && this.#next < this.ranges.size) {
      const length = Math.min(this.#partSize, this.ranges.size - this.#next);
      const free = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#partSize);
      const memory = new Uint8Array(free.buffer, 0, length);
      const range = this.ranges.read(this.#next, memory, this.#cancel.signal);
      // It is awaited in its turn, or never if the source is closed before.
      range.catch(() => undefined);
      this.#ahead.push(range);
      this.#next += length;
    }
  }
}
