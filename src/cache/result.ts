/**
 * A result is stored as its arrays, and a skeleton that says where in it they belong. The skeleton
 * is JSON text. What JSON has no word for is `{"$": [type, ...]}`:
 *
 *     ["array", n]          the n-th array
 *     ["undefined"], ["hole"]
 *     ["number", "NaN"]     also Infinity, -Infinity and -0
 *     ["bigint", "12"]
 *     ["date", ms]          null for an invalid date
 *     ["map", [[k, v]...]], ["set", [v...]]
 *     ["object", [[k, v]...], prototype]   objects with a key "$" or "__proto__"; without a
 *                                          prototype when that is false
 *
 * Data only: reading it runs no code and makes no object but these.
 */
import { ValueError } from "../errors.ts";
import { type TypedArray, typedArrayName } from "../format/dtype.ts";
import { type ArrayInput, isShape, isTypedArray } from "../format/ndarray.ts";
import type { DraftArray } from "../store/array-store.ts";
import { formatPath, MapStep, SetStep, type Step } from "./key-path.ts";
import { hasSymbolKeys, namedKeys } from "./own-fields.ts";
import { builtinName, kindOf } from "./realm.ts";

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

type ArrayConstructor = new (buffer: ArrayBuffer) => TypedArray;

/** What an array is restored as, by its number in a row: append only. */
const KINDS: readonly string[] = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Buffer",
  "ArrayBuffer",
];

const CONSTRUCTORS = KINDS.map(
  (name) => (globalThis as unknown as { [name: string]: ArrayConstructor | undefined })[name],
);

/** As many as a row counts, and one for a long skeleton. */
const MAX_ARRAYS = 65_534;

/** Deeper results are refused: a walk by recursion would end in a stack overflow instead. */
const MAX_DEPTH = 1000;

/** The skeleton of a result that is one array and nothing else: by far the most frequent. */
const LONE_ARRAY = '{"$":["array",0]}';

/** Whether a result is one array and nothing else, by its skeleton. */
export function isLoneArray(skeleton: string): boolean {
  return skeleton === LONE_ARRAY;
}

/** A result, taken apart. */
export interface Parts {
  readonly skeleton: string;
  readonly arrays: readonly DraftArray[];
}

/**
 * Takes a result apart; copies nothing but what is no array.
 *
 * @throws {ValueError} with the path of the first thing that cannot be stored
 */
export function takeApart(result: unknown): Parts {
  const splitter = new Splitter();
  const skeleton = splitter.split(result);
  return { skeleton: JSON.stringify(skeleton), arrays: splitter.arrays };
}

class Splitter {
  readonly arrays: DraftArray[] = [];
  /** Arrays that were met before: one that occurs twice is stored once. */
  readonly #known = new Map<object, number>();
  readonly #ancestors: object[] = [];
  readonly #steps: Step[] = [];

  split(value: unknown): Json {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Number.isFinite(value) && !Object.is(value, -0)) return value;
        return special("number", Object.is(value, -0) ? "-0" : String(value));
      case "undefined":
        return special("undefined");
      case "bigint":
        return special("bigint", String(value));
      case "object":
        return value === null ? null : this.#object(value);
      default:
        return this.#refuse(`it is a ${typeof value}`);
    }
  }

  #object(value: object): Json {
    const kind = arrayKind(value);
    if (kind !== undefined) {
      const named = isTypedArray(value) ? namedKeys(value) : Object.keys(value);
      if (named.length > 0 || hasSymbolKeys(value)) {
        return this.#refuse("the array has named fields");
      }
      return this.#array(value, kind, value as TypedArray);
    }
    if (this.#ancestors.includes(value)) return this.#refuse("it contains itself");
    if (this.#ancestors.length === MAX_DEPTH) {
      return this.#refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    }
    this.#ancestors.push(value);
    this.#steps.push(undefined);
    const json = this.#container(value);
    this.#ancestors.pop();
    this.#steps.pop();
    return json;
  }

  #container(value: object): Json {
    if (Object.getPrototypeOf(value) === null) return this.#plain(value, false);
    if (hasSymbolKeys(value)) return this.#refuse("it has own symbol keys");
    if (!isPlainOrArray(value) && Object.keys(value).length > 0) {
      return this.#refuse("it has fields of its own beside what it holds");
    }
    switch (builtinName(value)) {
      case "Array":
        return this.#list(value as unknown[]);
      case "Object":
        return this.#plain(value, true);
      case "Map":
        return this.#map(value as Map<unknown, unknown>);
      case "Set":
        return this.#set(value as Set<unknown>);
      case "Date": {
        const ms = (value as Date).getTime();
        return special("date", Number.isNaN(ms) ? null : ms);
      }
      default:
        return this.#refuse(`it is ${kindOf(value)}`);
    }
  }

  #array(value: object, kind: number, input: ArrayInput): Json {
    let n = this.#known.get(value);
    if (n === undefined) {
      n = this.arrays.length;
      if (n === MAX_ARRAYS) this.#refuse(`there are more than ${MAX_ARRAYS} arrays`);
      this.#known.set(value, n);
      const plain = KINDS[kind] === "ArrayBuffer" ? new Uint8Array(value as ArrayBuffer) : input;
      this.arrays.push({ kind, input: plain });
    }
    return special("array", n);
  }

  #list(list: unknown[]): Json {
    if (namedKeys(list).length > 0) return this.#refuse("the array has named fields");
    return Array.from({ length: list.length }, (_, i) =>
      i in list ? this.#part(i, list[i]) : special("hole"),
    );
  }

  #plain(object: object, hasPrototype: boolean): Json {
    // Each field is read once, because a getter may give another value the next time.
    const fields: { [key: string]: unknown } = Object.create(null);
    for (const key of Object.keys(object)) fields[key] = (object as typeof fields)[key];
    this.#shaped(fields);
    const entries = Object.keys(fields).map((key): [string, Json] => [
      key,
      this.#part(key, fields[key]),
    ]);
    // A "$" would be taken for the mark of a special, and JSON.parse is the one that may make a
    // "__proto__": an assignment would set the prototype instead.
    const reserved = Object.hasOwn(object, "$") || Object.hasOwn(object, "__proto__");
    if (reserved || !hasPrototype) return special("object", entries, hasPrototype);
    return Object.fromEntries(entries);
  }

  /** `{ data, shape }` is an array of that shape, to whoever opens its file. */
  #shaped(object: { data?: unknown; shape?: unknown; order?: unknown }): void {
    const { data, shape, order } = object;
    const kind = typeof data === "object" && data !== null ? arrayKind(data) : undefined;
    if (kind === undefined || !isShape(shape) || KINDS[kind] === "ArrayBuffer") return;
    const array = data as TypedArray;
    if (shape.reduce((product, length) => product * length, 1) !== array.length) return;
    this.#array(array, kind, { data: array, shape, order: order === "F" ? "F" : "C" });
  }

  #map(map: Map<unknown, unknown>): Json {
    const entries: Json = [];
    for (const [key, value] of map) {
      const entry: Json = [this.#part(new MapStep(key, "key"), key)];
      entry.push(this.#part(new MapStep(key, "value"), value));
      entries.push(entry);
    }
    return special("map", entries);
  }

  #set(set: Set<unknown>): Json {
    return special(
      "set",
      Array.from(set, (value, i) => this.#part(new SetStep(i), value)),
    );
  }

  #part(step: Step, value: unknown): Json {
    this.#steps[this.#steps.length - 1] = step;
    return this.split(value);
  }

  #refuse(reason: string): never {
    throw new ValueError(formatPath("result", this.#steps), reason);
  }
}

