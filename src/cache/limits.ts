/** How large a cache may become: the options that say so. */
import { checkOptionNames } from "../format/option-names.ts";
import type { Limits, StandingLimits } from "../store/limits.ts";
import type { CacheSize, Reduction, ReductionRequest } from "../store/reduction.ts";
import type { Order } from "../store/usage.ts";
import { checkAge } from "./freshness.ts";

/** What a cache is kept within. What is left out is not limited. */
export interface LimitOptions {
  /**
   * What the results may take on disk: bytes, or a number with one of the units K, M, G and T, of
   * 1024, such as `"2G"`.
   */
  readonly limitBytes?: number | string;
  /** How many results there may be. */
  readonly limitItems?: number;
  /** Results that were stored longer ago are removed, used or not, ms. */
  readonly maxAgeMs?: number;
}

/**
 * Which results go first: `"cost"` (default) those that are cheap to compute again for the bytes
 * that they take, and were not used of late; `"lru"` those that were used least recently.
 */
export type EvictionOrder = Order;

const UNITS = "KMGT";

/** @throws {TypeError | RangeError} for an option, named in the message */
export function checkLimits({ limitBytes, limitItems, maxAgeMs }: LimitOptions): Limits {
  const bytes = typeof limitBytes === "string" ? parseSize(limitBytes) : limitBytes;
  return {
    bytes: checkLimit("limitBytes", "bytes", bytes),
    items: checkLimit("limitItems", "results", limitItems),
    ageMs: checkAge("maxAgeMs", maxAgeMs),
  };
}

/** To what a cache is reduced. */
export interface ReductionOptions extends LimitOptions {
  /** Default: as of the `Memory`. */
  readonly eviction?: EvictionOrder;
  /** Only tells what would be removed. Default: `false`. */
  readonly dryRun?: boolean;
  /** Ends it; the promise rejects with its reason, and what is removed by then stays so. */
  readonly signal?: AbortSignal;
  /** Called with what has been removed until now, or would be. */
  readonly onProgress?: (removed: CacheSize) => void;
}

const REDUCTION_NAMES = [
  ...["limitBytes", "limitItems", "maxAgeMs", "eviction", "dryRun"],
  ...["signal", "onProgress"],
];

const NONE: CacheSize = { items: 0, bytes: 0 };
export const NOTHING_REDUCED: Reduction = { removed: NONE, remaining: NONE };

/**
 * What is asked for, and otherwise what always holds.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function reductionOf(options: ReductionOptions, standing: StandingLimits): ReductionRequest {
  checkOptionNames(options, REDUCTION_NAMES, "reduceSize");
  const { eviction = standing.order, dryRun: isDryRun = false, signal, onProgress } = options;
  if (typeof isDryRun !== "boolean") {
    throw new TypeError(`Option dryRun must be true or false: got ${String(isDryRun)}`);
  }
  const given = checkLimits(options);
  const limits = isLimited(given) ? given : standing;
  return { limits, order: checkOrder(eviction), isDryRun, signal, onProgress };
}

/** @throws {TypeError} for what is no order */
export function checkOrder(order: unknown): EvictionOrder {
  if (order === "cost" || order === "lru") return order;
  throw new TypeError(`Option eviction must be "cost" or "lru": got ${String(order)}`);
}

export function isLimited({ bytes, items, ageMs }: Limits): boolean {
  return Number.isFinite(bytes) || Number.isFinite(items) || Number.isFinite(ageMs);
}

function checkLimit(name: string, of: string, limit: number | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit === "number" && limit >= 0) return limit;
  throw new RangeError(`Option ${name} must be a number of ${of}, at least 0: got ${limit}`);
}

function parseSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([KMGT])$/.exec(text);
  if (match === null) {
    throw new TypeError(
      `Option limitBytes must be a number, or one with a unit out of ${[...UNITS].join(", ")}, such as "2G": got "${text}"`,
    );
  }
  return Math.trunc(Number(match[1]) * 1024 ** (UNITS.indexOf(match[2] as string) + 1));
}
