/** From a user's function and options to the function that takes its place. */
import { checkOptionNames } from "../format/option-names.ts";
import type { StandingLimits } from "../store/limits.ts";
import { type ArgumentOptions, CallArguments } from "./call-arguments.ts";
import type { CallSite } from "./call-site.ts";
import { claimId } from "./claims.ts";
import { checkAge, Freshness, type FreshnessOptions } from "./freshness.ts";
import type { AnyFunction } from "./function-kind.ts";
import { FunctionResults } from "./function-results.ts";
import { generatorWrapper } from "./generator-operations.ts";
import { Generators, isGeneratorFunction, type StoredYields } from "./generators.ts";
import {
  type FunctionIdentity,
  type IdentityOptions,
  identify,
  recordVersion,
  withMark,
} from "./identity.ts";
import { Memoized, type Shared } from "./memoized.ts";
import { addOperations, type MemoizedFunction, wrapperOf } from "./operations.ts";
import { type Packing, type PackingOption, packingOf } from "./packing.ts";
import type { Policy } from "./policy.ts";
import type { Receiver } from "./receiver.ts";
import type { SeriesResults } from "./series-results.ts";
import { type TagsOption, tagsOf } from "./tags.ts";
import { usesThis } from "./uses-this.ts";

/** How `this` takes part in the key of a call. */
export type ThisPolicy = "value" | "ignore" | "forbid" | ((self: never) => unknown);

export interface MemoizeOptions<F extends AnyFunction = AnyFunction>
  extends Omit<IdentityOptions, "name">,
    ArgumentOptions<Parameters<F>>,
    FreshnessOptions {
  /**
   * - `"value"` (default): by its own fields. Refused with a `TypeError` where they do not tell
   *   instances apart: private fields, or fields that cannot be hashed.
   * - `"ignore"`: it does not count; right if the result does not depend on the instance.
   * - `"forbid"`: a call on an instance throws a `TypeError`.
   * - `(self) => key`: by what the function returns.
   *
   * A function whose source does not mention `this` has none that could count.
   */
  readonly this?: ThisPolicy;
  /** How the result's arrays are compressed, where that differs from the cache's way. */
  readonly packing?: PackingOption;
  /**
   * Names under which results are forgotten together, whatever functions they are of:
   * `memory.clear({ tag })`. The same for all calls, or of each by its arguments.
   */
  readonly tags?: TagsOption<Parameters<F>>;
  /**
   * Whether results are kept however old they grow, and however large the cache. They count towards
   * the limits all the same.
   */
  readonly pin?: boolean;
  /**
   * How long a call waits while another process or thread of this machine computes its result, ms;
   * then it computes it too. Default: as of the `Memory`.
   */
  readonly waitMs?: number;
  /** Of a generator function: as of `GeneratorOptions`. */
  readonly resume?: (stored: StoredYields<never>, ...args: Parameters<F>) => unknown;
  /** `false` has a result returned but not stored. */
  readonly shouldCache?: (
    result: Awaited<ReturnType<F>>,
    call: { readonly durationMs: number },
  ) => boolean;
}

const OPTION_NAMES = [
  ...["id", "version", "code", "dependsOn", "this", "ignore", "normalize", "key"],
  ...["ttlMs", "validate", "staleWhileRevalidateMs", "cacheErrors"],
  ...["tags", "packing", "pin", "waitMs", "shouldCache", "resume"],
];

/** A cache, as far as memoizing on it goes. */
export interface Cache extends Shared {
  /** Absolute path; `undefined` when the cache is disabled. */
  readonly location: string | undefined;
  /** How long calls wait for other processes, unless their function says otherwise. */
  readonly waitMs: number;
  readonly limits: StandingLimits;
  /** Results that grow; `undefined` when the cache is disabled. */
  readonly series: SeriesResults | undefined;
}

/** What is memoized, and where in the user's code that happens. */
export interface Subject {
  readonly fn: AnyFunction;
  readonly options: MemoizeOptions<never>;
  /** The module that memoizes. */
  readonly site: CallSite;
  /** Name of a method with its class, learnt from the first `this`; functions have their own. */
  readonly nameOf?: (self: unknown, wrapper: AnyFunction) => string;
}

