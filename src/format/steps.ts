/**
 * Work that reads and decompresses, written once for callers that block and for callers that do
 * not: a generator says which step comes next, and {@link runSync} or {@link run} takes it.
 */
import {
  type ChunkFault,
  decompress,
  decompressAsync,
  getItems,
  getItemsAsync,
} from "../blosc/codec.ts";
import type { ByteSource, ByteSourceSync } from "./source.ts";

/** A piece of work in both ways. */
interface Step {
  now(source: ByteSourceSync): unknown;
  later(source: ByteSource): unknown;
}

/** Work that ends in a `T`; used with `yield*`. */
export type Steps<T> = Generator<Step, T, unknown>;

export function runSync<T>(steps: Steps<T>, source: ByteSourceSync): T {
  let result = steps.next();
  while (result.done !== true) {
    let outcome: unknown;
    try {
      outcome = result.value.now(source);
    } catch (error) {
      result = steps.throw(error);
      continue;
    }
    result = steps.next(outcome);
  }
  return result.value;
}

export async function run<T>(steps: Steps<T>, source: ByteSource): Promise<T> {
  let result = steps.next();
  while (result.done !== true) {
    let outcome: unknown;
    try {
      outcome = await result.value.later(source);
    } catch (error) {
      result = steps.throw(error);
      continue;
    }
    result = steps.next(outcome);
  }
  return result.value;
}

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
