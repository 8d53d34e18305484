/** The options that tiers of all kinds of buckets have. */
import { checkOptionNames } from "../format/option-names.ts";
import type { Bucket } from "./bucket.ts";
import { BucketTier } from "./bucket-tier.ts";
import { checkTtl, DEFAULT_TTL_MS } from "./lease.ts";
import { Seal } from "./seal.ts";
import type { SharedTier, TierRecipe } from "./shared-tier.ts";

export interface TierOptions {
  /**
   * A secret of all who share the bucket, at least 32 bytes: results that are not signed with it are
   * not used. Without it, whoever can write to the bucket can make results.
   */
  readonly signingKey?: string | Uint8Array;
  /**
   * How long the right to compute a result outlives its holder, ms, at least 5,000; default 30,000.
   * It is renewed meanwhile; but one of an `async` function that keeps the event loop busy for longer
   * is lost, and the result may be computed twice.
   */
  readonly leaseMs?: number;
  /**
   * How long the bucket may be silent, ms, before a call goes on without it; default 10,000. A bucket
   * that fails again and again is left alone for up to a minute.
   */
  readonly answerMs?: number;
  /** `true`: results are taken from the bucket, and nothing is written to it. Default `false`. */
  readonly readOnly?: boolean;
  /**
   * `false`: functions that are not declared `async` do not ask the bucket, which blocks their thread
   * for as long as that takes; they compute, and their results are sent. Default `true`.
   */
  readonly sync?: boolean;
}

export const TIER_OPTION_NAMES: readonly string[] = [
  "signingKey",
  "leaseMs",
  "answerMs",
  "readOnly",
  "sync",
];

const ANSWER_MS = 10_000;

/**
 * A shared tier for `new Memory({ location, shared })` in anything that behaves like a bucket. Only
 * functions declared `async` look into it: another thread, which does so for others, cannot have it.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function bucketTier(bucket: Bucket, options: TierOptions = {}): SharedTier {
  checkOptionNames(options, TIER_OPTION_NAMES, "bucketTier");
  return tierOf(bucket, options, () => undefined);
}

/**
 * @param recipe what it is made from, as of {@link SharedTier}
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function tierOf(
  bucket: Bucket,
  options: TierOptions,
  recipe: () => TierRecipe | undefined,
): SharedTier {
  const { signingKey, leaseMs = DEFAULT_TTL_MS, answerMs = ANSWER_MS } = options;
  checkTtl(leaseMs);
  checkAnswer(answerMs);
  const readOnly = flagOf("readOnly", options.readOnly ?? false);
  const sync = flagOf("sync", options.sync ?? true);
  const seal = new Seal(signingKey);
  const settings = { seal, leaseMs, answerMs, readOnly };
  return new BucketTier(bucket, { ...settings, recipe: sync ? recipe : () => "unasked" });
}

function flagOf(name: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`Option ${name} must be true or false: got ${String(value)}`);
}

function checkAnswer(ms: unknown): void {
  // What a timer takes.
  if (typeof ms === "number" && ms >= 1 && ms < 2 ** 31) return;
  throw new RangeError(`Option answerMs must be milliseconds, at least 1: got ${String(ms)}`);
}
