/**
 * XXH64, one digest or two at once, by the WebAssembly module of `xxhash-wasm`.
 *
 * The package's own interface is asynchronous, which would force a top-level await on this library
 * and forbid `require()`ing it, and it copies its input once per seed. Its module file is 3 KB, so it
 * is compiled synchronously, at the first use; a {@link Hasher} then writes what it is given
 * straight into the module's memory and both digests are taken from that one copy.
 *
 * Not a defence against forged collisions: XXH64 is no cryptographic hash.
 */

import { XxhashMemory } from "./xxhash-memory.ts";

/** The two halves of a 128-bit digest are XXH64 under these seeds: none, and 2^64 / golden ratio. */
const SEEDS = [0n, 0x9e3779b97f4a7c15n] as const;

/**
 * Bytes gathered before they are hashed. From 16 KiB to 1 MiB all ran at the same speed (4.2 GB/s
 * for both seeds); this one leaves room in the cache, and a nested hasher costs little.
 */
const WINDOW = 65_536;

// A hasher's region of the module's memory: two states, the digest, the window.
const STATE_BYTES = 88;
const STATE_0 = 0;
const STATE_1 = 96;
const DIGEST = 192;
const WINDOW_AT = 256;
const REGION = WINDOW_AT + WINDOW;

const NAN_BITS = 0x7ff8_0000_0000_0000n;

/** Strings longer than this many code units are cheaper to write through Buffer than by hand. */
const SHORT_STRING = 40;

/**
 * A stream of bytes and its digest. All numbers are written little-endian.
 *
 * `begin`, then writes, then one of the digests; take one by {@link acquireHasher}.
 */
export class Hasher {
  readonly #memory: XxhashMemory;
  readonly #base: number;
  readonly #start: number;
  readonly #end: number;
  /** Where the next byte goes; between `#start` and `#end`. */
  #cursor: number;
  /** Whether bytes have left the window for the two states. */
  #streaming = false;

  constructor(memory: XxhashMemory, base: number) {
    memory.reserve(base + REGION);
    this.#memory = memory;
    this.#base = base;
    this.#start = base + WINDOW_AT;
    this.#end = base + REGION;
    this.#cursor = this.#start;
  }

  /** Forgets all that was written. */
  begin(): void {
    this.#cursor = this.#start;
    this.#streaming = false;
  }

