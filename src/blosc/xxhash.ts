/**
 * XXH64 under two seeds, natively: none, and 2^64 / golden ratio. What is digested is written into
 * the window first, where JavaScript is quick to put small values, or handed over as it is.
 *
 * Not a defence against forged collisions: XXH64 is no cryptographic hash.
 */

import { types } from "node:util";
import { binding } from "./binding.ts";

/**
 * Bytes gathered before they are hashed. From 16 KiB to 1 MiB all ran at the same speed; this one
 * leaves room in the processor's cache, and a nested hasher costs little.
 */
const WINDOW = 65_536;

// A stream's memory, as native/xxhash_call.cc has it too: the state, which begins with the number of
// bytes so far; the digests; the window.
const TOTAL_END = 8;

/** Where the digests are: 8 bytes under either seed, big-endian as xxHash prints them. */
export const DIGEST_START = 112;
export const DIGEST_END = 128;

export const WINDOW_START = 128;
export const WINDOW_END: number = WINDOW_START + WINDOW;

/** The memory of one stream. Between {@link WINDOW_START} and {@link WINDOW_END} it is the caller's. */
export class XxhashMemory {
  readonly bytes: Buffer = Buffer.from(new ArrayBuffer(WINDOW_END));
  readonly view: DataView = new DataView(this.bytes.buffer);

  /** Begins a stream, in which nothing is yet. */
  begin(): void {
    this.bytes.fill(0, 0, TOTAL_END);
  }

  /** Adds the window up to `end`, and sets the digest of all so far. */
  takeWindow(end: number): void {
    binding.xxhashWindow(this.bytes, end - WINDOW_START);
  }

  /** Adds bytes that are not in the window, without a copy; see {@link canTake}. */
  take(bytes: Uint8Array): void {
    binding.xxhashBytes(this.bytes, bytes);
  }
}

/** Whether {@link XxhashMemory.take} takes them: other threads may write shared memory meanwhile. */
export function canTake(bytes: Uint8Array): boolean {
  return types.isArrayBuffer(bytes.buffer);
}
