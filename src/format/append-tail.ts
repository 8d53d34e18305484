/** Where the chunks of a file end, and what its last chunk is: what an append has to know. */
import { checksumSize } from "../blosc/checksum.ts";
import type { Shuffle } from "../blosc/codec.ts";
import { BloscpackError, type BloscpackErrorCode } from "../errors.ts";
import { maxPlain } from "./chunk-walk.ts";
import { BLOSC_HEADER_LENGTH, UNKNOWN } from "./constants.ts";
import type { Head } from "./head.ts";

/** The header that C-Blosc puts before every chunk. */
export interface BloscHeader {
  readonly codec: number;
  readonly shuffle: Shuffle;
  readonly typesize: number;
  readonly nbytes: number;
  readonly cbytes: number;
}

/** @param bytes at least 16 */
function decodeBloscHeader(bytes: Uint8Array): BloscHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BLOSC_HEADER_LENGTH);
  const flags = view.getUint8(2);
  const unshuffled = flags & 0b100 ? "bitshuffle" : "noshuffle";
  return {
    codec: flags >> 5,
    shuffle: flags & 0b1 ? "shuffle" : unshuffled,
    typesize: view.getUint8(3),
    nbytes: view.getUint32(4, true),
    cbytes: view.getUint32(12, true),
  };
}

/**
 * Walks to the last chunk over the chunks' headers. With an offsets table it begins at the last
 * chunk but one, so that a wrong last offset is found before anything relies on it.
 */
export class TailWalk {
  /** File positions of the chunks passed, of all if there is no offsets table. */
  readonly positions: number[] = [];
  /** File position of the next chunk; once ended, of the end of the last. */
  position: number;
  /** Plain bytes of every chunk but the last; -1 until a chunk told it. */
  chunkSize: number;
  /** The last chunk passed. */
  last: BloscHeader | undefined;
  #chunk = 0;
  readonly #head: Head;
  readonly #fileSize: number;

  constructor(head: Head, fileSize: number) {
    this.#head = head;
    this.#fileSize = fileSize;
    this.chunkSize = head.header.chunkSize;
    const { offsets } = head;
    if (offsets !== undefined && this.chunkSize !== UNKNOWN) {
      this.#chunk = Math.max(0, offsets.length - 2);
    }
    this.position = offsets?.[this.#chunk] ?? head.length;
  }

  /** Chunks of the file, once the walk has ended. */
  get nchunks(): number {
    return this.#chunk;
  }

  get ended(): boolean {
    const { nchunks } = this.#head.header;
    if (nchunks === -1n) return this.position >= this.#fileSize;
    return BigInt(this.#chunk) === nchunks;
  }

  /**
   * Passes the next chunk.
   *
   * @param bytes what the file has at {@link position}: 16 bytes, fewer only where it ends
   * @throws {BloscpackError} TRUNCATED, OFFSET_MISMATCH, BAD_CHUNK_HEADER, CHUNK_NBYTES, DECOMPRESS
   */
  pass(bytes: Uint8Array): void {
    const { offsets, header } = this.#head;
    if (offsets !== undefined && offsets[this.#chunk] !== this.position) {
      const reason = `found ${offsets[this.#chunk]}, expected ${this.position}`;
      throw this.#fault("OFFSET_MISMATCH", reason, "offsets");
    }
    if (bytes.byteLength < BLOSC_HEADER_LENGTH) {
      throw this.#fault("TRUNCATED", `${bytes.byteLength} bytes are left for its header`);
    }
    const blosc = decodeBloscHeader(bytes);
    const length = blosc.cbytes + checksumSize(header.checksum);
    if (blosc.cbytes < BLOSC_HEADER_LENGTH) {
      throw this.#fault("BAD_CHUNK_HEADER", `cbytes ${blosc.cbytes} is below its header's`);
    }
    if (this.position + length > this.#fileSize) {
      throw this.#fault("TRUNCATED", `it takes ${length} bytes with its digest`);
    }
    if (this.chunkSize === UNKNOWN) this.chunkSize = blosc.nbytes;
    this.#checkPlainSize(blosc.nbytes, this.position + length);
    const most = maxPlain(blosc.cbytes, blosc.codec);
    if (most === undefined) throw this.#fault("BAD_CHUNK_HEADER", `codec ${blosc.codec}`);
    if (blosc.nbytes > most)
      throw this.#fault("DECOMPRESS", `it cannot hold ${blosc.nbytes} bytes`);
    this.positions.push(this.position);
    this.position += length;
    this.last = blosc;
    this.#chunk++;
  }

  #checkPlainSize(nbytes: number, end: number): void {
    const { nchunks, lastChunk } = this.#head.header;
    const isLast = nchunks === -1n ? end >= this.#fileSize : BigInt(this.#chunk + 1) === nchunks;
    const expected = isLast ? lastChunk : this.chunkSize;
    if (expected === UNKNOWN ? nbytes <= this.chunkSize : nbytes === expected) return;
    throw this.#fault("CHUNK_NBYTES", `it holds ${nbytes} plain bytes, expected ${expected}`);
  }

  #fault(
    code: BloscpackErrorCode,
    reason: string,
    section: "chunk" | "offsets" = "chunk",
  ): BloscpackError {
    return new BloscpackError(code, reason, { section, chunk: this.#chunk, offset: this.position });
  }
}

/** Where a file's chunks end. */
export interface Tail {
  readonly nchunks: number;
  readonly chunkSize: number;
  /** Plain bytes of the last chunk; 0 when there is none. */
  readonly lastChunk: number;
  /** File position of the last chunk, and of what follows it; both the same when there is none. */
  readonly lastPosition: number;
  readonly end: number;
  readonly last: BloscHeader | undefined;
  /** Where every chunk stands. */
  readonly positions: ArrayLike<number>;
}

/** What a walk found. REQUIRES: it has ended. */
export function tailOf(walk: TailWalk, head: Head): Tail {
  return {
    nchunks: walk.nchunks,
    chunkSize: Math.max(0, walk.chunkSize),
    lastChunk: walk.last?.nbytes ?? 0,
    lastPosition: walk.positions.at(-1) ?? walk.position,
    end: walk.position,
    last: walk.last,
    positions: head.offsets ?? walk.positions,
  };
}
