/** What the options of a memoized function say of its calls and their results. */
import type { CallArguments } from "./call-arguments.ts";
import type { Freshness } from "./freshness.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { packingOf } from "./packing.ts";
import type { Receiver } from "./receiver.ts";
import type { tagsOf } from "./tags.ts";

/** How one function is told from others, its calls from one another, and what is kept of them. */
export interface Policy {
  /** Asked once, at the first call: a method learns the name of its class from its first `this`. */
  readonly identify: (self: unknown) => FunctionIdentity;
  /** What stands for `this` in keys; `undefined` when it does not count. */
  readonly receiver: (self: unknown) => Receiver | undefined;
  readonly counting: CallArguments;
  readonly freshness: Freshness;
  readonly packing: ReturnType<typeof packingOf>;
  /** Whether results are kept however old they grow, and however large the cache. */
  readonly isPinned: boolean;
  /** How long a call waits for another process that computes its result, at most. */
  readonly waitMs: number;
  readonly tags: ReturnType<typeof tagsOf>;
  readonly shouldCache: ((result: never, call: { durationMs: number }) => boolean) | undefined;
}
