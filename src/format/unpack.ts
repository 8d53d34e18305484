/**
 * Unpacking: what a file says of itself is checked first, from front to back; then the result is
 * allocated once, and every chunk is verified and decompressed straight into its place.
 */
import { checksumSize } from "../blosc/checksum.ts";
import { allocate, type ChunkFault, decompress, decompressAsync } from "../blosc/codec.ts";
import { BloscpackError, type BloscpackErrorCode } from "../errors.ts";
import { BLOSC_HEADER_LENGTH, OFFSET_LENGTH, UNKNOWN } from "./constants.ts";
import { decodeHeader, type Header } from "./header.ts";
import { decodeMetadata, type Metadata } from "./metadata.ts";
import { decodeOffsets } from "./offsets.ts";

/** What stands before the first chunk. */
export interface Head {
  readonly header: Header;
  /** `undefined` when the file has none; JSON `null` is a value. */
  readonly metadata: Metadata | undefined;
  /** Positions of the chunks by the offsets table; `undefined` without one, or if unwritten. */
  readonly offsets: Float64Array | undefined;
  /** File position of the first chunk: the length of all this. */
  readonly length: number;
}

/** How the chunks of a file are laid out: all that decompressing needs to know. */
export interface UnpackPlan {
  readonly head: Head;
  /** File position of each chunk. */
  readonly positions: Float64Array;
  /** Plain bytes of every chunk but the last. */
  readonly chunkSize: number;
  /** Plain bytes in all. */
  readonly nbytes: number;
}

/**
 * The most plain bytes that one stored byte can stand for, by codec id: a run in LZ4 and BloscLZ
 * grows by 255 a byte, deflate reaches 1032, a Zstandard block of four bytes stands for 128 KiB.
 */
const MAX_RATIO: readonly number[] = [256, 256, 24, 1040, 32768];

/**
 * Reads header, metadata and offsets.
 *
 * @throws {BloscpackError} with the codes of {@link decodeHeader}, {@link decodeMetadata},
 *   {@link decodeOffsets}
 */
export function decodeHead(stored: Uint8Array): Head {
  const header = decodeHeader(stored);
  const section = header.metadata ? decodeMetadata(stored) : undefined;
  const position = section?.end ?? 32;
  const slots = header.offsets ? Number(header.nchunks + header.maxAppChunks) : 0;
  const length = position + slots * OFFSET_LENGTH;
  if (length > stored.byteLength) {
    throw new BloscpackError(
      "TRUNCATED",
      `a table of ${slots} offsets ends at byte ${length}, the file at ${stored.byteLength}`,
      { section: "offsets", offset: stored.byteLength },
    );
  }
  const offsets = header.offsets
    ? decodeOffsets(stored, {
        position,
        nchunks: Number(header.nchunks),
        slots,
        fileSize: stored.byteLength,
      })
    : undefined;
  return { header, metadata: section?.value, offsets, length };
}

/**
 * Walks over the chunks behind `head`, and checks that offsets and sizes agree. Chunks follow one
 * another without a gap; bytes behind the last one are ignored, because an append by the
 * reference may leave some.
 *
 * @throws {BloscpackError} TRUNCATED, OFFSET_MISMATCH, BAD_CHUNK_HEADER, CHUNK_NBYTES, DECOMPRESS
 */
export function planUnpack(stored: Uint8Array, head: Head): UnpackPlan {
  const { header, offsets } = head;
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const digestSize = checksumSize(header.checksum);
  const streamed = header.nchunks === -1n;
  const count = chunkCount(header, stored.byteLength - head.length);
  const positions: number[] = [];
  let { chunkSize } = header;
  let position = head.length;
  let nbytes = 0;
  for (let chunk = 0; chunk < count; chunk++) {
    if (offsets !== undefined && offsets[chunk] !== position) {
      throw fault("OFFSET_MISMATCH", "offsets", chunk, position, `found ${offsets[chunk]}`);
    }
    const { plain, cbytes, codec } = measureChunk(view, position, chunk);
    const next = position + cbytes + digestSize;
    const last = streamed ? next >= stored.byteLength : chunk === count - 1;
    if (chunkSize === UNKNOWN) chunkSize = plain;
    checkPlainSize(last ? header.lastChunk : chunkSize, chunkSize, plain, { chunk, position });
    checkRatio(plain, cbytes, codec, { chunk, position });
    positions.push(position);
    position = next;
    nbytes += plain;
    if (streamed && last) break;
  }
  return {
    head,
    positions: Float64Array.from(positions),
    chunkSize: Math.max(chunkSize, 0),
    nbytes,
  };
}

