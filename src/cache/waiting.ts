/** Waiting for what another process or thread computes, without keeping a processor busy. */
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

/** Of many who wait, each is late by as many more ms as there are of these. */
const MANY = 100;

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

interface Waiter {
  readonly lease: Awaited;
  /** By the performance clock, ms. */
  readonly start: number;
  readonly end: number;
  readonly signal: AbortSignal;
  readonly resolve: (lease: Lease | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/** Those of this thread: one timer asks for all of them. */
const waiters = new Set<Waiter>();

/**
 * Waits with a timer: for the lease, or `undefined` when `waitMs` are over.
 *
 * @throws the reason of `signal` when that is aborted
 */
export function waitLater(
  lease: Awaited,
  waitMs: number,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    if (waiters.size === 0) setTimeout(askForAll, pauseAfter(0));
    waiters.add({ lease, start, end: start + waitMs, signal, resolve, reject });
  });
}

function askForAll(): void {
  const now = performance.now();
  let youngestMs = Number.POSITIVE_INFINITY;
  for (const waiter of waiters) {
    if (isOver(waiter, now)) waiters.delete(waiter);
    else youngestMs = Math.min(youngestMs, now - waiter.start);
  }
  if (waiters.size === 0) return;
  setTimeout(askForAll, pauseAfter(youngestMs) * Math.max(1, waiters.size / MANY));
}

function isOver({ lease, end, signal, resolve, reject }: Waiter, now: number): boolean {
  if (signal.aborted) {
    reject(signal.reason);
    return true;
  }
  const acquired = lease.tryAcquire();
  if (acquired === undefined && now < end) return false;
  resolve(acquired);
  return true;
}
