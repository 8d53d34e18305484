/** Sinks for `pack` and `unpack` that write objects of S3-compatible stores. */
import type { CompressedSink, PlainInfo, PlainSink } from "../format/endpoints.ts";
import { ObjectWriter } from "./object-writer.ts";
import { checkCount, OBJECT_OPTIONS, Place, type S3ObjectOptions } from "./place.ts";

const MIB = 2 ** 20;
/** What S3 takes for a part that is not the last. */
const LEAST_PART = 5 * MIB;
const MOST_PART = 2 ** 31;
const DEFAULT_PART = 8 * MIB;
const DEFAULT_CONCURRENCY = 3;
const MOST_AT_ONCE = 100;

/** Memory is `partSize` times `concurrency` and two more; see {@link CompressedS3Sink}. */
export interface S3SinkOptions extends S3ObjectOptions {
  /**
   * Bytes of a part, 5 MiB at least; default 8 MiB. It doubles with every 1,000 parts of an object
   * whose size is not known, as there can be 10,000.
   */
  readonly partSize?: number | undefined;
  /** How many parts are uploaded at a time; default 3. */
  readonly concurrency?: number | undefined;
}

const OPTION_NAMES = [...OBJECT_OPTIONS, "partSize", "concurrency"];

function writerOf(options: S3SinkOptions, what: string): ObjectWriter {
  const place = new Place(options, OPTION_NAMES, what);
  const { partSize = DEFAULT_PART, concurrency = DEFAULT_CONCURRENCY } = options;
  return new ObjectWriter(place, {
    partSize: checkCount(partSize, "partSize", LEAST_PART, MOST_PART),
    concurrency: checkCount(concurrency, "concurrency", 1, MOST_AT_ONCE),
  });
}

/**
 * Writes plain bytes to an object, which is there when all is written, and replaces one of the same
 * name then; after a failure nothing is left. Whatever the store refuses is a {@link StoreError}.
 */
export class PlainS3Sink implements PlainSink {
  readonly #writer: ObjectWriter;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(options: S3SinkOptions) {
    this.#writer = writerOf(options, "PlainS3Sink");
  }

  begin({ size }: PlainInfo): void {
    if (size !== undefined) this.#writer.expect(size);
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await this.#writer.append(piece);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  abort(reason: unknown): Promise<void> {
    return this.#writer.abort(reason);
  }
}

/**
 * Writes a Bloscpack file to an object, as {@link PlainS3Sink} does plain bytes. A part cannot be
 * changed once it is uploaded, and header and offsets are known last: the parts that hold what is
 * appended first, the head, are kept in memory and uploaded at the end. That is one part, unless there
 * are very many chunks.
 */
export class CompressedS3Sink implements CompressedSink {
  readonly #writer: ObjectWriter;
  #hasHead = false;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(options: S3SinkOptions) {
    this.#writer = writerOf(options, "CompressedS3Sink");
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    if (!this.#hasHead) {
      this.#hasHead = true;
      this.#writer.hold(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
    }
    for (const piece of pieces) await this.#writer.append(piece);
  }

  /** @throws {RangeError} for bytes behind the part that holds the end of the first `append` */
  async overwrite(position: number, bytes: Uint8Array): Promise<void> {
    this.#writer.overwrite(position, bytes);
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  abort(reason: unknown): Promise<void> {
    return this.#writer.abort(reason);
  }
}
