/** Looking again and again whether another machine has come to an end. */

/** How far somebody has come who looks. */
export interface Looking {
  /** How often it has looked before. */
  looks: number;
  /** Until then the lease is somebody's, unless it is given back; by the performance clock, ms. */
  heldUntil: number;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Of so many looks one is at the lease. */
const LOOKS = 4;

/** Whether this look is at the lease, too. */
export function asksForLease({ looks, heldUntil }: Looking): boolean {
  return looks % LOOKS === 0 || performance.now() >= heldUntil;
}

/** With jitter: many may be waiting for the same result. */
export function pauseBefore({ looks }: Looking): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** looks) * (0.5 + Math.random());
}

/** @throws the reason of the signal */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", leave);
      resolve();
    }, ms);
    signal?.addEventListener("abort", leave, { once: true });
  });
}
