/**
 * The canonical encoding of values, written into a {@link Hasher}: typed, length-prefixed, and
 * prefix-free, so that two values share an encoding only if they are equal. `docs/keys.md` gives
 * it byte by byte; `test/cache/key-reference.ts` is a second, slow writing of it.
 */

import { classNameOf, type Kind, unknownField } from "../adapters/kind.ts";
import { libraryKind } from "../adapters/kinds.ts";
import { KeyError, messageOf } from "../errors.ts";
import { acquireHasher, type Hasher, releaseHasher } from "../store/hash.ts";
import { writerOf } from "./encode-builtins.ts";
import { CONTENT, formatPath, KEY_METHOD, type Step } from "./key-path.ts";
import * as tag from "./key-tags.ts";
import { hasSymbolKeys, sortKeys } from "./own-fields.ts";
import { isAbortSignal, kindOf } from "./realm.ts";

/**
 * Name of the method by which a class says what its instances are hashed by:
 * `[keySymbol]() { return [this.name, this.#weights]; }`. The result is hashed by value, together
 * with the name of the class. It is `Symbol.for("bloscache.key")`, so that a class need not import
 * this library.
 */
export const keySymbol: unique symbol = Symbol.for("bloscache.key");

/** Deeper values are refused: a walk by recursion would end in a stack overflow instead. */
export const MAX_DEPTH = 1000;

/**
 * One walk over one call's arguments. Not re-entrant: a key method that calls another memoized
 * function gets another encoder.
 */
export class Encoder {
  hasher: Hasher;
  readonly #root: string;
  /** The objects on the way from the root to here, for cycles. */
  readonly #ancestors: object[] = [];
  /** What is being read of each of them; only ever looked at when something is refused. */
  readonly #steps: Step[] = [];
  #refusal: KeyError | undefined;

  /** @param root - what messages call the whole: `args`, or `this` */
  constructor(hasher: Hasher, root: string) {
    this.hasher = hasher;
    this.#root = root;
  }

  value(value: unknown): void {
    switch (typeof value) {
      case "number":
        this.hasher.u8(tag.NUMBER);
        this.hasher.f64(value);
        return;
      case "string":
        this.string(value);
        return;
      case "boolean":
        this.hasher.u8(value ? tag.TRUE : tag.FALSE);
        return;
      case "undefined":
        this.hasher.u8(tag.UNDEFINED);
        return;
      case "bigint":
        this.#bigint(value);
        return;
      case "symbol":
        this.#symbol(value);
        return;
      case "function":
        this.#function(value);
        return;
      default:
        if (value === null) this.hasher.u8(tag.NULL);
        else this.#object(value as object);
    }
  }

  string(text: string): void {
    writeString(this.hasher, text);
  }

  /** The first `count` elements, none of which is a hole, without their number. */
  list(values: readonly unknown[], count: number): void {
    this.enter(values);
    for (let i = 0; i < count; i++) {
      this.at(i);
      this.value(values[i]);
    }
    this.leave();
  }

  /** The named fields, in the order of `keys`, and the mark that closes them. */
  fields(object: object, keys: readonly string[]): void {
    for (const key of keys) {
      this.at(key);
      const value = (object as Record<string, unknown>)[key];
      if (isAbortSignal(value)) continue;
      this.string(key);
      this.value(value);
    }
    this.hasher.u8(tag.END);
  }

  /** A plain object; also what a method's receiver is written by, after its own tag. */
  plain(object: object): void {
    const keys = this.fieldKeys(object);
    this.enter(object);
    this.hasher.u8(tag.OBJECT);
    this.fields(object, keys);
    this.leave();
  }

  /** Own enumerable string keys, sorted. Symbol keys are refused: most have no stable name. */
  fieldKeys(object: object): string[] {
    if (hasSymbolKeys(object)) this.refuse("it has own symbol keys");
    return sortKeys(Object.keys(object));
  }

