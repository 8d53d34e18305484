/** Whether a stored result may still be used: its age, and what the user thinks of it. */
import type { Entry } from "../store/entry.ts";
import type { EntryInfo } from "./entry-info.ts";

export interface FreshnessOptions {
  /** A result older than this is computed again, ms; default: never. */
  readonly ttlMs?: number;
  /**
   * Of a function that gives promises: for so long after `ttlMs` the old result is given at once,
   * and computed again meanwhile, ms.
   */
  readonly staleWhileRevalidateMs?: number;
  /** Called with what is known of a stored result; what is not true has it computed again. */
  readonly validate?: (info: EntryInfo) => boolean;
}

/** Why a stored result is not used. */
export type Staleness = "expired" | "rejected";

export class Freshness {
  readonly #ttlMs: number;
  readonly #graceMs: number;
  readonly #validate: ((info: EntryInfo) => boolean) | undefined;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor({ ttlMs, staleWhileRevalidateMs, validate }: FreshnessOptions) {
    this.#ttlMs = checkAge("ttlMs", ttlMs);
    this.#graceMs = checkAge("staleWhileRevalidateMs", staleWhileRevalidateMs ?? 0);
    if (validate !== undefined && typeof validate !== "function") {
      throw new TypeError(`Option validate must be a function: got ${String(validate)}`);
    }
    this.#validate = validate;
  }

  /**
   * @param maxAgeMs the limit of one call, ms
   * @returns `undefined` for a result that may be used
   * @throws what the user's `validate` throws
   */
  staleness(entry: Entry, info: () => EntryInfo, maxAgeMs: number): Staleness | undefined {
    const limit = Math.min(this.#ttlMs, maxAgeMs);
    // A clock that was set back makes results from the future, which are as good as new.
    if (limit < Number.POSITIVE_INFINITY && Date.now() - entry.createdMs > limit) return "expired";
    return this.accepts(info) ? undefined : "rejected";
  }

  /** @throws what the user's `validate` throws */
  accepts(info: () => EntryInfo): boolean {
    return this.#validate === undefined || this.#validate(info());
  }

  /** Whether results may be given when they are too old. */
  get hasGrace(): boolean {
    return this.#graceMs > 0;
  }

  /** Whether a result is too old, but not so old that it may not be given once more. */
  isInGrace(entry: Entry, maxAgeMs: number): boolean {
    const age = Date.now() - entry.createdMs;
    return age > this.#ttlMs && age <= Math.min(this.#ttlMs + this.#graceMs, maxAgeMs);
  }
}

/** A limit of age; without one, infinite. @throws {RangeError} */
export function checkAge(name: string, ms: number | undefined): number {
  if (ms === undefined) return Number.POSITIVE_INFINITY;
  if (typeof ms === "number" && ms >= 0) return ms;
  throw new RangeError(`Option ${name} must be a number of milliseconds, at least 0: got ${ms}`);
}

/** A span of time, the sum of its fields. */
export interface TimeSpan {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
}

const SECOND_MS = 1000;
const UNITS_MS = {
  days: 24 * 3600 * SECOND_MS,
  hours: 3600 * SECOND_MS,
  minutes: 60 * SECOND_MS,
  seconds: SECOND_MS,
} as const;

/**
 * For the option `validate`: results are used for so long.
 *
 * @example memory.memoize(load, { validate: expiresAfter({ hours: 12 }) })
 * @throws {TypeError | RangeError} for a field that does not exist or is no number, at least 0
 */
export function expiresAfter(span: TimeSpan): (info: EntryInfo) => boolean {
  let spanMs = 0;
  for (const [unit, count] of Object.entries(span)) {
    if (!Object.hasOwn(UNITS_MS, unit)) throw new TypeError(`There is no unit of time "${unit}"`);
    // A field that is there has to say something: `undefined` would be no limit.
    spanMs += checkAge(unit, count ?? Number.NaN) * UNITS_MS[unit as keyof typeof UNITS_MS];
  }
  return ({ created }) => Date.now() - created.getTime() <= spanMs;
}
