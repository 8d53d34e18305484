/**
 * Memory that a pack or an unpack needs for its own duration. It is given back by hand, because
 * the garbage collector would return it only at a later turn of the event loop, and a loop of
 * synchronous stores would pile it up.
 */
import { allocate } from "../blosc/codec.ts";

/** Idle buffers kept for the next taker. */
const MAX_IDLE = 4;
/** A larger buffer is left to the garbage collector, plain bytes. */
const MAX_KEPT = 32 * 1024 * 1024;

const idle: ArrayBuffer[] = [];

/** At least `nbytes` of memory with arbitrary content, to be given back with {@link giveBack}. */
export function takeScratch(nbytes: number): Uint8Array {
  const i = idle.findIndex((buffer) => buffer.byteLength >= nbytes);
  if (i >= 0) return new Uint8Array(idle.splice(i, 1)[0] as ArrayBuffer);
  return new Uint8Array(allocate(roundUp(nbytes)));
}

/** Gives memory back, once. REQUIRES: nobody else holds a view of it. */
export function giveBack(scratch: Uint8Array): void {
  const buffer = scratch.buffer as ArrayBuffer;
  if (buffer.byteLength > MAX_KEPT) return;
  if (idle.includes(buffer)) throw new Error("Scratch memory was given back twice");
  idle.push(buffer);
  // The largest serve every taker, so the smallest go first.
  idle.sort((a, b) => a.byteLength - b.byteLength);
  if (idle.length > MAX_IDLE) idle.shift();
}

/** To a power of two, so that buffers of similar sizes are interchangeable. */
function roundUp(nbytes: number): number {
  const rounded = 2 ** Math.ceil(Math.log2(Math.max(nbytes, 4096)));
  return rounded > MAX_KEPT ? nbytes : rounded;
}
