/** How large a cache may become, and which results go first. */
import { StoreError } from "../errors.ts";
import type { Goal } from "./eviction.ts";
import type { Order } from "./usage.ts";

/** What is not limited is infinite. */
export interface Limits {
  /** What the results may take on disk. */
  readonly bytes: number;
  readonly items: number;
  readonly ageMs: number;
}

export interface StandingLimits extends Limits {
  readonly order: Order;
}

/**
 * Refuses a result that does not fit by itself: it would only drive out all others before it goes.
 *
 * @param bytes that it takes on disk
 * @throws {StoreError}
 */
export function requireFit(limits: Limits | undefined, name: string, bytes: number): void {
  const limit = limits?.bytes ?? Number.POSITIVE_INFINITY;
  if (bytes <= limit) return;
  const reason = `it takes ${bytes} bytes, and limitBytes is ${limit}`;
  throw new StoreError("store result", name, new Error(reason));
}

/** What is made room for at a time, so that not every write has something removed. */
const HEADROOM = 0.02;

export function goalOf({ bytes, items, ageMs }: Limits, order: Order): Goal {
  return { bytes, items, createdMs: Number.isFinite(ageMs) ? Date.now() - ageMs : 0, order };
}

/** What the background comes down to when a limit is passed. */
export function goalBelow(limits: StandingLimits): Goal {
  const { bytes, items, order } = limits;
  return { ...goalOf(limits, order), bytes: below(bytes), items: below(items) };
}

function below(limit: number): number {
  return Number.isFinite(limit) ? limit - Math.floor(limit * HEADROOM) : limit;
}
