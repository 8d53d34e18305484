/** Decorators for methods, by TC39's protocol and by TypeScript's `experimentalDecorators`. */

import type { CallSite } from "./call-site.ts";
import type { AnyFunction } from "./function-kind.ts";
import { assertThisHashable } from "./receiver.ts";
import { usesThis } from "./uses-this.ts";
import { type Cache, type MemoizeOptions, memoizeOn } from "./wrapper.ts";

/** Memoizes a method, by whichever protocol it is called. */
export interface MemoizeMethod {
  <This, Args extends unknown[], Result>(
    method: (this: This, ...args: Args) => Result,
    context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Result>,
  ): (this: This, ...args: Args) => Result;
  <F extends AnyFunction>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<F>,
  ): TypedPropertyDescriptor<F>;
}

/** What the compiled class passes, and where that class is. */
export interface Decoration {
  readonly cache: Cache;
  readonly options: MemoizeOptions;
  readonly site: CallSite;
}

/** Whether `memoize` was called by a compiled class rather than by a user. */
export function isDecoratorCall([first, second]: readonly unknown[]): boolean {
  if (typeof second === "string" || typeof second === "symbol") return true;
  if (typeof second !== "object" || second === null) return false;
  return "kind" in second && (typeof first === "function" || first === undefined);
}

/** @throws {TypeError} for anything but a method, and as `memoize` does */
export function decorate(decoration: Decoration, args: readonly unknown[]): unknown {
  const [first, second, third] = args;
  return typeof second === "object"
    ? decorateTc39(decoration, first, second as ClassMethodDecoratorContext)
    : decorateLegacy(decoration, first as object, second as string | symbol, third);
}

function decorateTc39(
  decoration: Decoration,
  method: unknown,
  { kind, name, private: isPrivate }: ClassMethodDecoratorContext,
): AnyFunction {
  if (kind !== "method" || typeof method !== "function") throw notAMethod(kind, name);
  if (isPrivate && decoration.options.id === undefined) {
    throw new TypeError(`The private method ${String(name)} shows no class: give it an { id }`);
  }
  return memoizeOn(decoration.cache, {
    ...decoration,
    fn: method as AnyFunction,
    nameOf: (self, wrapper) => methodName(ownerOf(self, name, wrapper), name),
  });
}

function decorateLegacy(
  decoration: Decoration,
  target: object,
  key: string | symbol,
  descriptor: unknown,
): PropertyDescriptor {
  const { value } = (descriptor ?? {}) as PropertyDescriptor;
  if (typeof value !== "function") {
    throw notAMethod(descriptor === undefined ? "field" : "accessor", key);
  }
  const owner = typeof target === "function" ? target : target.constructor;
  const { this: policy = "value" } = decoration.options;
  if (policy === "value" && typeof target !== "function" && usesThis(value as AnyFunction)) {
    assertThisHashable(owner);
  }
  const wrapper = memoizeOn(decoration.cache, {
    ...decoration,
    fn: value as AnyFunction,
    nameOf: () => methodName(owner.name, key),
  });
  return { ...(descriptor as PropertyDescriptor), value: wrapper };
}

/** @returns a name for the id; empty, and so refused, where the class has none */
function methodName(owner: string, key: string | symbol): string {
  return owner === "" ? "" : `${owner}.${String(key)}`;
}

/**
 * The class that has `wrapper` as its own method: subclasses share the results of their base. Where
 * another decorator or a spy stands in its place, the nearest class with a method of that name.
 */
function ownerOf(self: unknown, key: string | symbol, wrapper: AnyFunction): string {
  let nearest: string | undefined;
  for (let level = self; isObject(level); level = Object.getPrototypeOf(level)) {
    const own = Object.getOwnPropertyDescriptor(level, key);
    if (own === undefined) continue;
    const name = typeof level === "function" ? level.name : level.constructor.name;
    if (own.value === wrapper) return name;
    // What an instance has for itself says nothing of its class.
    if (Object.hasOwn(level, "constructor") || typeof level === "function") nearest ??= name;
  }
  return nearest ?? "";
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function notAMethod(kind: string, name: string | symbol): TypeError {
  return new TypeError(
    `Only methods can be memoized: "${String(name)}" is no method but a ${kind}`,
  );
}
