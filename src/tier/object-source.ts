/** An object as a file that is read in parts: one request for its head, and one for each other part. */
import { StoreError } from "../errors.ts";
import type { ByteSource } from "../format/source.ts";
import { type Bucket, type ObjectHead, readBody } from "./bucket.ts";

/** Bytes of the first request: enough for what most results say of themselves. */
const HEAD_BYTES = 32 * 1024;
/** Bytes of any further one, at least. */
const LEAST_BYTES = 16 * 1024;
const BATCH_BYTES = 8 * 1024 * 1024;

interface Window {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** All that it reads is of the version that was opened. */
export class ObjectSource implements ByteSource {
  readonly batchBytes: number = BATCH_BYTES;
  /** What is known of the object. */
  readonly head: ObjectHead;
  readonly #bucket: Bucket;
  readonly #name: string;
  readonly #signal: AbortSignal | undefined;
  readonly #first: Window;
  #last: Window;

  private constructor(
    place: { readonly bucket: Bucket; readonly name: string; readonly signal?: AbortSignal },
    head: ObjectHead,
    first: Uint8Array,
  ) {
    this.head = head;
    this.#bucket = place.bucket;
    this.#name = place.name;
    this.#signal = place.signal;
    this.#first = { start: 0, bytes: first };
    this.#last = this.#first;
  }

  /**
   * @param size what it has, as a listing says
   * @returns `undefined` when there is no such object
   * @throws {StoreError} when the store refuses, and so does `read`
   */
  static async open(
    bucket: Bucket,
    name: string,
    size: number,
    signal?: AbortSignal,
  ): Promise<ObjectSource | undefined> {
    // There is no part of what is empty.
    const range = size === 0 ? {} : { range: { start: 0, end: HEAD_BYTES } };
    const object = await bucket.get(name, { ...range, signal });
    if (object === undefined) return undefined;
    const { body, length, ...head } = object;
    const place = { bucket, name, ...(signal && { signal }) };
    return new ObjectSource(place, head, await readBody(object));
  }

  get size(): number {
    return this.head.size;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const end = Math.min(position + length, this.size);
    if (end <= position) return new Uint8Array();
    const held = [this.#first, this.#last].find(
      ({ start, bytes }) => start <= position && end <= start + bytes.byteLength,
    );
    const { start, bytes } = held ?? (await this.#request(position, end));
    return bytes.subarray(position - start, end - start);
  }

  async #request(start: number, stop: number): Promise<Window> {
    const range = { start, end: Math.min(this.size, Math.max(stop, start + LEAST_BYTES)) };
    const { etag } = this.head;
    const object = await this.#bucket.get(this.#name, { range, etag, signal: this.#signal });
    if (object !== undefined) {
      // Others may be reading too: what each asked for is its own.
      const window = { start, bytes: await readBody(object) };
      this.#last = window;
      return window;
    }
    const cause = new Error("it was removed while it was read");
    throw new StoreError("read", this.#bucket.url + this.#name, cause);
  }
}
