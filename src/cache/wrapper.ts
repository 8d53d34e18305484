/** From a user's function and options to the function that takes its place. */
import { checkOptionNames } from "../format/option-names.ts";
import type { CallSite } from "./call-site.ts";
import { claimId } from "./claims.ts";
import {
  type FunctionIdentity,
  type IdentityOptions,
  identify,
  recordVersion,
} from "./identity.ts";
import { type AnyFunction, Memoized, type Shared } from "./memoized.ts";
import type { Receiver } from "./receiver.ts";
import { usesThis } from "./uses-this.ts";

/** How `this` takes part in the key of a call. */
export type ThisPolicy = "value" | "ignore" | ((self: never) => unknown);

export interface MemoizeOptions extends Omit<IdentityOptions, "name"> {
  /**
   * - `"value"` (default): by its own fields. Refused with a `TypeError` where they do not tell
   *   instances apart: private fields, or fields that cannot be hashed.
   * - `"ignore"`: it does not count; right if the result does not depend on the instance.
   * - `(self) => key`: by what the function returns.
   *
   * A function whose source does not mention `this` has none that could count.
   */
  readonly this?: ThisPolicy;
}

const OPTION_NAMES = ["id", "version", "dependsOn", "this"];

/** A cache, as far as memoizing on it goes. */
export interface Cache extends Shared {
  readonly location: string;
}

/** What is memoized, and where in the user's code that happens. */
export interface Subject {
  readonly fn: AnyFunction;
  readonly options: MemoizeOptions;
  /** The module that memoizes. */
  readonly site: CallSite;
  /** Name of a method with its class, learnt from the first `this`; functions have their own. */
  readonly nameOf?: (self: unknown, wrapper: AnyFunction) => string;
}

/** The function that takes the place of the user's. @throws {TypeError} */
export function memoizeOn(cache: Cache, subject: Subject): AnyFunction {
  const { fn, options, site, nameOf } = subject;
  checkOptions(options);
  const wrapper: AnyFunction = function (this: unknown, ...args) {
    return memoized.call(this, args);
  };
  const settle = (name?: string): FunctionIdentity => {
    const identity = identify(fn, { ...options, name }, site.path);
    claimId({ location: cache.location, id: identity.id, site }, fn);
    return identity;
  };
  recordVersion(wrapper, fn, options);
  // What can be refused at once is; only a method without an id has to wait for its class.
  const known = nameOf === undefined || options.id !== undefined ? settle() : undefined;
  const memoized = new Memoized(fn, cache, {
    identify: (self) => known ?? settle(nameOf?.(self, wrapper)),
    receiver: receiverOf(fn, options.this ?? "value"),
  });
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(wrapper, property, { value: fn[property], configurable: true });
  }
  return wrapper;
}

/** @throws {TypeError} for an option that does not exist or is of the wrong type */
export function checkOptions(options: MemoizeOptions): void {
  checkOptionNames(options, OPTION_NAMES, "memoize");
  const policy: unknown = options.this ?? "value";
  if (policy === "value" || policy === "ignore" || typeof policy === "function") return;
  throw new TypeError(
    `Option "this" must be "value", "ignore" or a function of the instance: got ${String(policy)}`,
  );
}

function receiverOf(fn: AnyFunction, policy: ThisPolicy): (self: unknown) => Receiver | undefined {
  if (policy === "ignore") return () => undefined;
  if (typeof policy === "function") {
    return (self) => ({ by: "key", value: policy(self as never) });
  }
  if (!usesThis(fn)) return () => undefined;
  return (self) =>
    self === undefined || self === globalThis ? undefined : { by: "fields", value: self };
}
