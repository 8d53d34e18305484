/** What is known of the objects of a library without the library. */

export interface Kind {
  /** Says whose object it is, in keys and in stored results: never changes. */
  readonly name: string;
  /** What messages call one. */
  readonly title: string;
  /** What messages call its adapter. */
  readonly adapter: string;
  /**
   * By the shape of the object, and that its class has no other parents than the library's have.
   * Asked of any object that is of no built-in class.
   */
  readonly owns: (value: object) => boolean;
  /** The own fields that such objects have, in any version: what else is set is not known. */
  readonly fields: ReadonlySet<string>;
  /**
   * Plain data that is equal for equal objects, however they lie in memory. Where they lie in it
   * without gaps, a view of it.
   *
   * @throws {TypeError | RangeError} when it cannot be read
   */
  readonly content: (value: never) => unknown;
}

/** Makes objects of a library storable: how they are taken apart, and made again. */
export interface Adapter {
  /** Is stored with each object: a result is read by the adapter of the same name. */
  readonly name: string;
  /** Whether the object is one of the library's. Asked of any object that is of no built-in class. */
  readonly owns: (value: object) => boolean;
  /** Anything that can be stored itself: plain data, or objects of other adapters. */
  readonly take: (value: never) => unknown;
  /** From what `take` gave, in memory of its own, the object again. */
  readonly restore: (parts: never) => object;
}

export function hasMethods(value: object, ...names: readonly string[]): boolean {
  return names.every((name) => typeof (value as { [name: string]: unknown })[name] === "function");
}

/**
 * The prototypes of the object's class and of its parents, but for `Object`'s. One without a
 * constructor belongs to the class below: some libraries make such.
 */
export function lineOf(value: object): object[] {
  const line: object[] = [];
  let at = Object.getPrototypeOf(value) as object | null;
  for (; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (Object.getPrototypeOf(at) !== null && Object.hasOwn(at, "constructor")) line.push(at);
  }
  return line;
}

/** The first own field, in quotes or as a symbol, that no object of the kind has. */
export function unknownField(value: object, { fields }: Kind): string | undefined {
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "symbol") return String(key);
    if (!fields.has(key)) return JSON.stringify(key);
  }
  return undefined;
}

/**
 * What an adapter owns: objects of the kind whose class is the library's very own, and that have
 * nothing beside, for what comes back is made anew by the library.
 */
export function ownsOnly(
  kind: Kind,
  isOfLibrary: (line: readonly object[], value: never) => boolean,
): (value: object) => boolean {
  return (value) =>
    kind.owns(value) &&
    unknownField(value, kind) === undefined &&
    isOfLibrary(lineOf(value), value as never);
}

/** The name in `class Name`; empty for an anonymous class, or none. */
export function classNameOf(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "";
}
