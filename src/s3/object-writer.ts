/**
 * Writes an object from front to back, in bounded memory and without knowing how long it will be: small
 * ones by one put, others in parts, several of which are under way at a time.
 *
 * The first parts can be held back to the end, so that what stands in them can still be replaced.
 */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { StoreError } from "../errors.ts";
import { storeError } from "./failure.ts";
import { MultipartUpload } from "./multipart-upload.ts";
import type { Place } from "./place.ts";

/** What S3 allows. */
const MAX_PARTS = 10_000;
/** Parts of a size; then it doubles. So 8 MiB suffice for the 5 TiB that an object can have. */
const PARTS_OF_A_SIZE = 1_000;
const LARGEST_PART = 2 ** 31;
const MIB = 2 ** 20;

export interface WriterOptions {
  /** Bytes of the first parts. */
  readonly partSize: number;
  /** How many parts are under way at a time. */
  readonly concurrency: number;
}

interface Part {
  readonly number: number;
  /** Where it begins in the object. */
  readonly start: number;
  readonly memory: Buffer;
  /** Bytes that are there. */
  end: number;
}

export class ObjectWriter {
  readonly #place: Place;
  readonly #concurrency: number;
  readonly #cancel = new AbortController();
  readonly #upload: MultipartUpload;
  readonly #underWay = new Set<Promise<void>>();
  /** Memory of parts that are uploaded. */
  readonly #free: Buffer[] = [];
  readonly #held: Part[] = [];
  #partSize: number;
  #grows = true;
  #heldBytes = 0;
  #last: Part;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(place: Place, { partSize, concurrency }: WriterOptions) {
    this.#place = place;
    // Each request under way listens to it.
    setMaxListeners(0, this.#cancel.signal);
    this.#partSize = partSize;
    this.#concurrency = concurrency;
    this.#upload = new MultipartUpload(place, this.#cancel.signal);
    this.#last = this.#newPart(1, 0);
  }

  /** Cuts parts for an object of this many bytes. REQUIRES: nothing has been appended. */
  expect(size: number): void {
    const needed = Math.ceil(size / MAX_PARTS / MIB) * MIB;
    this.#partSize = Math.max(this.#partSize, needed);
    this.#grows = false;
    this.#last = this.#newPart(1, 0);
  }

  /** Holds back the parts with the first `nbytes`. REQUIRES: nothing has been appended. */
  hold(nbytes: number): void {
    this.#heldBytes = nbytes;
  }

  get #size(): number {
    return this.#last.start + this.#last.end;
  }

  /** Copies bytes to the end. Waits while as many parts as may be are under way. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.byteLength; ) {
      this.#throwIfFailed();
      if (this.#last.end === this.#last.memory.byteLength) await this.#nextPart();
      const part = this.#last;
      const some = bytes.subarray(at, at + part.memory.byteLength - part.end);
      part.memory.set(some, part.end);
      part.end += some.byteLength;
      at += some.byteLength;
    }
    this.#throwIfFailed();
  }

  /**
   * Replaces bytes that were appended, and are not uploaded yet.
   *
   * @throws {RangeError} for others, naming the bytes
   */
  overwrite(position: number, bytes: Uint8Array): void {
    const end = position + bytes.byteLength;
    const parts = [...this.#held, this.#last];
    const covered = parts.reduce((sum, part) => sum + Math.max(0, overlap(part, position, end)), 0);
    if (covered < bytes.byteLength) {
      throw new RangeError(
        `Bytes ${position} to ${end} of ${this.#place.url} cannot be replaced: of ${this.#size}, ` +
          `the first ${this.#heldBytes} are held back`,
      );
    }
    for (const part of parts) {
      if (overlap(part, position, end) <= 0) continue;
      const from = Math.max(position, part.start);
      const to = Math.min(end, part.start + part.end);
      part.memory.set(bytes.subarray(from - position, to - position), from - part.start);
    }
  }

  /** Makes the object, which replaces one of the same name. */
  async close(): Promise<void> {
    this.#throwIfFailed();
    if (this.#last.number === 1) {
      await this.#put(this.#last.memory.subarray(0, this.#last.end));
    } else {
      for (const part of [...this.#held, this.#last]) await this.#send(part);
      await Promise.all(this.#underWay);
      this.#throwIfFailed();
      await this.#upload.complete();
    }
    this.#isOver = true;
    this.#place.release();
  }

  /** Leaves nothing behind, unless the object is complete. Calls that are under way reject. */
  async abort(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancel.abort(reason);
    try {
      await Promise.all(this.#underWay);
      await this.#upload.abort();
    } finally {
      this.#place.release();
    }
  }

  async #nextPart(): Promise<void> {
    const part = this.#last;
    if (part.number === MAX_PARTS) {
      const reason = new Error(`it is larger than ${MAX_PARTS} parts of option partSize`);
      throw new StoreError("write", this.#place.url, reason);
    }
    if (part.start < this.#heldBytes) this.#held.push(part);
    else await this.#send(part);
    this.#last = this.#newPart(part.number + 1, part.start + part.end);
  }

  #newPart(number: number, start: number): Part {
    const doublings = this.#grows ? Math.floor((number - 1) / PARTS_OF_A_SIZE) : 0;
    const size = Math.min(this.#partSize * 2 ** doublings, LARGEST_PART);
    const free = this.#free.pop();
    const memory = free?.byteLength === size ? free : Buffer.allocUnsafeSlow(size);
    return { number, start, memory, end: 0 };
  }

  /** Has a part uploaded; waits only until it may begin. What fails is thrown by the next call. */
  async #send({ number, memory, end }: Part): Promise<void> {
    while (this.#underWay.size >= this.#concurrency) await Promise.race(this.#underWay);
    this.#throwIfFailed();
    const sent = this.#upload.put(number, memory.subarray(0, end)).then(
      () => {
        this.#free.push(memory);
      },
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    const done = sent.then(() => {
      this.#underWay.delete(done);
    });
    this.#underWay.add(done);
  }

  /** Again with the same bytes after an answer was lost, as the SDK does, makes the same object. */
  async #put(bytes: Uint8Array): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#place.input,
      Body: bytes,
      ContentLength: bytes.byteLength,
      ContentMD5: createHash("md5").update(bytes).digest("base64"),
    });
    const { signal } = this.#cancel;
    try {
      await this.#place.client.send(command, this.#place.sending(bytes.byteLength, signal));
    } catch (error) {
      throw storeError("write", this.#place.url, error, signal);
    }
  }

  /** @throws what a part failed with, or the reason of {@link abort} */
  #throwIfFailed(): void {
    this.#cancel.signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** How many bytes of a range a part holds; none if negative. */
function overlap(part: Part, start: number, end: number): number {
  return Math.min(end, part.start + part.end) - Math.max(start, part.start);
}