  u8(value: number): void {
    if (this.#cursor === this.#end) this.#flush();
    this.#memory.bytes[this.#cursor++] = value;
  }

  u32(value: number): void {
    if (this.#cursor + 4 > this.#end) this.#flush();
    this.#memory.view.setUint32(this.#cursor, value, true);
    this.#cursor += 4;
  }

  /** A whole number up to 2^53, as eight bytes. */
  u64(value: number): void {
    this.u32(value % 0x1_0000_0000);
    this.u32(Math.floor(value / 0x1_0000_0000));
  }

  /** All NaNs are written as one: which bits a NaN has is left to the engine. */
  f64(value: number): void {
    if (this.#cursor + 8 > this.#end) this.#flush();
    if (Number.isNaN(value)) this.#memory.view.setBigUint64(this.#cursor, NAN_BITS, true);
    else this.#memory.view.setFloat64(this.#cursor, value, true);
    this.#cursor += 8;
  }

  /** The bytes alone, without a length. They are read once, also when other threads write them. */
  bytes(source: Uint8Array): void {
    const length = source.byteLength;
    for (let from = 0; from < length; ) {
      if (this.#cursor === this.#end) this.#flush();
      const step = Math.min(length - from, this.#end - this.#cursor);
      const piece = step === length ? source : source.subarray(from, from + step);
      this.#memory.bytes.set(piece, this.#cursor);
      this.#cursor += step;
      from += step;
    }
  }

  /** The UTF-16 code units as they are, lone surrogates too, without a length. */
  utf16(text: string): void {
    if (text.length > SHORT_STRING) {
      this.#longUtf16(text);
      return;
    }
    if (this.#cursor + 2 * text.length > this.#end) this.#flush();
    const bytes = this.#memory.bytes;
    let cursor = this.#cursor;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      bytes[cursor++] = unit;
      bytes[cursor++] = unit >>> 8;
    }
    this.#cursor = cursor;
  }

  /**
   * XXH64 of all that was written under the first seed, then under the second, each big-endian as
   * xxHash prints it. 16 bytes in memory of their own.
   */
  digest(): Uint8Array {
    this.#sum();
    const at = this.#base + DIGEST;
    return Uint8Array.prototype.slice.call(this.#memory.bytes, at, at + 16);
  }

  /** The same 16 bytes as a string of as many Latin-1 characters, which sorts as the bytes do. */
  digestLatin1(): string {
    this.#sum();
    const at = this.#base + DIGEST;
    return this.#memory.bytes.toString("latin1", at, at + 16);
  }

  /** The same 16 bytes as 32 lower-case hexadecimal digits. */
  digestHex(): string {
    this.#sum();
    const at = this.#base + DIGEST;
    return this.#memory.bytes.toString("hex", at, at + 16);
  }

  /** XXH64 of `source` under seed 0. Whatever was written before is lost. */
  xxh64(source: Uint8Array): bigint {
    const { xxhash, bytes } = this.#memory;
    const length = source.byteLength;
    if (length <= WINDOW) {
      bytes.set(source, this.#start);
      return BigInt.asUintN(64, xxhash.xxh64(this.#start, length, SEEDS[0]));
    }
    const state = this.#base + STATE_0;
    this.#init(state, SEEDS[0]);
    for (let from = 0; from < length; from += WINDOW) {
      const piece = source.subarray(from, from + WINDOW);
      bytes.set(piece, this.#start);
      xxhash.update64(state, this.#start, piece.byteLength);
    }
    return BigInt.asUintN(64, xxhash.digest64(state));
  }

  #longUtf16(text: string): void {
    for (let from = 0; from < text.length; ) {
      // Short of one whole code unit the window is handed on early; XXH64 does not see the seams.
      if (this.#end - this.#cursor < 2) this.#flush();
      const units = Math.min(text.length - from, (this.#end - this.#cursor) >>> 1);
      const piece = units === text.length ? text : text.substring(from, from + units);
      this.#memory.bytes.write(piece, this.#cursor, 2 * units, "utf16le");
      this.#cursor += 2 * units;
      from += units;
    }
  }

  /** The module's own init leaves the count of bytes and the half-filled stripe of the last use. */
  #init(state: number, seed: bigint): void {
    this.#memory.bytes.fill(0, state, state + STATE_BYTES);
    this.#memory.xxhash.init64(state, seed);
  }

  #flush(): void {
    const { xxhash } = this.#memory;
    const first = this.#base + STATE_0;
    const second = this.#base + STATE_1;
    if (!this.#streaming) {
      this.#init(first, SEEDS[0]);
      this.#init(second, SEEDS[1]);
      this.#streaming = true;
    }
    const length = this.#cursor - this.#start;
    xxhash.update64(first, this.#start, length);
    xxhash.update64(second, this.#start, length);
    this.#cursor = this.#start;
  }

  #sum(): void {
    const { xxhash, view } = this.#memory;
    const at = this.#base + DIGEST;
    if (this.#streaming) {
      this.#flush();
      view.setBigUint64(at, xxhash.digest64(this.#base + STATE_0));
      view.setBigUint64(at + 8, xxhash.digest64(this.#base + STATE_1));
      return;
    }
    const length = this.#cursor - this.#start;
    view.setBigUint64(at, xxhash.xxh64(this.#start, length, SEEDS[0]));
    view.setBigUint64(at + 8, xxhash.xxh64(this.#start, length, SEEDS[1]));
  }
}

/** Hashers not in use. Several are taken at once only by Maps in Maps and by nested calls. */
const idle: Hasher[] = [];
let memory: XxhashMemory | undefined;
let made = 0;

/** A hasher that has begun. Give it back by {@link releaseHasher}, in a `finally`. */
export function acquireHasher(): Hasher {
  let hasher = idle.pop();
  if (hasher === undefined) {
    memory ??= new XxhashMemory();
    hasher = new Hasher(memory, REGION * made++);
  }
  hasher.begin();
  return hasher;
}

/** The caller must not use `hasher` again. */
export function releaseHasher(hasher: Hasher): void {
  idle.push(hasher);
}

/** XXH64 (seed 0) of `bytes`, an unsigned 64-bit number. A plain digest for integrity checks. */
export function xxh64(bytes: Uint8Array): bigint {
  const hasher = acquireHasher();
  try {
    return hasher.xxh64(bytes);
  } finally {
    releaseHasher(hasher);
  }
}
