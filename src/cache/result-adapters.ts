/** What of a result is of a class that is not the language's own: adapters, and classes that opt in. */

import { type Adapter, unknownField } from "../adapters/kind.ts";
import { kindNamed, libraryKind } from "../adapters/kinds.ts";
import { messageOf } from "../errors.ts";
import { kindOf } from "./realm.ts";
import type { ResultReader } from "./result-reader.ts";
import { type Json, RestoreError, special, UnsupportedError } from "./result-skeleton.ts";
import type { ResultWriter } from "./result-writer.ts";

/**
 * Name of the two methods by which the instances of a class are stored in results. The instance's
 * gives its parts, anything that can be stored; the static one makes an instance of them:
 *
 *     class Grid {
 *       [storeSymbol]() { return { cells: this.#cells, width: this.width }; }
 *       static [storeSymbol]({ cells, width }) { return new Grid(cells, width); }
 *     }
 *     new Memory({ location, adapters: [Grid] });
 *
 * It is `Symbol.for("bloscache.store")`, so that a class need not import this library.
 */
export const storeSymbol: unique symbol = Symbol.for("bloscache.store");

/** A class with both methods called {@link storeSymbol}; stored by its `name`. */
export interface StorableClass {
  readonly name: string;
  readonly prototype: { [storeSymbol](): unknown };
  [storeSymbol](parts: never): object;
}

/** The adapters of a cache. */
export class Adapters {
  readonly #byName = new Map<string, Adapter>();

  /** @throws {TypeError} for what is no adapter, and for two of one name */
  constructor(given: readonly (Adapter | StorableClass)[] = []) {
    if (!Array.isArray(given)) {
      throw new TypeError(`Option adapters must be an array: got ${String(given)}`);
    }
    this.add(given);
  }

  /** @throws {TypeError} as the constructor */
  add(given: readonly (Adapter | StorableClass)[]): void {
    for (const [i, one] of given.entries()) {
      const adapter = typeof one === "function" ? adapterOf(one) : one;
      if (!isAdapter(adapter)) {
        throw new TypeError(
          `Option adapters[${i}] must be an adapter, or a named class with an instance method and a static method [storeSymbol]`,
        );
      }
      const { name } = adapter;
      if (this.#byName.has(name)) throw new TypeError(`Option adapters has two called "${name}"`);
      this.#byName.set(name, adapter);
    }
  }

  /** The one that takes an object apart. */
  of(object: object): Adapter | undefined {
    for (const adapter of this.#byName.values()) if (adapter.owns(object)) return adapter;
    return undefined;
  }

  named(name: string): Adapter | undefined {
    return this.#byName.get(name);
  }
}

/** What stands for an object of an adapter, where none is asked to restore it. */
interface Unrestored {
  /** Name of the adapter. */
  readonly adapter: string;
  /** What it made of the object. */
  readonly parts: unknown;
}

/** Reads every result, restoring no object: to look at it takes none of the libraries. */
export class NoAdapters extends Adapters {
  override named(name: string): Adapter {
    const restore = (parts: unknown): Unrestored => ({ adapter: name, parts });
    return { name, owns: () => false, take: (value) => value, restore };
  }
}

/** Names of the adapters that a result needs, each once. */
export function adaptersOf(skeleton: string): string[] {
  const names = new Set<string>();
  // A key "$" is the mark of a special, and nothing else: an object of the result with such a key
  // is written as a list of its fields.
  JSON.parse(skeleton, (key, value: unknown) => {
    if (key === "$" && Array.isArray(value) && value[0] === "adapted") names.add(String(value[1]));
    return value;
  });
  return [...names];
}

function adapterOf(given: StorableClass): Adapter | undefined {
  const { prototype, name } = given;
  const hasBoth = [given, prototype].every(
    (owner: { [storeSymbol]?: unknown } | undefined) => typeof owner?.[storeSymbol] === "function",
  );
  if (!hasBoth) return undefined;
  return {
    name,
    // Not of subclasses, which would come back as instances of this one.
    owns: (object) => Object.getPrototypeOf(object) === prototype,
    take: (object: { [storeSymbol](): unknown }) => object[storeSymbol](),
    restore: (parts) => given[storeSymbol](parts),
  };
}

function isAdapter(given: unknown): given is Adapter {
  const { name, owns, take, restore } = (given ?? {}) as Partial<Adapter>;
  const isNamed = typeof name === "string" && name !== "";
  return isNamed && [owns, take, restore].every((part) => typeof part === "function");
}

/** What to give a Memory that lacks the adapter of this name. */
export function remedyFor(name: string): string {
  const kind = kindNamed(name);
  const given = kind === undefined ? `the adapter or class called "${name}"` : kind.adapter;
  return `Memory { adapters: [${given}] }`;
}

/** Why an object of no known class is refused, and what to do about it. */
export function adviceOn(object: object, adapters: Adapters): string {
  const library = libraryKind(object);
  if (library !== undefined) {
    const { name, title, adapter } = library;
    const field = unknownField(object, library);
    if (field !== undefined) {
      return `it is ${title} with a field of its own, ${field}, beside its value; return both in a plain object`;
    }
    if (adapters.named(name) !== undefined) {
      return `it is ${title}, but not of the very library that ${adapter} was given: of another copy, or a class like it`;
    }
    return `it is ${title}: give Memory { adapters: [${adapter}] }, of "bloscache/adapters"`;
  }
  const kind = `it is ${kindOf(object)}`;
  if (typeof (object as { [storeSymbol]?: unknown })[storeSymbol] !== "function") return kind;
  return `${kind}: give Memory { adapters: [${object.constructor.name}] }`;
}

export function writeAdapted(writer: ResultWriter, object: object, adapter: Adapter): Json {
  return special("adapted", adapter.name, writer.content(adapter.take(object as never)));
}

export function readAdapted(reader: ResultReader, [name, json]: Json[]): object {
  const adapter = reader.adapters.named(name as string);
  if (adapter === undefined) throw new UnsupportedError(name as string);
  // It is counted before its parts, and there when they are.
  const n = reader.reserve();
  const parts = reader.value(json as Json);
  const object = restoreBy(adapter, parts);
  reader.settle(n, object);
  return object;
}

function restoreBy(adapter: Adapter, parts: unknown): object {
  let object: unknown;
  try {
    object = adapter.restore(parts as never);
  } catch (cause) {
    throw new RestoreError(adapter.name, messageOf(cause), { cause });
  }
  if (typeof object === "object" && object !== null) return object;
  throw new RestoreError(adapter.name, `it gave ${String(object)}, which is no object`);
}