/** The function that takes the place of the user's. @throws {TypeError | RangeError} */
export function memoizeOn(
  cache: Cache,
  { fn, options, site, nameOf }: Subject,
): MemoizedFunction<AnyFunction> {
  checkOptions(options);
  checkKind(fn, options);
  const policy = policyOf(fn, options, cache.waitMs);
  const settle = (name?: string): FunctionIdentity => {
    const identity = identify(fn, { ...options, name }, site.path);
    const { location } = cache;
    if (location !== undefined) claimId({ location, id: identity.id, site }, fn);
    // Yields are other than a result, should the function become one of the other kind.
    return withMark(identity, policy.counting.mark + (isGeneratorFunction(fn) ? "~yields" : ""));
  };
  // What can be refused at once is; only a method without an id has to wait for its class.
  const known = nameOf === undefined || options.id !== undefined ? settle() : undefined;
  const wrapper = wrap(cache, fn, options, {
    ...policy,
    identify: (self) => known ?? settle(nameOf?.(self, wrapper)),
  });
  recordVersion(wrapper, fn, options);
  return wrapper as MemoizedFunction<AnyFunction>;
}

function wrap(
  cache: Cache,
  fn: AnyFunction,
  { packing, resume }: MemoizeOptions<never>,
  policy: Policy,
): AnyFunction {
  if (isGeneratorFunction(fn)) {
    const stored = new FunctionResults(cache, policy);
    const own = { packing: packing as Packing | undefined, resume: resume as AnyFunction };
    return generatorWrapper(new Generators(fn, stored, cache.series, own));
  }
  const memoized = new Memoized(fn, cache, policy);
  const wrapper = wrapperOf(memoized);
  addOperations(wrapper, memoized);
  return wrapper;
}

/** Options of a result as a whole, which a generator's yields are not. */
const WHOLE_NAMES = [
  ...["ttlMs", "validate", "staleWhileRevalidateMs", "cacheErrors"],
  ...["waitMs", "shouldCache"],
] as const;

/** @throws {TypeError} for an option that does not go with the kind of function */
function checkKind(fn: AnyFunction, options: MemoizeOptions<never>): void {
  const { resume, packing } = options;
  if (!isGeneratorFunction(fn)) {
    if (resume === undefined) return;
    throw new TypeError("Option resume is for generator functions");
  }
  const name = WHOLE_NAMES.find((whole) => options[whole] !== undefined);
  if (name !== undefined) throw new TypeError(`Option ${name} is not for generator functions`);
  if (typeof packing === "function") {
    throw new TypeError("Option packing of a generator function must be one for all its yields");
  }
  if (resume !== undefined && typeof resume !== "function") {
    throw new TypeError(`Option resume must be a function: got ${String(resume)}`);
  }
}

/** What the options say, all of which is checked before the function's id is claimed. */
function policyOf(
  fn: AnyFunction,
  options: MemoizeOptions<never>,
  waitMs: number,
): Omit<Policy, "identify"> {
  return {
    receiver: receiverOf(fn, options.this ?? "value"),
    counting: new CallArguments(options),
    freshness: new Freshness(options),
    tags: tagsOf(options.tags),
    packing: packingOf(options.packing),
    isPinned: options.pin ?? false,
    waitMs: checkAge("waitMs", options.waitMs ?? waitMs),
    shouldCache: options.shouldCache,
  };
}

const THIS_POLICIES: readonly unknown[] = ["value", "ignore", "forbid"];

/** @throws {TypeError} for an option that does not exist or is of the wrong type */
export function checkOptions(options: MemoizeOptions<never>): void {
  checkOptionNames(options, OPTION_NAMES, "memoize");
  const { this: policy = "value", pin = false, shouldCache } = options;
  if (!THIS_POLICIES.includes(policy) && typeof policy !== "function") {
    throw new TypeError(
      `Option "this" must be "value", "ignore", "forbid" or a function of the instance: got ${String(policy)}`,
    );
  }
  if (typeof pin !== "boolean") {
    throw new TypeError(`Option pin must be true or false: got ${String(pin)}`);
  }
  if (shouldCache !== undefined && typeof shouldCache !== "function") {
    throw new TypeError(`Option shouldCache must be a function: got ${String(shouldCache)}`);
  }
}

function receiverOf(fn: AnyFunction, policy: ThisPolicy): (self: unknown) => Receiver | undefined {
  if (policy === "ignore") return () => undefined;
  if (policy === "forbid") return refuseInstance;
  if (typeof policy === "function") {
    return (self) => ({ by: "key", value: policy(self as never) });
  }
  if (!usesThis(fn)) return () => undefined;
  return (self) => (isInstance(self) ? { by: "fields", value: self } : undefined);
}

function isInstance(self: unknown): boolean {
  return self !== undefined && self !== globalThis;
}

function refuseInstance(self: unknown): undefined {
  if (!isInstance(self)) return undefined;
  throw new TypeError('A function memoized with { this: "forbid" } was called on an instance');
}
