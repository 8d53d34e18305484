/**
 * Walks over the chunks of a file, from the first to the last, as far as its bytes are at hand.
 * Chunks follow one another without a gap, and every offset, size and count that the file states
 * has to agree. Bytes behind the last chunk are ignored: an append by the reference may leave some.
 */
import { checksumSize } from "../blosc/checksum.ts";
import { BloscpackError, type BloscpackErrorCode } from "../errors.ts";
import { BLOSC_HEADER_LENGTH, UNKNOWN } from "./constants.ts";
import type { Head } from "./head.ts";

/** Chunks that stand in one window of a file. */
export interface ChunkRun {
  /** Where each starts, from the start of the window. */
  readonly positions: Float64Array;
  /** Plain bytes of every chunk but the last of the file. */
  readonly chunkSize: number;
  /** The first chunk's index, and where its plain bytes belong. */
  readonly first: number;
  readonly plainStart: number;
  readonly plainEnd: number;
}

/**
 * The most plain bytes that one stored byte can stand for, by codec id: a run in LZ4 and BloscLZ
 * grows by 255 a byte, deflate reaches 1032, a Zstandard block of four bytes stands for 128 KiB.
 */
const MAX_RATIO: readonly number[] = [256, 256, 24, 1040, 32768];
const MAX_RATIO_OF_ALL = 32768;

/** The most plain bytes that a chunk of a codec can hold; `undefined` for an unknown codec. */
export function maxPlain(cbytes: number, codec: number): number | undefined {
  const ratio = MAX_RATIO[codec];
  return ratio === undefined ? undefined : cbytes * ratio;
}

/** Whether a header says how many plain bytes there are; if not, only a walk to the end tells. */
export function isAnnounced({ header: { nchunks, chunkSize, lastChunk } }: Head): boolean {
  return nchunks === 0n || (nchunks > 0n && chunkSize !== UNKNOWN && lastChunk !== UNKNOWN);
}

/** Plain bytes of a whole file by its header. REQUIRES: {@link isAnnounced}. */
export function announcedSize({ header: { nchunks, chunkSize, lastChunk } }: Head): number {
  return nchunks === 0n ? 0 : (Number(nchunks) - 1) * chunkSize + lastChunk;
}

export class ChunkWalk {
  /** File position of the next chunk. */
  position: number;
  readonly #head: Head;
  #fileSize: number;
  readonly #digestSize: number;
  readonly #streamed: boolean;
  #chunkSize: number;
  #chunk = 0;
  #nbytes = 0;
  #ended: boolean;

  /** @param fileSize infinite while it is not known */
  constructor(head: Head, fileSize: number) {
    this.position = head.length;
    this.#head = head;
    this.#fileSize = fileSize;
    this.#digestSize = checksumSize(head.header.checksum);
    this.#streamed = head.header.nchunks === -1n;
    this.#chunkSize = head.header.chunkSize;
    this.#ended = this.#streamed ? this.position >= fileSize : head.header.nchunks === 0n;
    const room = fileSize - head.length;
    if (Number(head.header.nchunks) > Math.ceil(room / BLOSC_HEADER_LENGTH) + 1) {
      throw new BloscpackError(
        "TRUNCATED",
        `${head.header.nchunks} chunks are announced, ${room} bytes are left for them`,
        { section: "header", offset: 16, field: "nchunks" },
      );
    }
  }

