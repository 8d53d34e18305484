/** Whether a stored result may still be used: its age, and what the user thinks of it. */
import { checkOptionNames } from "../format/option-names.ts";
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
  /**
   * Errors that the function throws, or its promise rejects with, are stored too, and thrown again
   * by later calls: all but those named `AbortError`, or those that `when` says. They never take the
   * place of a result that may be used. `ttlMs` is theirs; without it they are kept as results are.
   * Default: `false`.
   */
  readonly cacheErrors?: boolean | CachedErrors;
}

/** Which errors are stored, and for how long. */
export interface CachedErrors {
  /** An error older than this is not thrown again: the function is, ms. */
  readonly ttlMs?: number;
  /** Whether this error is stored. What it throws becomes a warning, and the error is not. */
  readonly when?: (error: unknown) => boolean;
}

/** Why a stored result is not used. */
export type Staleness = "expired" | "rejected";

export class Freshness {
  readonly #ttlMs: number;
  readonly #graceMs: number;
  readonly #validate: ((info: EntryInfo) => boolean) | undefined;
  /** `undefined` where errors are not stored. */
  readonly #errorsTtlMs: number | undefined;
  readonly #isKept: ((error: unknown) => boolean) | undefined;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(options: FreshnessOptions) {
    const { ttlMs, staleWhileRevalidateMs, validate, cacheErrors = false } = options;
    this.#ttlMs = checkAge("ttlMs", ttlMs);
    this.#graceMs = checkAge("staleWhileRevalidateMs", staleWhileRevalidateMs ?? 0);
    if (validate !== undefined && typeof validate !== "function") {
      throw new TypeError(`Option validate must be a function: got ${String(validate)}`);
    }
    this.#validate = validate;
    const errors = checkErrors(cacheErrors);
    this.#errorsTtlMs = errors && checkAge("cacheErrors.ttlMs", errors.ttlMs ?? this.#ttlMs);
    this.#isKept = errors?.when;
  }

  /** Whether an error of the function is to be stored. @throws what the user's `when` throws */
  keepsError(error: unknown): boolean {
    if (this.#errorsTtlMs === undefined) return false;
    if (this.#isKept !== undefined) return this.#isKept(error) === true;
    // Somebody gave up on this call; the next one has not.
    return (error as { name?: unknown } | null | undefined)?.name !== "AbortError";
  }

  /**
   * @param maxAgeMs the limit of one call, ms
   * @returns `undefined` for a result that may be used
   * @throws what the user's `validate` throws
   */
  staleness(entry: Entry, info: () => EntryInfo, maxAgeMs: number): Staleness | undefined {
    const ownLimit = entry.threw ? this.#errorsTtlMs : this.#ttlMs;
    if (ownLimit === undefined) return "rejected";
    const limit = Math.min(ownLimit, maxAgeMs);
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
    if (entry.threw) return false;
    const age = Date.now() - entry.createdMs;
    return age > this.#ttlMs && age <= Math.min(this.#ttlMs + this.#graceMs, maxAgeMs);
  }
}

/** @throws {TypeError} for what is no such option, named in the message */
function checkErrors(option: boolean | CachedErrors): CachedErrors | undefined {
  if (typeof option === "boolean") return option ? {} : undefined;
  if (typeof option !== "object" || option === null) {
    throw new TypeError(`Option cacheErrors must be true, false or an object: got ${option}`);
  }
  checkOptionNames(option, ["ttlMs", "when"], "cacheErrors");
  const { when } = option;
  if (when === undefined || typeof when === "function") return option;
  throw new TypeError(`Option cacheErrors.when must be a function: got ${String(when)}`);
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
