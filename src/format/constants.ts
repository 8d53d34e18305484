/** Bloscpack, format version 3: the numbers of the format. `docs/format.md` shows them in place. */

/** "blpk". */
export const MAGIC: readonly number[] = [0x62, 0x6c, 0x70, 0x6b];
export const FORMAT_VERSION = 3;

export const HEADER_LENGTH = 32;
export const META_HEADER_LENGTH = 32;
/** Bytes of one entry of the offsets table. */
export const OFFSET_LENGTH = 8;
/** Bytes of the header that C-Blosc puts before every chunk. */
export const BLOSC_HEADER_LENGTH = 16;

/** Option bits of the file header; the other six must be zero. */
export const OPTION_OFFSETS = 0b01;
export const OPTION_METADATA = 0b10;

/** BLOSC_MAX_BUFFERSIZE: the most plain bytes that one chunk holds. */
export const MAX_CHUNK_SIZE: number = 2 ** 31 - 1 - 16;
/**
 * The most that is written into one: C-Blosc 1.21 counts in 32 bits and writes beyond its buffer
 * for some larger ones. Larger ones are read.
 */
export const MAX_WRITTEN_CHUNK_SIZE: number = 2 ** 31 - 2 ** 26;
/** The largest number of chunks and of slots that a header can state. */
export const MAX_CHUNKS: bigint = 2n ** 63n - 1n;
/** Stands in a header for a size or count that was not known, and in the table for a free slot. */
export const UNKNOWN: number = -1;

/** The reference's default, plain bytes. */
export const DEFAULT_CHUNK_SIZE: number = 1024 * 1024;
