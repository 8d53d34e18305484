/** Memoized generators as the user sees them: options, and what can be asked beside calling. */

import type { Call } from "./call.ts";
import type { ArgumentOptions } from "./call-arguments.ts";
import type { EntryInfo } from "./entry-info.ts";
import type { AnyFunction } from "./function-kind.ts";
import type { Generators, StoredYields } from "./generators.ts";
import type { IdentityOptions } from "./identity.ts";
import type { Packing } from "./packing.ts";
import type { FunctionStats } from "./stats.ts";
import type { TagsOption } from "./tags.ts";
import type { MemoizeOptions } from "./wrapper.ts";

/** A generator function, asynchronous or not. */
export type AnyGeneratorFunction = (
  ...args: never[]
) => Generator<unknown, unknown, never> | AsyncGenerator<unknown, unknown, never>;

type YieldOf<F extends AnyGeneratorFunction> =
  ReturnType<F> extends Generator<infer Y, unknown, never> | AsyncGenerator<infer Y, unknown, never>
    ? Y
    : never;

/** Options of a generator function: of the others, those that are of a result as a whole are refused. */
export interface GeneratorOptions<F extends AnyGeneratorFunction = AnyGeneratorFunction>
  extends Omit<IdentityOptions, "name">,
    ArgumentOptions<Parameters<F>> {
  /** As of `MemoizeOptions`. */
  readonly this?: MemoizeOptions["this"];
  /** How the file is compressed, where that differs from the cache's way. */
  readonly packing?: Packing;
  /** As of `MemoizeOptions`. */
  readonly tags?: TagsOption<Parameters<F>>;
  /**
   * Goes on behind what is stored: gives a generator of the yields that follow. Without it the
   * generator is begun again and as many yields are passed over, which is right when it gives the
   * same ones every time.
   */
  readonly resume?: (stored: StoredYields<YieldOf<F>>, ...args: Parameters<F>) => ReturnType<F>;
}

/** None computes anything but `bypass`. */
export interface GeneratorOperations<F extends AnyGeneratorFunction> {
  /** Key of the call: 32 hexadecimal digits, also the start of its file's name. */
  keyOf(...args: Parameters<F>): string;
  /** What is known of the stored yields. */
  info(...args: Parameters<F>): EntryInfo | undefined;
  /** Calls the function itself; nothing is replayed or stored. */
  bypass(...args: Parameters<F>): ReturnType<F>;
  /** Forgets the stored yields; whether there were any. */
  invalidate(...args: Parameters<F>): boolean;
  /** Forgets those of all arguments, in all versions of the function: of how many calls. */
  clear(): number;
  /** What happened in this process. */
  stats(): FunctionStats;
  /** A method, and what can be asked of it, for calls on `self`. */
  on(self: unknown): MemoizedGenerator<F>;
}

/** The generator function, with its own type, and what can be asked of it. */
export type MemoizedGenerator<F extends AnyGeneratorFunction> = F & GeneratorOperations<F>;

/** What takes the place of a generator function. */
export function generatorWrapper(generators: Generators): AnyFunction {
  const wrapper: AnyFunction = function (this: unknown, ...args) {
    return generators.call(callOf(this, args));
  };
  addTo(wrapper, generators, undefined);
  return wrapper;
}

function addTo(target: AnyFunction, generators: Generators, self: unknown): void {
  for (const property of ["name", "length"] as const) {
    Object.defineProperty(target, property, {
      value: generators.fn[property],
      configurable: true,
    });
  }
  for (const [name, value] of Object.entries(operationsFor(generators, self))) {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
  }
}

function operationsFor(
  generators: Generators,
  self: unknown,
): GeneratorOperations<AnyGeneratorFunction> {
  const { stored, fn } = generators;
  const addressOf = (args: readonly unknown[]) => stored.addressOf(callOf(self, args));
  return {
    keyOf: (...args) => addressOf(args).name,
    info: (...args) => stored.info(addressOf(args)),
    bypass: (...args) => Reflect.apply(fn, self, args),
    invalidate: (...args) => stored.delete(addressOf(args), self),
    clear: () => stored.clear(self),
    stats: () => stored.counters.read(),
    on(receiver) {
      const bound: AnyFunction = (...args) => generators.call(callOf(receiver, args));
      addTo(bound, generators, receiver);
      return bound as MemoizedGenerator<AnyGeneratorFunction>;
    },
  };
}

function callOf(self: unknown, args: readonly unknown[]): Call {
  return { self, args, maxAgeMs: Number.POSITIVE_INFINITY };
}
