/** `memoize` in its forms: on a function, and as a decorator. */
import { callSite } from "./call-site.ts";
import { decorate, isDecoratorCall, type MemoizeMethod } from "./decorator.ts";
import type { AnyFunction } from "./function-kind.ts";
import type {
  AnyGeneratorFunction,
  GeneratorOptions,
  MemoizedGenerator,
} from "./generator-operations.ts";
import type { MemoizedFunction } from "./operations.ts";
import { type Cache, checkOptions, type MemoizeOptions, memoizeOn } from "./wrapper.ts";

/** Functions of which nothing is known are no generators. */
type Typed<F extends AnyGeneratorFunction> = 0 extends 1 & ReturnType<F> ? never : unknown;

/**
 * Memoizes a function, `memoize(fn, options)`, or a method, `@memoize` and `@memoize(options)`: a
 * call with arguments that were seen before, in this process or an earlier one, gives the stored
 * result. Synchronous functions stay so, asynchronous ones too.
 *
 * The memoized function throws {@link KeyError}, before anything is computed, for an argument that
 * cannot be hashed by value; beyond that it throws what the function throws.
 *
 * @throws {TypeError} for an anonymous function without `id`, for an `id` that another function of
 *   this process has, and for an option that does not exist or is of the wrong type
 */
export interface Memoize extends MemoizeMethod {
  /** A generator replays what was yielded before, and goes on from there. */
  <F extends AnyGeneratorFunction>(
    fn: F & Typed<F>,
    options?: GeneratorOptions<F>,
  ): MemoizedGenerator<F>;
  <F extends AnyFunction>(fn: F, options?: MemoizeOptions<F>): MemoizedFunction<F>;
  (options: MemoizeOptions): MemoizeMethod;
}

/** Makes the `memoize` of a cache, which is asked for when it is first needed. */
export function createMemoize(cacheOf: () => Cache): Memoize {
  const memoize = (...args: readonly unknown[]): unknown => {
    const site = callSite(memoize);
    const [first, second] = args;
    if (isDecoratorCall(args)) return decorate({ cache: cacheOf(), options: {}, site }, args);
    if (typeof first === "function") {
      const options = (second ?? {}) as MemoizeOptions;
      return memoizeOn(cacheOf(), { fn: first as AnyFunction, options, site });
    }
    if (typeof first !== "object" || first === null) {
      throw new TypeError(`Only functions and methods can be memoized: got ${String(first)}`);
    }
    checkOptions(first);
    return (...decorated: readonly unknown[]) => {
      if (!isDecoratorCall(decorated)) {
        throw new TypeError(
          "Only methods are decorated; a function goes first: memoize(fn, options)",
        );
      }
      return decorate({ cache: cacheOf(), options: first, site }, decorated);
    };
  };
  return memoize as Memoize;
}
