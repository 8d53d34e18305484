/**
 * Which built-in class an object belongs to, also when it comes from another realm (`node:vm`, as
 * test runners use), whose `Map` is not this realm's `Map`.
 */

/** A signal says how long to wait for a result, not which result: keys leave it out. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  return typeof value === "object" && value instanceof AbortSignal;
}

/**
 * What a table has by the names of global classes, by their prototypes: the faster question, and
 * the only one for classes that are written in JavaScript, such as URL.
 */
export function byPrototype<T>(byName: ReadonlyMap<string, T>): Map<unknown, T> {
  const map = new Map<unknown, T>();
  for (const [name, value] of byName) {
    // Float16Array is not in every Node.
    const made = (globalThis as unknown as Record<string, { prototype: object } | undefined>)[name];
    if (made !== undefined) map.set(made.prototype, value);
  }
  return map;
}

/** The name of the built-in class whose instance `object` is; `undefined` for a user's class. */
export function builtinName(object: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (typeof prototype !== "object" || prototype === null) return undefined;
  const maker: unknown = Object.hasOwn(prototype, "constructor") && prototype.constructor;
  if (typeof maker !== "function" || maker.prototype !== prototype) return undefined;
  const native = /^function (\w+)\(\) \{ \[native code\] \}$/;
  return native.exec(Function.prototype.toString.call(maker))?.[1];
}

/** What to call an object in a message: `a Promise`, `an instance of class Model`. */
export function kindOf(object: object): string {
  const brand = Object.prototype.toString.call(object).slice(8, -1);
  const prototype = Object.getPrototypeOf(object) as { constructor?: unknown } | null;
  const maker = prototype?.constructor;
  const name = typeof maker === "function" && maker.name !== "Object" ? maker.name : "";
  if (name === "") return `a value of kind ${brand}`;
  return builtinName(object) === undefined ? `an instance of class ${name}` : `a ${name}`;
}
