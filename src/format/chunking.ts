/** How plain bytes are cut into chunks. */
import { DEFAULT_CHUNK_SIZE, MAX_CHUNK_SIZE, MAX_WRITTEN_CHUNK_SIZE } from "./constants.ts";

/** A number of plain bytes, or such as `"512K"`, `"1M"`, `"1.5M"`: powers of 1024, B K M G T. */
export type ChunkSize = number | string;

export interface Chunking {
  readonly nchunks: number;
  /** Plain bytes of every chunk but the last. */
  readonly chunkSize: number;
  /** Plain bytes of the last chunk. */
  readonly lastChunk: number;
}

/**
 * Cuts `size` plain bytes. Empty data is one chunk of zero bytes; a chunk is never larger than
 * the data.
 *
 * @throws {TypeError} for a chunk size that is neither a number nor a size with a unit
 * @throws {RangeError} for a chunk size outside 1 to 2147483631
 */
export function calculateNchunks(
  size: number,
  chunkSize: ChunkSize = DEFAULT_CHUNK_SIZE,
): Chunking {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`Size must be a whole number of bytes, at least 0: got ${size}`);
  }
  if (size === 0) return { nchunks: 1, chunkSize: 0, lastChunk: 0 };
  const chunk = Math.min(parseChunkSize(chunkSize), size);
  const nchunks = Math.ceil(size / chunk);
  return { nchunks, chunkSize: chunk, lastChunk: size - (nchunks - 1) * chunk };
}

/**
 * {@link calculateNchunks} for a file that is to be written: chunks are no larger than C-Blosc can
 * write, and hold whole items. A size with a unit, such as the default, is rounded to that, a
 * number has to be right.
 *
 * @throws {TypeError | RangeError} as {@link calculateNchunks}; for a number that is no multiple of
 *   `itemsize`, unless the data ends before
 */
export function chunkingToWrite(size: number, itemsize: number, option?: ChunkSize): Chunking {
  const wanted = parseChunkSize(option ?? DEFAULT_CHUNK_SIZE);
  const whole = Math.max(1, Math.floor(wanted / itemsize)) * itemsize;
  if (typeof option === "number" && wanted !== whole && wanted < size) {
    throw new RangeError(
      `Option chunkSize must be a multiple of the itemsize ${itemsize}: got ${wanted}`,
    );
  }
  const largest = Math.floor(MAX_WRITTEN_CHUNK_SIZE / itemsize) * itemsize;
  return calculateNchunks(size, Math.min(whole, largest));
}

/** Bytes. @throws {TypeError | RangeError} as {@link calculateNchunks} */
function parseChunkSize(option: ChunkSize): number {
  const nbytes = typeof option === "string" ? parseSize(option) : option;
  if (typeof nbytes !== "number" || !Number.isInteger(nbytes)) {
    throw new TypeError(`Option chunkSize must be a whole number of bytes: got ${String(nbytes)}`);
  }
  if (nbytes < 1 || nbytes > MAX_CHUNK_SIZE) {
    throw new RangeError(`Option chunkSize must be within 1 to ${MAX_CHUNK_SIZE}: got ${nbytes}`);
  }
  return nbytes;
}

const UNITS = "BKMGT";

function parseSize(text: string): number {
  const match = /^(-?\d+(?:\.\d+)?)([BKMGT])$/.exec(text);
  if (match === null) {
    throw new TypeError(
      `Option chunkSize must be a number with a unit out of ${[...UNITS].join(", ")}, such as "1M": got "${text}"`,
    );
  }
  return Math.trunc(Number(match[1]) * 1024 ** UNITS.indexOf(match[2] as string));
}
