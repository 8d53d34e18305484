/** What can be asked of a memoized function beside calling it. */
import { checkOptionNames } from "../format/option-names.ts";
import type { Call } from "./call.ts";
import type { EntryInfo } from "./entry-info.ts";
import type { Explanation } from "./explain.ts";
import { checkAge } from "./freshness.ts";
import type { AnyFunction } from "./function-kind.ts";
import type { Memoized } from "./memoized.ts";
import type { Shelved } from "./shelved.ts";
import type { FunctionStats } from "./stats.ts";

/** Whether a function gives promises, as its type says. */
type IsAsync<F extends AnyFunction> = ReturnType<F> extends PromiseLike<unknown> ? true : false;

/** What `peek` gives: a value or nothing, of an asynchronous function a promise of it. */
type Peeked<F extends AnyFunction> =
  IsAsync<F> extends true ? Promise<Awaited<ReturnType<F>> | undefined> : ReturnType<F> | undefined;

/** How one call differs from the others. */
export interface CallOptions {
  /** A stored result that is older is computed again, ms. */
  readonly maxAgeMs?: number;
}

/** All but those that say so neither compute nor store anything. */
export interface Operations<F extends AnyFunction> {
  /** Whether a call with these arguments would find a result that may be used. */
  has(...args: Parameters<F>): boolean;
  /** The stored result; `undefined` when there is none. */
  peek(...args: Parameters<F>): Peeked<F>;
  /** Key of the call: 32 hexadecimal digits, which are also the start of its files' names. */
  keyOf(...args: Parameters<F>): string;
  /** What is known of the stored result, whether it may still be used or not. */
  info(...args: Parameters<F>): EntryInfo | undefined;
  /** Why a call with these arguments would have to be computed, or would not. */
  explain(...args: Parameters<F>): Explanation;
  /** Computes and stores, whatever is there. */
  refresh(...args: Parameters<F>): ReturnType<F>;
  /** Calls the function itself; nothing is looked up or stored. */
  bypass(...args: Parameters<F>): ReturnType<F>;
  /**
   * Computes and stores where needed, as a call does, and gives a handle instead of the result.
   */
  shelve(
    ...args: Parameters<F>
  ): IsAsync<F> extends true ? Promise<Shelved<ReturnType<F>>> : Shelved<ReturnType<F>>;
  /** Keeps the stored result however old it grows, and however large the cache; whether it is kept. */
  pin(...args: Parameters<F>): boolean;
  /** Keeps it as others are kept again; whether it is there. */
  unpin(...args: Parameters<F>): boolean;
  /** Forgets the stored result; whether there was one. */
  invalidate(...args: Parameters<F>): boolean;
  /**
   * Stores a result that was come by elsewhere; whether it is stored now. A function that gives
   * promises without being declared `async` needs a promise here.
   */
  set(
    args: Parameters<F>,
    value: ReturnType<F> | Awaited<ReturnType<F>>,
  ): IsAsync<F> extends true ? Promise<boolean> : boolean;
  /** Forgets all results, in all versions of the function: how many. */
  clear(): number;
  /** What happened in this process. */
  stats(): FunctionStats;
  /** The same function for calls that differ from the others. @throws {TypeError | RangeError} */
  with(options: CallOptions): (...args: Parameters<F>) => ReturnType<F>;
  /** A method, and what can be asked of it, for calls on `self`. */
  on(self: unknown): MemoizedFunction<F>;
}

/** The function, with its own type and overloads, and what can be asked of it. */
export type MemoizedFunction<F extends AnyFunction> = F & Operations<F>;

/** A function that calls through the cache on any `this`, as yet without its {@link Operations}. */
export function wrapperOf(memoized: Memoized): AnyFunction {
  return function (this: unknown, ...args) {
    return memoized.call({ self: this, args, maxAgeMs: Number.POSITIVE_INFINITY });
  };
}

/** Gives `target`, which calls `memoized` on `self`, its operations. */
export function addOperations(target: AnyFunction, memoized: Memoized, self?: unknown): void {
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(target, property, { value: memoized.fn[property], configurable: true });
  }
  for (const [name, value] of Object.entries(operationsFor(memoized, self))) {
    // Not enumerable, as the methods of a class are not.
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}

/**
 * A decorated method with its {@link Operations}, of which its own type says nothing:
 * `operationsOf(Grid.prototype.interpolate).on(grid).has(x)`.
 *
 * @throws {TypeError} for a function that is not memoized
 */
export function operationsOf<F extends AnyFunction>(fn: F): MemoizedFunction<F> {
  if ("keyOf" in fn) return fn as MemoizedFunction<F>;
  throw new TypeError(`The function "${fn.name}" is not memoized`);
}

function operationsFor(memoized: Memoized, self: unknown): Operations<AnyFunction> {
  const callOf = (args: readonly unknown[], maxAgeMs = Number.POSITIVE_INFINITY): Call => ({
    self,
    args,
    maxAgeMs,
  });
  const { stored } = memoized;
  const addressOf = (args: readonly unknown[]) => stored.addressOf(callOf(args));
  return {
    has: (...args) => stored.peekAt(addressOf(args), callOf(args)) !== undefined,
    peek: (...args) => memoized.peek(callOf(args)),
    keyOf: (...args) => addressOf(args).name,
    info: (...args) => stored.info(addressOf(args)),
    explain: (...args) => stored.explain(callOf(args)),
    refresh: (...args) => memoized.refresh(callOf(args)),
    bypass: (...args) => memoized.compute(callOf(args)),
    shelve: (...args) => memoized.shelve(callOf(args)) as never,
    pin: (...args) => stored.pin(addressOf(args), true),
    unpin: (...args) => stored.pin(addressOf(args), false),
    invalidate: (...args) => memoized.invalidate(callOf(args)),
    set: (args, value) => memoized.set(callOf(args), value) as boolean,
    clear: () => memoized.clear(self),
    stats: () => stored.counters.read(),
    with(options) {
      checkOptionNames(options, ["maxAgeMs"], "with");
      const limit = checkAge("maxAgeMs", options.maxAgeMs);
      return (...args) => memoized.call(callOf(args, limit));
    },
    on(receiver) {
      const bound: AnyFunction = (...args) => memoized.call({ ...callOf(args), self: receiver });
      addOperations(bound, memoized, receiver);
      return bound as MemoizedFunction<AnyFunction>;
    },
  };
}
