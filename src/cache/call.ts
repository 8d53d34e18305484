/** One call of a memoized function, and what becomes of it. */
import type { Entry } from "../store/entry.ts";
import type { Replaces } from "../tier/shared-tier.ts";
import type { CallSummary } from "./call-summary.ts";
import type { DuplicateReason, MissReason } from "./events.ts";

/** One call: on what, with what, and how old its result may be. */
export interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** Infinite where the call sets no limit. */
  readonly maxAgeMs: number;
}

/** Why a call has to be computed. */
export interface Miss {
  readonly reason: MissReason;
  /** The row that was found, and may not be used. */
  readonly seen: Entry | undefined;
}

/** Why a call that waited for another process or thread has to be computed: as of {@link CacheEvent}. */
export type InVain = "takeover" | DuplicateReason;

/** What is noted of a call before its function may change the arguments. */
export interface Notes {
  readonly summary: CallSummary;
  /** `undefined` when they cannot be told. */
  readonly tags: readonly string[] | undefined;
  /** What of the shared tier the result takes the place of. */
  readonly replaces: Replaces;
}

/** What a function has given. */
export interface Made {
  readonly result: unknown;
  /** Whether it threw the result. */
  readonly threw: boolean;
  /** How long that took, ms. */
  readonly durationMs: number;
  readonly notes: Notes;
}

/** What a function has given just now. @param started by the performance clock, ms */
export function madeOf(result: unknown, threw: boolean, started: number, notes: Notes): Made {
  return { result, threw, durationMs: performance.now() - started, notes };
}
