/** Reading and decompressing, as steps of work that runs either way. */

import type { ChecksumName } from "../blosc/checksum.ts";
import {
  canReadChunkFiles,
  type TakenChunk,
  takePieces,
  takePiecesAsync,
} from "../blosc/chunk-files.ts";
import {
  type ChunkFault,
  decompress,
  decompressAsync,
  getItems,
  getItemsAsync,
} from "../blosc/codec.ts";
import type { ByteSource, ByteSourceSync, OpenFile } from "./source.ts";
import type { Steps as TwoWays } from "./two-ways.ts";

/** Work on a source of either kind. */
export type Steps<T> = TwoWays<
  T,
  ByteSourceSync & Partial<OpenFile>,
  ByteSource & Partial<OpenFile>
>;

/** The stored bytes at `position`, as {@link ByteSourceSync.read} gives them. */
export function* read(position: number, length: number): Steps<Uint8Array> {
  return (yield {
    now: (source) => source.read(position, length),
    later: (source) => source.read(position, length),
  }) as Uint8Array;
}

/** As many of the `length` bytes at `position` as the source likes to read at a time. */
export function* readBatch(position: number, length: number): Steps<Uint8Array> {
  return (yield {
    now: (source) => source.read(position, Math.min(length, source.batchBytes)),
    later: (source) => source.read(position, Math.min(length, source.batchBytes)),
  }) as Uint8Array;
}

/** Tells a source that takes time what is going to be read. */
export function* announce(position: number, length: number): Steps<void> {
  yield {
    now: () => undefined,
    later: (source) => source.announce?.(position, length),
  };
}

export function* decompressChunks(
  ...args: Parameters<typeof decompress>
): Steps<ChunkFault | undefined> {
  return (yield {
    now: () => decompress(...args),
    later: () => decompressAsync(...args),
  }) as ChunkFault | undefined;
}

export function* decompressItems(
  ...args: Parameters<typeof getItems>
): Steps<ChunkFault | undefined> {
  return (yield {
    now: () => getItems(...args),
    later: () => getItemsAsync(...args),
  }) as ChunkFault | undefined;
}

/** Whether the pieces were copied; not if the source is no file, or something is wrong with it. */
export function* takeFromFile(
  chunks: readonly TakenChunk[],
  plain: Uint8Array,
  checksum: ChecksumName,
): Steps<boolean> {
  const isFile = (descriptor: number | undefined): descriptor is number =>
    canReadChunkFiles && descriptor !== undefined;
  return (yield {
    now: ({ descriptor }) => isFile(descriptor) && takePieces(descriptor, chunks, plain, checksum),
    later: ({ descriptor }) =>
      isFile(descriptor) && takePiecesAsync(descriptor, chunks, plain, checksum),
  }) as boolean;
}
