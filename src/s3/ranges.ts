/**
 * Reads ranges of one version of an object. A body that breaks off is continued where it ended; an
 * object that was replaced meanwhile is an error, and so is one that is shorter than it says.
 */
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
} from "@aws-sdk/client-s3";
import { StoreError } from "../errors.ts";
import { backOff } from "./back-off.ts";
import { statusOf, storeError } from "./failure.ts";
import type { Place } from "./place.ts";

/** How often in a row a body may break off without a byte. */
const ATTEMPTS = 5;

/** What the first answer told. */
interface Version {
  readonly size: number;
  /** As the store writes it: stores differ in what they compare it with. */
  readonly etag: string | undefined;
}

/** Bytes that are being read, and how many are there. */
interface Filling {
  readonly start: number;
  readonly memory: Uint8Array;
  end: number;
}

export class ObjectRanges {
  readonly size: number;
  readonly #place: Place;
  readonly #etag: string | undefined;

  private constructor(place: Place, { size, etag }: Version) {
    this.size = size;
    this.#place = place;
    this.#etag = etag;
  }

  /**
   * Asks for the first bytes, and so for size and version.
   *
   * @param length bytes to begin with
   * @returns as many of these, fewer if the object has no more
   * @throws {StoreError} when there is no such object, or whatever else the store says
   */
  static async open(
    place: Place,
    length: number,
    signal?: AbortSignal,
  ): Promise<{ readonly ranges: ObjectRanges; readonly head: Uint8Array }> {
    try {
      const answer = await get(place, 0, length, undefined, signal);
      const version = { size: sizeOf(answer), etag: answer.ETag };
      const ranges = new ObjectRanges(place, version);
      const memory = new Uint8Array(Math.min(length, version.size));
      const head = await ranges.#fill({ start: 0, memory, end: 0 }, signal, answer);
      return { ranges, head };
    } catch (error) {
      // Of an empty object there is no range.
      if (statusOf(error) !== 416) throw storeError("read", place.url, error, signal);
      const version = await headOf(place, signal);
      return { ranges: new ObjectRanges(place, version), head: new Uint8Array() };
    }
  }

  /**
   * All bytes from `start` on that `memory` has room for.
   *
   * REQUIRES: the object has them.
   */
  read(start: number, memory: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#fill({ start, memory, end: 0 }, signal);
  }

  async #fill(
    filling: Filling,
    signal: AbortSignal | undefined,
    answer?: GetObjectCommandOutput,
  ): Promise<Uint8Array> {
    const { start, memory } = filling;
    let current = answer;
    for (let failures = 0; filling.end < memory.byteLength; ) {
      const before = filling.end;
      current ??= await this.#ask(start + before, start + memory.byteLength, signal);
      const error = await receive(current, filling);
      current = undefined;
      if (filling.end === memory.byteLength) break;
      failures = filling.end > before ? 1 : failures + 1;
      if (failures === ATTEMPTS) throw storeError("read", this.#place.url, error, signal);
      await backOff(failures, signal);
    }
    return memory;
  }

  async #ask(
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): Promise<GetObjectCommandOutput> {
    const { url } = this.#place;
    try {
      const answer = await get(this.#place, start, end - start, this.#etag, signal);
      // Not every store heeds the condition.
      if (answer.ETag !== this.#etag || sizeOf(answer) !== this.size) throw replaced(url);
      if (answer.ContentRange !== undefined || start === 0) return answer;
      throw new Error("The store gives no ranges of objects");
    } catch (error) {
      if (statusOf(error) === 412) throw replaced(url);
      throw storeError("read", url, error, signal);
    }
  }
}

function get(
  place: Place,
  start: number,
  length: number,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({
    ...place.input,
    Range: `bytes=${start}-${start + length - 1}`,
    ...(etag === undefined ? {} : { IfMatch: etag }),
  });
  return place.client.send(command, place.sending(0, signal));
}

/** Bytes of the whole object. */
function sizeOf({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
  const size = ContentRange === undefined ? ContentLength : Number(/\d+$/.exec(ContentRange)?.[0]);
  if (Number.isSafeInteger(size)) return size as number;
  throw new Error("The store does not say how large the object is");
}

async function headOf(place: Place, signal: AbortSignal | undefined): Promise<Version> {
  try {
    const command = new HeadObjectCommand(place.input);
    const { ContentLength = 0, ETag } = await place.client.send(command, place.sending(0, signal));
    return { size: ContentLength, etag: ETag };
  } catch (error) {
    throw storeError("read", place.url, error, signal);
  }
}

/** Takes what comes of a body; returns what ended it too early, if anything did. */
async function receive({ Body }: GetObjectCommandOutput, filling: Filling): Promise<unknown> {
  const { memory } = filling;
  try {
    // A stream of Node's. It is read to its end, lest its connection be closed, unless there is more.
    for await (const piece of Body as unknown as AsyncIterable<Uint8Array>) {
      const some = piece.subarray(0, memory.byteLength - filling.end);
      memory.set(some, filling.end);
      filling.end += some.byteLength;
      if (some.byteLength < piece.byteLength) break;
    }
  } catch (error) {
    return error;
  }
  return new Error(`The answer ended after ${filling.end} of ${memory.byteLength} bytes`);
}

function replaced(url: string): StoreError {
  const cause = new Error("it was replaced or removed while it was read");
  return new StoreError("read", url, Object.assign(cause, { code: "PreconditionFailed" }));
}
