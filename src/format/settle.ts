/** How work on chunks ends: what is waited for, and what a fault is called. */
import type { ChunkFault } from "../blosc/codec.ts";
import { BloscpackError } from "../errors.ts";
import type { ChunkRun } from "./chunk-walk.ts";

/** Waits for both, also when one fails: they work on memory that is given back then. */
export async function settleBoth<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

/** The error for a fault in a run of chunks, whose window starts at `start` of the file. */
export function faultIn(run: ChunkRun, start: number, fault: ChunkFault): BloscpackError {
  return new BloscpackError(fault.status, fault.reason, {
    section: "chunk",
    chunk: run.first + fault.chunk,
    offset: start + (run.positions[fault.chunk] ?? 0),
  });
}
