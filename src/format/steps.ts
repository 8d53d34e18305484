/** Reading and decompressing, as steps of work that runs either way. */
import {
  type ChunkFault,
  decompress,
  decompressAsync,
  getItems,
  getItemsAsync,
} from "../blosc/codec.ts";
import type { ByteSource, ByteSourceSync } from "./source.ts";
import type { Steps as TwoWays } from "./two-ways.ts";

/** Work on a source of either kind. */
export type Steps<T> = TwoWays<T, ByteSourceSync, ByteSource>;

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
