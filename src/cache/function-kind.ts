/** Which functions give promises: those that say so, and those that do so. */

// biome-ignore lint/suspicious/noExplicitAny: a function of any signature, as TypeScript spells it
export type AnyFunction = (this: any, ...args: any[]) => any;

const AsyncFunction = (async () => undefined).constructor;

export function isDeclaredAsync(fn: AnyFunction): boolean {
  return fn instanceof AsyncFunction;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
  } catch {
    return false; // a getter of the result's own that throws
  }
}
