/** What is known of the objects of a library without the library. */

export interface Kind {
  /** Says whose object it is, in keys and in stored results: never changes. */
  readonly name: string;
  /** What messages call one. */
  readonly title: string;
  /** What messages call its adapter. */
  readonly adapter: string;
  /** By the shape of the object. Asked of any object that is of no built-in class. */
  readonly owns: (value: object) => boolean;
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

/** The name in `class Name`; empty for an anonymous class, or none. */
export function classNameOf(value: object): string {
  const name: unknown = (value.constructor as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "";
}
