/** An object as what readers jump in: each read is one request, unless its bytes are at hand. */
import type { ByteSource } from "../format/source.ts";
import type { Place } from "./place.ts";
import { ObjectRanges } from "./ranges.ts";

/** Bytes of the first request: enough for the head of a file of 1,400 chunks with room for more. */
const HEAD_BYTES = 128 * 1024;
/** Bytes of any further one, at least. */
const LEAST_BYTES = 16 * 1024;
const BATCH_BYTES = 8 * 1024 * 1024;

interface Window {
  readonly start: number;
  readonly bytes: Uint8Array;
}

export class ObjectBytes implements ByteSource {
  readonly batchBytes: number = BATCH_BYTES;
  readonly #ranges: ObjectRanges;
  readonly #signal: AbortSignal | undefined;
  readonly #head: Window;
  #last: Window;
  /** What is going to be read, from the first byte to behind the last. */
  #announced: { readonly start: number; readonly end: number } = { start: 0, end: 0 };

  private constructor(ranges: ObjectRanges, head: Uint8Array, signal: AbortSignal | undefined) {
    this.#ranges = ranges;
    this.#signal = signal;
    this.#head = { start: 0, bytes: head };
    this.#last = this.#head;
  }

  /** @throws {StoreError} as {@link ObjectRanges.open} does */
  static async open(place: Place, signal?: AbortSignal): Promise<ObjectBytes> {
    const { ranges, head } = await ObjectRanges.open(place, HEAD_BYTES, signal);
    return new ObjectBytes(ranges, head, signal);
  }

  get size(): number {
    return this.#ranges.size;
  }

  announce(position: number, length: number): void {
    this.#announced = { start: position, end: position + length };
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const end = Math.min(position + length, this.size);
    if (end <= position) return new Uint8Array();
    const windows = [this.#head, this.#last];
    const whole = windows.find((window) => window.start <= position && end <= endOf(window));
    if (whole !== undefined) return part(whole, position, end);
    const begun = windows.find(({ start, bytes }) => holds(start, bytes, position));
    this.#last = await this.#extend(begun, position, end);
    return part(this.#last, position, end);
  }

  /** Asks for what is not at hand of a range. */
  async #extend(begun: Window | undefined, position: number, end: number): Promise<Window> {
    const held = begun === undefined ? new Uint8Array() : part(begun, position, endOf(begun));
    const from = position + held.byteLength;
    const until = Math.min(this.size, Math.max(end, from + LEAST_BYTES, this.#expected(from)));
    const bytes = new Uint8Array(until - position);
    bytes.set(held);
    await this.#ranges.read(from, bytes.subarray(held.byteLength), this.#signal);
    return { start: position, bytes };
  }

  /** How far to read together with what is at `position`. */
  #expected(position: number): number {
    const { start, end } = this.#announced;
    return start <= position && position < end ? Math.min(end, position + BATCH_BYTES) : 0;
  }
}

function endOf({ start, bytes }: Window): number {
  return start + bytes.byteLength;
}

function holds(start: number, bytes: Uint8Array, position: number): boolean {
  return start <= position && position < start + bytes.byteLength;
}

function part({ start, bytes }: Window, from: number, to: number): Uint8Array {
  return bytes.subarray(from - start, to - start);
}
