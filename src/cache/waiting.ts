/** Waiting for what another process or thread computes, without keeping a processor busy. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Lease } from "../store/leases.ts";

/** What is asked again and again. */
export interface Awaited {
  /** The lease, when it is free. */
  tryAcquire(): Lease | undefined;
  /** Whether its holder computes a promise. */
  isAsync(): boolean;
}

/** Pauses grow with the time waited, up to this: so late is a result noticed at most, ms. */
const LONGEST_PAUSE_MS = 10;

function pauseAfter(waitedMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, 1 + waitedMs / 20);
}

/**
 * Waits with the thread blocked.
 *
 * @returns the lease; `"asynchronous"` as soon as its holder is known to compute a promise;
 *   `undefined` when `waitMs` are over
 */
export function waitSync(lease: Awaited, waitMs: number): Lease | "asynchronous" | undefined {
  const start = performance.now();
  for (;;) {
    const acquired = lease.tryAcquire();
    if (acquired !== undefined) return acquired;
    if (lease.isAsync()) return "asynchronous";
    const waitedMs = performance.now() - start;
    if (waitedMs >= waitMs) return undefined;
    Atomics.wait(NOBODY, 0, 0, Math.min(pauseAfter(waitedMs), waitMs - waitedMs));
  }
}

/** Nobody ever wakes who waits for this. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

/**
 * Waits with timers: for the lease, or `undefined` when `waitMs` are over.
 *
 * @throws the reason of `signal` when that is aborted
 */
export async function waitLater(
  lease: Awaited,
  waitMs: number,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const start = performance.now();
  for (;;) {
    const acquired = lease.tryAcquire();
    if (acquired !== undefined) return acquired;
    const waitedMs = performance.now() - start;
    if (waitedMs >= waitMs) return undefined;
    signal.throwIfAborted();
    await sleep(Math.min(pauseAfter(waitedMs), waitMs - waitedMs));
  }
}
