/**
 * Chunks of files: each is read by the thread that decodes it, so that its stored bytes are met
 * once, and in that thread's cache. Files are open descriptors of the system's.
 */
import { binding } from "./binding.ts";
import { type ChecksumName, checksumId } from "./checksum.ts";
import { requireOutput } from "./codec.ts";

/** Whether these calls are there: not on Windows. */
export const canReadChunkFiles: boolean = binding.decompressFile !== undefined;

/**
 * Verifies and decompresses all chunks of a file. Chunk i is all of the bytes from `positions[i]` to the next position, the last of them the end of the file;
 * behind the last chunk there may be other bytes.
 *
 * Returns whether all chunks were read and are sound. What is wrong otherwise is not told.
 * REQUIRES: {@link canReadChunkFiles}; the descriptor stays open.
 */
export function decompressFile(
  descriptor: number,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: ChecksumName,
): boolean {
  requireOutput("plain", plain);
  const native = binding.decompressFile as NonNullable<typeof binding.decompressFile>;
  return native(descriptor, positions, plain, chunkSize, checksumId(checksum));
}

/** Like {@link decompressFile}, off the JavaScript thread. */
export async function decompressFileAsync(
  descriptor: number,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: ChecksumName,
): Promise<boolean> {
  requireOutput("plain", plain);
  const native = binding.decompressFileAsync as NonNullable<typeof binding.decompressFileAsync>;
  return native(descriptor, positions, plain, chunkSize, checksumId(checksum));
}

/** A chunk, and what of it is wanted. */
export interface TakenChunk {
  /** Where it starts in the file, and where the next one does, or the file ends. */
  readonly position: number;
  readonly end: number;
  /** Whether there may be other bytes before `end`. */
  readonly isLast: boolean;
  /** Plain bytes of all of it. */
  readonly nbytes: number;
  readonly pieces: readonly TakenPiece[];
}

/** Plain bytes of a chunk, from `start` in it, which belong to `target` in the result. */
export interface TakenPiece {
  readonly start: number;
  readonly target: number;
  readonly nbytes: number;
}

/**
 * Copies pieces of chunks, each verified whole, to their places in `plain`.
 *
 * Returns whether all chunks were read and are sound. What is wrong otherwise is not told.
 * REQUIRES: {@link canReadChunkFiles}; the descriptor stays open.
 */
export function takePieces(
  descriptor: number,
  chunks: readonly TakenChunk[],
  plain: Uint8Array,
  checksum: ChecksumName,
): boolean {
  requireOutput("plain", plain);
  const native = binding.take as NonNullable<typeof binding.take>;
  const [chunkNumbers, pieceNumbers] = numbersOf(chunks);
  return native(descriptor, chunkNumbers, pieceNumbers, plain, checksumId(checksum));
}

/** {@link takePieces} off the JavaScript thread. */
export async function takePiecesAsync(
  descriptor: number,
  chunks: readonly TakenChunk[],
  plain: Uint8Array,
  checksum: ChecksumName,
): Promise<boolean> {
  requireOutput("plain", plain);
  const native = binding.takeAsync as NonNullable<typeof binding.takeAsync>;
  const [chunkNumbers, pieceNumbers] = numbersOf(chunks);
  return native(descriptor, chunkNumbers, pieceNumbers, plain, checksumId(checksum));
}

function numbersOf(chunks: readonly TakenChunk[]): [Float64Array, Float64Array] {
  const pieces = chunks.flatMap((chunk) => chunk.pieces);
  return [
    Float64Array.from(
      chunks.flatMap(({ position, end, isLast, nbytes, pieces: { length } }) => {
        return [position, end, isLast ? 1 : 0, nbytes, length];
      }),
    ),
    Float64Array.from(pieces.flatMap(({ start, target, nbytes }) => [start, target, nbytes])),
  ];
}
