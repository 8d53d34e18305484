/** Making a cache smaller at once: what is asked for, and what came of it. */
import type { Limits } from "./limits.ts";
import type { Order } from "./usage.ts";

/** What is removed, and what is left. */
export interface Reduction {
  readonly removed: CacheSize;
  readonly remaining: CacheSize;
}

export interface CacheSize {
  readonly items: number;
  /** On disk. */
  readonly bytes: number;
}

export interface ReductionRequest {
  readonly limits: Limits;
  readonly order: Order;
  /** Only tells what would go. */
  readonly isDryRun: boolean;
  /** Ends it; what is removed by then stays so. */
  readonly signal: AbortSignal | undefined;
  /** Told what has been removed until now, or would be. */
  readonly onProgress: ((removed: CacheSize) => void) | undefined;
}
