/** The options that tiers of all kinds of buckets have. */
import type { Bucket } from "./bucket.ts";
import { BucketTier } from "./bucket-tier.ts";
import { checkTtl, DEFAULT_TTL_MS } from "./lease.ts";
import { Seal } from "./seal.ts";
import type { SharedTier } from "./shared-tier.ts";

export interface TierOptions {
  /**
   * A secret of all who share the bucket, at least 32 bytes: results that are not signed with it are
   * not used. Without it, whoever can write to the bucket can make results.
   */
  readonly signingKey?: string | Uint8Array;
  /**
   * How long the right to compute a result outlives its holder, ms, at least 5,000; default 30,000.
   * A function that keeps the event loop busy for longer loses it, and may be computed twice.
   */
  readonly leaseMs?: number;
  /**
   * How long the bucket may be silent, ms, before a call goes on without it; default 10,000. A bucket
   * that fails again and again is left alone for up to a minute.
   */
  readonly answerMs?: number;
  /** `true`: results are taken from the bucket, and nothing is written to it. Default `false`. */
  readonly readOnly?: boolean;
}

export const TIER_OPTION_NAMES: readonly string[] = [
  "signingKey",
  "leaseMs",
  "answerMs",
  "readOnly",
];

const ANSWER_MS = 10_000;

/** @throws {TypeError | RangeError} for an option, named in the message */
export function tierOf(bucket: Bucket, options: TierOptions): SharedTier {
  const { signingKey, leaseMs = DEFAULT_TTL_MS, answerMs = ANSWER_MS, readOnly = false } = options;
  checkTtl(leaseMs);
  checkAnswer(answerMs);
  if (typeof readOnly !== "boolean") {
    throw new TypeError(`Option readOnly must be true or false: got ${String(readOnly)}`);
  }
  return new BucketTier(bucket, { seal: new Seal(signingKey), leaseMs, answerMs, readOnly });
}

function checkAnswer(ms: unknown): void {
  // What a timer takes.
  if (typeof ms === "number" && ms >= 1 && ms < 2 ** 31) return;
  throw new RangeError(`Option answerMs must be milliseconds, at least 1: got ${String(ms)}`);
}