  /** Between this and {@link leave}, what is written belongs to `object`. */
  enter(object: object): void {
    const depth = this.#ancestors.length;
    if (depth === MAX_DEPTH) this.refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    this.#ancestors.push(object);
    this.#steps[depth] = undefined;
  }

  leave(): void {
    this.#ancestors.pop();
  }

  /** Notes which part of the innermost object is read next. */
  at(step: Step): void {
    this.#steps[this.#ancestors.length - 1] = step;
  }

  /** Runs `write` with a hasher of its own instead of the present one, which is put back after. */
  aside(write: (inner: Hasher) => void): void {
    const outer = this.hasher;
    const inner = acquireHasher();
    this.hasher = inner;
    try {
      write(inner);
    } finally {
      this.hasher = outer;
      releaseHasher(inner);
    }
  }

  refuse(reason: string): never {
    this.#refusal = new KeyError(this.#path(), reason);
    throw this.#refusal;
  }

  /** What to throw for an error caught around a walk: getters and key methods throw what they like. */
  errorFor(error: unknown): KeyError {
    if (error === this.#refusal) return this.#refusal as KeyError;
    return new KeyError(this.#path(), `reading it failed: ${messageOf(error)}`, { cause: error });
  }

  #path(): string {
    return formatPath(this.#root, this.#steps.slice(0, this.#ancestors.length));
  }

  #bigint(value: bigint): void {
    const digits = (value < 0n ? -value : value).toString(16);
    const magnitude = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
    this.hasher.u8(tag.BIGINT);
    this.hasher.u8(value < 0n ? 1 : 0);
    this.hasher.u32(magnitude.byteLength);
    this.hasher.bytes(magnitude);
  }

  #symbol(value: symbol): void {
    const key = Symbol.keyFor(value);
    if (key === undefined) this.refuse("it is a symbol not made by Symbol.for, unlike any other");
    this.hasher.u8(tag.SYMBOL);
    this.string(key);
  }

  #function(value: object): void {
    if (keySymbol in value) this.#object(value);
    else this.refuse("it is a function, whose captured variables nobody can see");
  }

  #object(value: object): void {
    const depth = this.#ancestors.lastIndexOf(value);
    if (depth >= 0) {
      this.hasher.u8(tag.ANCESTOR);
      this.hasher.u32(this.#ancestors.length - depth);
      return;
    }
    const method = (value as { [keySymbol]?: unknown })[keySymbol];
    if (typeof method === "function") {
      this.#keyed(value, method as () => unknown);
      return;
    }
    const write = writerOf(value);
    if (write !== undefined) {
      write(this, value as never);
      return;
    }
    const kind = libraryKind(value);
    if (kind === undefined) {
      const remedy = "pass plain data, or give its class a [keySymbol]() method";
      this.refuse(`it is ${kindOf(value)}, which has no value that can be read; ${remedy}`);
    }
    this.#ofLibrary(value, kind);
  }

  #ofLibrary(value: object, kind: Kind): void {
    const { name, title, content } = kind;
    const field = unknownField(value, kind);
    if (field !== undefined) {
      const remedy = "pass the array and the field in a plain object";
      this.refuse(`it is ${title} with a field of its own, ${field}, beside its value; ${remedy}`);
    }
    this.enter(value);
    this.hasher.u8(tag.LIBRARY);
    this.string(name);
    this.at(CONTENT);
    this.value(content(value as never));
    this.leave();
  }

  #keyed(value: object, method: () => unknown): void {
    this.enter(value);
    this.at(KEY_METHOD);
    const key = method.call(value);
    if (key === value) this.refuse("the key method returned the object itself");
    this.hasher.u8(tag.KEYED);
    this.string(classNameOf(value));
    this.value(key);
    this.leave();
  }
}

/** Length and UTF-16 code units, so that how the engine holds the string does not matter. */
export function writeString(hasher: Hasher, text: string): void {
  hasher.u8(tag.STRING);
  hasher.u32(text.length);
  hasher.utf16(text);
}