function isPlainOrArray(value: object): boolean {
  return Array.isArray(value) || Object.prototype.toString.call(value) === "[object Object]";
}

function special(type: string, ...values: Json[]): Json {
  return { $: [type, ...values] };
}

/** Which of {@link KINDS} a value is; subclasses but Buffer are none, as they would lose their class. */
function arrayKind(value: object): number | undefined {
  const name = Buffer.isBuffer(value) ? "Buffer" : builtinName(value);
  if (name === undefined || (name !== "ArrayBuffer" && typedArrayName(value) === undefined)) {
    return undefined;
  }
  const kind = KINDS.indexOf(name);
  return kind < 0 ? undefined : kind;
}

/**
 * Puts a result together from its skeleton and the plain bytes of its arrays, which it uses as
 * they are.
 *
 * @param kinds what each array is restored as
 * @returns `undefined` when this runtime lacks one of the classes (Float16Array before Node 24)
 */
export function putTogether(
  skeleton: string,
  kinds: readonly number[],
  plains: readonly ArrayBuffer[],
): { readonly value: unknown } | undefined {
  const arrays: unknown[] = [];
  for (const [n, plain] of plains.entries()) {
    const array = restoreArray(kinds[n] as number, plain);
    if (array === undefined) return undefined;
    arrays.push(array);
  }
  if (skeleton === LONE_ARRAY) return { value: arrays[0] };
  return { value: revive(JSON.parse(skeleton) as Json, arrays) };
}

/** @returns `undefined` when this runtime lacks the class */
export function restoreArray(kind: number, plain: ArrayBuffer): unknown {
  const name = KINDS[kind];
  if (name === "ArrayBuffer") return plain;
  if (name === "Buffer") return Buffer.from(plain);
  const Class = CONSTRUCTORS[kind];
  return Class === undefined ? undefined : new Class(plain);
}

function revive(json: Json, arrays: readonly unknown[]): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return reviveList(json, arrays);
  const mark = json["$"];
  if (mark !== undefined) return reviveSpecial(mark as Json[], arrays);
  const object: { [key: string]: unknown } = {};
  for (const key of Object.keys(json)) object[key] = revive(json[key] as Json, arrays);
  return object;
}

function reviveList(list: Json[], arrays: readonly unknown[]): unknown[] {
  const values: unknown[] = new Array(list.length);
  list.forEach((json, i) => {
    if (!isHole(json)) values[i] = revive(json, arrays);
  });
  return values;
}

function isHole(json: Json): boolean {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  return (json["$"] as Json[] | undefined)?.[0] === "hole";
}

function reviveSpecial([type, first, second]: Json[], arrays: readonly unknown[]): unknown {
  switch (type) {
    case "array":
      return arrays[first as number];
    case "undefined":
      return undefined;
    case "number":
      return Number(first);
    case "bigint":
      return BigInt(first as string);
    case "date":
      return new Date(first === null ? Number.NaN : (first as number));
    case "map":
      return new Map(reviveEntries(first as Json[][], arrays));
    case "set":
      return new Set((first as Json[]).map((json) => revive(json, arrays)));
    case "object":
      return reviveObject(reviveEntries(first as Json[][], arrays), second === true);
    default:
      throw new Error(`Unknown special in a skeleton: ${String(type)}`);
  }
}

function reviveEntries(entries: Json[][], arrays: readonly unknown[]): [unknown, unknown][] {
  return entries.map(([key, value]) => [
    revive(key as Json, arrays),
    revive(value as Json, arrays),
  ]);
}

function reviveObject(entries: [unknown, unknown][], hasPrototype: boolean): object {
  const object = hasPrototype ? {} : (Object.create(null) as object);
  for (const [key, value] of entries) {
    Object.defineProperty(object, key as string, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  }
  return object;
}
