/** Putting a result together, from its skeleton (`result-skeleton.ts`) and arrays. */

import type { Adapters } from "./result-adapters.ts";
import { restore } from "./result-arrays.ts";
import { readerOf } from "./result-classes.ts";
import { type Json, LONE_ARRAY, type Special, UnsupportedError } from "./result-skeleton.ts";

/**
 * Puts a result together from its skeleton and the plain bytes of its arrays, which it uses as
 * they are.
 *
 * @param kinds what each array is restored as
 * @returns `undefined` when this process lacks something of it: Float16Array before Node 24, an
 *   adapter
 * @throws {RestoreError} when an adapter fails
 */
export function putTogether(
  skeleton: string,
  kinds: readonly number[],
  plains: readonly ArrayBuffer[],
  adapters: Adapters,
): { readonly value: unknown } | undefined {
  const arrays: unknown[] = [];
  for (const [n, plain] of plains.entries()) {
    const array = restore(kinds[n] as number, plain);
    if (array === undefined) return undefined;
    arrays.push(array);
  }
  if (skeleton === LONE_ARRAY) return { value: arrays[0] };
  try {
    return { value: new ResultReader(arrays, adapters).value(JSON.parse(skeleton) as Json) };
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** One walk over one skeleton. */
export class ResultReader {
  readonly adapters: Adapters;
  readonly #arrays: readonly unknown[];
  /** In the order in which they begin, which is what a `ref` counts by. */
  readonly #objects: (object | undefined)[] = [];

  constructor(arrays: readonly unknown[], adapters: Adapters) {
    this.adapters = adapters;
    this.#arrays = arrays;
  }

  value(json: Json): unknown {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return this.#list(json);
    const mark = json["$"] as Special | undefined;
    if (mark === undefined) return this.#record(json);
    // By far the most frequent one.
    if (mark[0] === "array") return this.#arrays[mark[1] as number];
    const read = readerOf(mark[0]);
    return read === undefined ? this.#primitive(mark) : read(this, mark.slice(1) as Json[]);
  }

  /** Counts an object; its parts are read afterwards, because they may refer to it. */
  begin<T extends object>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  /** Counts an object that can only be made of its parts. */
  reserve(): number {
    return this.#objects.push(undefined) - 1;
  }

  /** Gives the object that was counted by {@link reserve}. */
  settle(n: number, object: object): void {
    this.#objects[n] = object;
  }

  array(n: number): unknown {
    return this.#arrays[n];
  }

  /** Defined, not assigned: a field may be called `__proto__`. */
  fields(object: object, fields: Json, enumerable = true): void {
    for (const [key, json] of fields as [string, Json][]) {
      const value = this.value(json);
      Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true });
    }
  }

  /** Lists and plain objects are the very ones that were parsed: most of what they hold is as it was. */
  #list(list: unknown[]): unknown[] {
    this.begin(list);
    for (let i = 0; i < list.length; i++) {
      const json = list[i] as Json;
      if (typeof json !== "object" || json === null) continue;
      if (isHole(json)) Reflect.deleteProperty(list, i);
      else list[i] = this.value(json);
    }
    return list;
  }

  #record(record: { [key: string]: unknown }): object {
    this.begin(record);
    for (const key of Object.keys(record)) {
      const json = record[key] as Json;
      if (typeof json === "object" && json !== null) record[key] = this.value(json);
    }
    return record;
  }

  /** What is no object of its own. */
  #primitive([type, first]: Special): unknown {
    switch (type) {
      case "ref":
        return this.#objects[first as number];
      case "undefined":
        return undefined;
      case "number":
        return Number(first);
      case "bigint":
        return parseBigInt(first as string);
      default:
        throw new UnsupportedError(type);
    }
  }
}

function isHole(json: Json[] | { [key: string]: Json }): boolean {
  if (Array.isArray(json)) return false;
  return (json["$"] as Special | undefined)?.[0] === "hole";
}

function parseBigInt(text: string): bigint {
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}