  /** Tells how long the file turned out to be. */
  endsAt(fileSize: number): void {
    this.#fileSize = fileSize;
    if (this.#streamed && this.position >= fileSize) this.#ended = true;
  }

  /**
   * Goes on at another chunk. Its neighbours are not looked at, but for its end: it must be where
   * the next chunk starts by the offsets table.
   * REQUIRES: the plain size of chunks is known, from the header or because one has been passed.
   */
  seek(chunk: number, position: number): void {
    this.position = position;
    this.#chunk = chunk;
    this.#nbytes = chunk * Math.max(this.#chunkSize, 0);
    this.#ended = false;
  }

  /**
   * Passes over the next chunk by its header alone.
   *
   * @param header the 16 bytes at {@link position}; fewer only where the file ends
   * @throws {BloscpackError} as {@link take} does
   */
  step(header: Uint8Array): void {
    const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
    this.#pass(view, 0, this.#measure(view, 0));
    if (!this.#ended) this.#checkOffset();
  }

  /** Plain bytes of every chunk but the last; -1 while that is not known. */
  get chunkSize(): number {
    return this.#chunkSize;
  }

  /** Whether the last chunk has been passed. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Plain bytes of the chunks that have been passed. */
  get nbytes(): number {
    return this.#nbytes;
  }

  /**
   * Plain bytes of the whole file by its header, which this many stored bytes could hold.
   * REQUIRES: {@link isAnnounced}.
   *
   * @throws {BloscpackError} DECOMPRESS when they could not
   */
  announced(): number {
    const nbytes = announcedSize(this.#head);
    const left = this.#fileSize - this.position;
    if (nbytes - this.#nbytes <= left * MAX_RATIO_OF_ALL) return nbytes;
    const reason = `${left} bytes cannot hold the ${nbytes - this.#nbytes} plain bytes announced`;
    throw this.#fault("DECOMPRESS", reason);
  }

  /**
   * Passes over the chunks that are complete in `window`, the bytes from {@link position} on.
   *
   * @param maxPlain stops before the run holds more plain bytes than this; one chunk it has always
   * @returns how many bytes the next chunk takes, when not even that one is complete
   * @throws {BloscpackError} TRUNCATED, OFFSET_MISMATCH, BAD_CHUNK_HEADER, CHUNK_NBYTES, DECOMPRESS
   */
  take(window: Uint8Array, maxPlain: number = Number.POSITIVE_INFINITY): ChunkRun | number {
    const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
    const start = this.position;
    const first = this.#chunk;
    const plainStart = this.#nbytes;
    const positions: number[] = [];
    while (!this.#ended) {
      const at = this.position - start;
      const length = this.#measure(view, at);
      if (!this.#isAtHand(start, at + length, window.byteLength)) {
        if (positions.length === 0) return length;
        break;
      }
      const plain = view.getUint32(at + 4, true);
      if (positions.length > 0 && this.#nbytes - plainStart + plain > maxPlain) break;
      positions.push(at);
      this.#pass(view, at, length);
    }
    if (!this.#ended) this.#checkOffset();
    return {
      positions: Float64Array.from(positions),
      chunkSize: Math.max(this.#chunkSize, 0),
      first,
      plainStart,
      plainEnd: this.#nbytes,
    };
  }

  /**
   * Whether a chunk that ends at `end` of a window can be passed. While the end of the file is not
   * known, a byte behind the chunk has to be at hand as well: it may be the last.
   */
  #isAtHand(start: number, end: number, length: number): boolean {
    if (this.#fileSize === Number.POSITIVE_INFINITY) return end < length;
    return end <= length || start + length >= this.#fileSize;
  }

  /** Stored bytes of the next chunk and its digest; of its header, while that is not at hand. */
  #measure(view: DataView, at: number): number {
    this.#checkOffset();
    const left = this.#fileSize - this.position;
    if (left < BLOSC_HEADER_LENGTH) {
      throw this.#fault("TRUNCATED", `${left} bytes are left for its header`);
    }
    if (at + BLOSC_HEADER_LENGTH > view.byteLength) return BLOSC_HEADER_LENGTH;
    const cbytes = view.getUint32(at + 12, true);
    if (cbytes < BLOSC_HEADER_LENGTH) {
      const reason = `cbytes ${cbytes} is below the ${BLOSC_HEADER_LENGTH} bytes of the header`;
      throw this.#fault("BAD_CHUNK_HEADER", reason);
    }
    if (cbytes + this.#digestSize > left) {
      throw this.#fault("TRUNCATED", `it takes ${cbytes} bytes and a digest, ${left} are left`);
    }
    return cbytes + this.#digestSize;
  }

  #checkOffset(): void {
    const { offsets } = this.#head;
    if (offsets === undefined || offsets[this.#chunk] === this.position) return;
    const found = offsets[this.#chunk];
    throw new BloscpackError("OFFSET_MISMATCH", `found ${found}, expected ${this.position}`, {
      section: "offsets",
      chunk: this.#chunk,
    });
  }

  #pass(view: DataView, at: number, length: number): void {
    const { header } = this.#head;
    const plain = view.getUint32(at + 4, true);
    const last = this.#streamed
      ? this.position + length === this.#fileSize
      : this.#chunk === Number(header.nchunks) - 1;
    if (this.#chunkSize === UNKNOWN) this.#chunkSize = plain;
    this.#checkPlainSize(plain, last ? header.lastChunk : this.#chunkSize);
    this.#checkRatio(plain, length - this.#digestSize, view.getUint8(at + 2) >> 5);
    this.position += length;
    this.#nbytes += plain;
    this.#chunk++;
    this.#ended = last;
  }

  #checkPlainSize(plain: number, expected: number): void {
    if (expected === UNKNOWN ? plain <= this.#chunkSize : plain === expected) return;
    const bound = expected === UNKNOWN ? `at most ${this.#chunkSize}` : `${expected}`;
    throw this.#fault("CHUNK_NBYTES", `it holds ${plain} plain bytes, expected ${bound}`);
  }

  /** Refuses a chunk that promises more than its codec can hold, before memory is taken for it. */
  #checkRatio(plain: number, cbytes: number, codec: number): void {
    const most = maxPlain(cbytes, codec);
    if (most === undefined) throw this.#fault("BAD_CHUNK_HEADER", `codec ${codec} is not defined`);
    if (plain <= most) return;
    const reason = `${cbytes} bytes cannot hold the ${plain} plain bytes they promise`;
    throw this.#fault("DECOMPRESS", reason);
  }

  #fault(code: BloscpackErrorCode, reason: string): BloscpackError {
    const at = { section: "chunk", chunk: this.#chunk, offset: this.position } as const;
    return new BloscpackError(code, reason, at);
  }
}
