/**
 * The file header: 32 bytes, little-endian.
 *
 *      0  magic           "blpk"
 *      4  format_version  u8, 3
 *      5  options         u8, bit 0 offsets table present, bit 1 metadata present, others zero
 *      6  checksum        u8, id of the digest that follows every chunk
 *      7  typesize        u8, informational: every chunk carries its own
 *      8  chunk_size      i32, plain bytes of every chunk but the last, -1 unknown
 *     12  last_chunk      i32, plain bytes of the last chunk, -1 unknown
 *     16  nchunks         i64, -1 unknown
 *     24  max_app_chunks  i64, free slots behind the first nchunks of the offsets table
 *
 * Nothing in the format protects these bytes, so every field is checked against every other.
 */
import { CHECKSUMS, type ChecksumName } from "../blosc/checksum.ts";
import { BloscpackError } from "../errors.ts";
import {
  FORMAT_VERSION,
  HEADER_LENGTH,
  MAGIC,
  MAX_CHUNK_SIZE,
  MAX_CHUNKS,
  OPTION_METADATA,
  OPTION_OFFSETS,
} from "./constants.ts";

/** The fields of a file header. Counts are `bigint` because the format gives them 63 bits. */
export interface Header {
  readonly offsets: boolean;
  readonly metadata: boolean;
  readonly checksum: ChecksumName;
  readonly typesize: number;
  /** Plain bytes of every chunk but the last; -1 when unknown. */
  readonly chunkSize: number;
  /** Plain bytes of the last chunk; -1 when unknown. */
  readonly lastChunk: number;
  /** -1 when unknown: chunks follow until the file ends. */
  readonly nchunks: bigint;
  readonly maxAppChunks: bigint;
}

export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint8(4, FORMAT_VERSION);
  view.setUint8(5, (header.offsets ? OPTION_OFFSETS : 0) | (header.metadata ? OPTION_METADATA : 0));
  view.setUint8(
    6,
    CHECKSUMS.findIndex(({ name }) => name === header.checksum),
  );
  view.setUint8(7, header.typesize);
  view.setInt32(8, header.chunkSize, true);
  view.setInt32(12, header.lastChunk, true);
  view.setBigInt64(16, header.nchunks, true);
  view.setBigInt64(24, header.maxAppChunks, true);
  return bytes;
}

/**
 * Reads the header at the start of `bytes`. Magic and version are tested before any other field,
 * so that a file of a later version is reported as such.
 *
 * @throws {BloscpackError} TRUNCATED, BAD_MAGIC, UNSUPPORTED_VERSION, BAD_OPTIONS,
 *   UNKNOWN_CHECKSUM, BAD_HEADER_FIELD
 */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.byteLength < HEADER_LENGTH) {
    throw new BloscpackError(
      "TRUNCATED",
      `a header takes ${HEADER_LENGTH} bytes, there are ${bytes.byteLength}`,
      { section: "header", offset: bytes.byteLength },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_LENGTH);
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new BloscpackError("BAD_MAGIC", 'the file does not start with "blpk"', {
      section: "header",
      offset: 0,
    });
  }
  const version = view.getUint8(4);
  if (version !== FORMAT_VERSION) {
    throw new BloscpackError(
      "UNSUPPORTED_VERSION",
      `format version ${version}, this library reads version ${FORMAT_VERSION}`,
      { section: "header", offset: 4, field: "format_version" },
    );
  }
  const options = view.getUint8(5);
  if ((options & ~(OPTION_OFFSETS | OPTION_METADATA)) !== 0) {
    throw new BloscpackError(
      "BAD_OPTIONS",
      `reserved bits are set in 0b${options.toString(2).padStart(8, "0")}`,
      { section: "header", offset: 5, field: "options" },
    );
  }
  const checksum = CHECKSUMS[view.getUint8(6)];
  if (checksum === undefined) {
    throw new BloscpackError("UNKNOWN_CHECKSUM", `checksum id ${view.getUint8(6)} is not defined`, {
      section: "header",
      offset: 6,
      field: "checksum",
    });
  }
  const header = {
    offsets: (options & OPTION_OFFSETS) !== 0,
    metadata: (options & OPTION_METADATA) !== 0,
    checksum: checksum.name,
    typesize: view.getUint8(7),
    chunkSize: view.getInt32(8, true),
    lastChunk: view.getInt32(12, true),
    nchunks: view.getBigInt64(16, true),
    maxAppChunks: view.getBigInt64(24, true),
  };
  checkHeader(header);
  return header;
}

function checkHeader({ chunkSize, lastChunk, nchunks, maxAppChunks, offsets }: Header): void {
  const sizes = `-1 or 0 to ${MAX_CHUNK_SIZE}`;
  check(chunkSize >= -1 && chunkSize <= MAX_CHUNK_SIZE, "chunk_size", 8, chunkSize, sizes);
  check(lastChunk >= -1 && lastChunk <= MAX_CHUNK_SIZE, "last_chunk", 12, lastChunk, sizes);
  check(
    chunkSize === -1 || lastChunk <= chunkSize,
    "last_chunk",
    12,
    lastChunk,
    `at most chunk_size ${chunkSize}`,
  );
  check(nchunks >= -1n, "nchunks", 16, nchunks, "-1 or at least 0");
  check(
    nchunks !== -1n || !offsets,
    "nchunks",
    16,
    nchunks,
    "known when there is an offsets table",
  );
  check(
    maxAppChunks >= 0n && (nchunks === -1n ? maxAppChunks === 0n : true),
    "max_app_chunks",
    24,
    maxAppChunks,
    nchunks === -1n ? "0 when nchunks is unknown" : "at least 0",
  );
  check(
    nchunks + maxAppChunks <= MAX_CHUNKS,
    "max_app_chunks",
    24,
    maxAppChunks,
    `at most ${MAX_CHUNKS - nchunks} behind ${nchunks} chunks`,
  );
}

function check(
  holds: boolean,
  field: string,
  offset: number,
  found: number | bigint,
  expected: string,
): void {
  if (holds) return;
  throw new BloscpackError("BAD_HEADER_FIELD", `found ${found}, expected ${expected}`, {
    section: "header",
    offset,
    field,
  });
}
