/**
 * A stream of values and its digest, XXH64 under two seeds: what keys and integrity checks are made
 * of.
 */

import {
  canTake,
  DIGEST_END,
  DIGEST_START,
  WINDOW_END,
  WINDOW_START,
  XxhashMemory,
} from "../blosc/xxhash.ts";

const NAN_BITS = 0x7ff8_0000_0000_0000n;

/** Strings longer than this many code units are cheaper to write through Buffer than by hand. */
const SHORT_STRING = 40;

/**
 * A stream of bytes and its digest. All numbers are written little-endian.
 *
 * `begin`, then writes, then one of the digests; take one by {@link acquireHasher}.
 */
export class Hasher {
  readonly #memory = new XxhashMemory();
  /** Where the next byte goes, in the window. */
  #cursor = WINDOW_START;

  /** Forgets all that was written. */
  begin(): void {
    this.#cursor = WINDOW_START;
    this.#memory.begin();
  }

  u8(value: number): void {
    if (this.#cursor === WINDOW_END) this.#flush();
    this.#memory.bytes[this.#cursor++] = value;
  }

  u32(value: number): void {
    if (this.#cursor + 4 > WINDOW_END) this.#flush();
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
    if (this.#cursor + 8 > WINDOW_END) this.#flush();
    if (Number.isNaN(value)) this.#memory.view.setBigUint64(this.#cursor, NAN_BITS, true);
    else this.#memory.view.setFloat64(this.#cursor, value, true);
    this.#cursor += 8;
  }

  /** The bytes alone, without a length. They are read once, also when other threads write them. */
  bytes(source: Uint8Array): void {
    const length = source.byteLength;
    if (length > WINDOW_END - WINDOW_START && canTake(source)) {
      this.#flush();
      this.#memory.take(source);
      return;
    }
    for (let from = 0; from < length; ) {
      if (this.#cursor === WINDOW_END) this.#flush();
      const step = Math.min(length - from, WINDOW_END - this.#cursor);
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
    if (this.#cursor + 2 * text.length > WINDOW_END) this.#flush();
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
    this.#flush();
    return Uint8Array.prototype.slice.call(this.#memory.bytes, DIGEST_START, DIGEST_END);
  }

  /** The same 16 bytes as a string of as many Latin-1 characters, which sorts as the bytes do. */
  digestLatin1(): string {
    this.#flush();
    return this.#memory.bytes.toString("latin1", DIGEST_START, DIGEST_END);
  }

  /** The same 16 bytes as 32 lower-case hexadecimal digits. */
  digestHex(): string {
    this.#flush();
    return this.#memory.bytes.toString("hex", DIGEST_START, DIGEST_END);
  }

  /** The first 8 of these bytes: XXH64 under seed 0, an unsigned 64-bit number. */
  digest64(): bigint {
    this.#flush();
    return this.#memory.view.getBigUint64(DIGEST_START);
  }

  #longUtf16(text: string): void {
    for (let from = 0; from < text.length; ) {
      // Short of one whole code unit the window is handed on early; XXH64 does not see the seams.
      if (WINDOW_END - this.#cursor < 2) this.#flush();
      const units = Math.min(text.length - from, (WINDOW_END - this.#cursor) >>> 1);
      const piece = units === text.length ? text : text.substring(from, from + units);
      this.#memory.bytes.write(piece, this.#cursor, 2 * units, "utf16le");
      this.#cursor += 2 * units;
      from += units;
    }
  }

  /** Empties the window; the digest is then that of all so far. */
  #flush(): void {
    this.#memory.takeWindow(this.#cursor);
    this.#cursor = WINDOW_START;
  }
}

/** Hashers not in use. Several are taken at once only by Maps in Maps and by nested calls. */
const idle: Hasher[] = [];

/** A hasher that has begun. Give it back by {@link releaseHasher}, in a `finally`. */
export function acquireHasher(): Hasher {
  const hasher = idle.pop() ?? new Hasher();
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
    hasher.bytes(bytes);
    return hasher.digest64();
  } finally {
    releaseHasher(hasher);
  }
}
