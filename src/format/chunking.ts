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

/** How data is to be cut; what is left out follows from the rest. */
export interface Cut {
  readonly chunkSize?: ChunkSize | undefined;
  /** How many chunks; without `chunkSize`, that is chosen to make as many. */
  readonly nchunks?: number | undefined;
  /** Plain bytes of the last chunk. */
  readonly lastChunk?: number | undefined;
}

/**
 * {@link chunkingToWrite}, where the number of chunks and the size of the last may be given too:
 * they have to agree with the data. All three together say how large it is, if it does not.
 *
 * @returns the chunking, and `size`; `undefined` for data that does not say, and a cut that does not
 * @throws {TypeError | RangeError} as {@link chunkingToWrite}; for a cut that the data does not allow
 */
export function cutToWrite(
  announced: number | undefined,
  itemsize: number,
  cut: Cut,
): { readonly size: number | undefined; readonly chunking: Chunking } {
  const { nchunks, lastChunk } = cut;
  checkCount("nchunks", nchunks, 1);
  checkCount("lastChunk", lastChunk, 0);
  if (nchunks === undefined && lastChunk === undefined) {
    // Of unknown data no chunk can be known to be smaller than it was asked to be.
    const size = announced ?? Number.MAX_SAFE_INTEGER;
    return { size: announced, chunking: chunkingToWrite(size, itemsize, cut.chunkSize) };
  }
  const size = announced ?? sizeOfCut(cut);
  const chunkSize = cut.chunkSize ?? chunkSizeOf(size, itemsize, cut);
  const chunking = chunkingToWrite(size, itemsize, chunkSize);
  for (const name of ["nchunks", "lastChunk"] as const) {
    if (cut[name] === undefined || cut[name] === chunking[name]) continue;
    throw new RangeError(
      `Option ${name} is ${cut[name]}, but ${size} bytes in chunks of ${chunking.chunkSize} make ${chunking[name]}`,
    );
  }
  return { size, chunking };
}

function checkCount(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  const Kind = typeof value === "number" ? RangeError : TypeError;
  throw new Kind(`Option ${name} must be a whole number, at least ${least}: got ${String(value)}`);
}

function sizeOfCut({ chunkSize, nchunks, lastChunk }: Cut): number {
  if (chunkSize !== undefined && nchunks !== undefined && lastChunk !== undefined) {
    return (nchunks - 1) * parseChunkSize(chunkSize) + lastChunk;
  }
  const name = nchunks === undefined ? "lastChunk" : "nchunks";
  throw new RangeError(
    `Option ${name} needs a source that says its size, or all of nchunks, chunkSize and lastChunk`,
  );
}

/** Whole items in every chunk; the last takes what remains. The default where nothing else tells. */
function chunkSizeOf(size: number, itemsize: number, { nchunks, lastChunk }: Cut): ChunkSize {
  if (nchunks === undefined || size === 0) return DEFAULT_CHUNK_SIZE;
  const given = lastChunk !== undefined && nchunks > 1;
  const chunkSize = given
    ? (size - lastChunk) / (nchunks - 1)
    : Math.ceil(size / itemsize / nchunks) * itemsize;
  if (Number.isInteger(chunkSize) && chunkSize >= 1 && chunkSize <= MAX_CHUNK_SIZE)
    return chunkSize;
  const last = given ? `, the last of ${lastChunk} bytes` : "";
  throw new RangeError(
    `Option nchunks is ${nchunks}${last}: ${size} bytes cannot be cut like that`,
  );
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