/** Chunks to expect: as many as fit when the header does not say. */
function chunkCount({ nchunks }: Header, room: number): number {
  const fit = Math.floor(room / BLOSC_HEADER_LENGTH);
  if (nchunks === -1n) return fit;
  // One more than fits is left to the walk, which says in which chunk the file ends.
  if (nchunks <= BigInt(fit + 1)) return Number(nchunks);
  throw new BloscpackError(
    "TRUNCATED",
    `${nchunks} chunks are announced, ${room} bytes are left for them`,
    { section: "header", offset: 16, field: "nchunks" },
  );
}

interface At {
  readonly chunk: number;
  readonly position: number;
}

/** Sizes in a chunk's own header, as far as the walk depends on them; the codec checks the rest. */
function measureChunk(
  view: DataView,
  position: number,
  chunk: number,
): { plain: number; cbytes: number; codec: number } {
  const left = view.byteLength - position;
  if (left < BLOSC_HEADER_LENGTH) {
    throw fault("TRUNCATED", "chunk", chunk, position, `${left} bytes are left for its header`);
  }
  const cbytes = view.getUint32(position + 12, true);
  if (cbytes < BLOSC_HEADER_LENGTH) {
    const reason = `cbytes ${cbytes} is below the ${BLOSC_HEADER_LENGTH} bytes of the header`;
    throw fault("BAD_CHUNK_HEADER", "chunk", chunk, position, reason);
  }
  if (cbytes > left) {
    throw fault("TRUNCATED", "chunk", chunk, position, `it takes ${cbytes} bytes of ${left} left`);
  }
  const codec = view.getUint8(position + 2) >> 5;
  if (codec >= MAX_RATIO.length) {
    throw fault("BAD_CHUNK_HEADER", "chunk", chunk, position, `codec ${codec} is not defined`);
  }
  return { plain: view.getUint32(position + 4, true), cbytes, codec };
}

function checkPlainSize(expected: number, limit: number, plain: number, at: At): void {
  if (expected === UNKNOWN ? plain <= limit : plain === expected) return;
  const bound = expected === UNKNOWN ? `at most ${limit}` : `${expected}`;
  const reason = `it holds ${plain} plain bytes, expected ${bound}`;
  throw fault("CHUNK_NBYTES", "chunk", at.chunk, at.position, reason);
}

/** Refuses a chunk that promises more than its codec can hold, before memory is taken for it. */
function checkRatio(plain: number, cbytes: number, codec: number, at: At): void {
  if (plain <= cbytes * (MAX_RATIO[codec] ?? 1)) return;
  const reason = `${cbytes} bytes cannot hold the ${plain} plain bytes they promise`;
  throw fault("DECOMPRESS", "chunk", at.chunk, at.position, reason);
}

/**
 * Verifies and decompresses all chunks, in parallel, into memory allocated for them.
 *
 * @throws {BloscpackError} CHUNK_CHECKSUM, BAD_CHUNK_HEADER, CHUNK_NBYTES, TRUNCATED, DECOMPRESS
 */
export function unpackSync(stored: Uint8Array, plan: UnpackPlan): ArrayBuffer {
  const plain = allocate(plan.nbytes);
  const { positions, chunkSize, head } = plan;
  if (positions.length > 0) {
    settle(
      decompress(stored, positions, new Uint8Array(plain), chunkSize, head.header.checksum),
      plan,
    );
  }
  return plain;
}

/** {@link unpackSync} off the main thread. REQUIRES: `stored` is not changed until it resolves. */
export async function unpack(stored: Uint8Array, plan: UnpackPlan): Promise<ArrayBuffer> {
  const plain = allocate(plan.nbytes);
  const { positions, chunkSize, head } = plan;
  if (positions.length > 0) {
    settle(
      await decompressAsync(
        stored,
        positions,
        new Uint8Array(plain),
        chunkSize,
        head.header.checksum,
      ),
      plan,
    );
  }
  return plain;
}

function settle(found: ChunkFault | undefined, plan: UnpackPlan): void {
  if (found === undefined) return;
  throw fault(found.status, "chunk", found.chunk, plan.positions[found.chunk] ?? 0, found.reason);
}

function fault(
  code: BloscpackErrorCode,
  section: "chunk" | "offsets",
  chunk: number,
  offset: number,
  reason: string,
): BloscpackError {
  return new BloscpackError(code, reason, { section, chunk, offset });
}
