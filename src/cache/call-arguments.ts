/** What of the arguments of a call counts for its key: the user's `ignore`, `normalize` and `key`. */
import { acquireHasher, releaseHasher } from "../store/hash.ts";
import { writeString } from "./encode.ts";
import { fingerprint, isNative } from "./fingerprint.ts";

export interface ArgumentOptions<Args extends readonly unknown[] = readonly never[]> {
  /**
   * Arguments that do not count, by position, and fields of plain objects and arrays in them by
   * path: `[2, "1.debug"]`.
   */
  readonly ignore?: readonly (number | string)[];
  /** Gives the arguments that count instead of those of the call, which the function still gets. */
  readonly normalize?: (args: Args) => readonly unknown[];
  /** Gives the one value that counts instead of all arguments. */
  readonly key?: (...args: Args) => unknown;
}

/** Fields on the way to what is left out: positions and names. */
type Path = readonly string[];

export class CallArguments {
  /**
   * Tells calls under these options from calls under others, of which the same values may mean
   * something else; empty without any.
   */
  readonly mark: string;
  readonly #ignore: readonly Path[];
  readonly #normalize: ((args: never) => readonly unknown[]) | undefined;
  readonly #key: ((...args: never[]) => unknown) | undefined;

  /** @throws {TypeError} for an option of the wrong type, named in the message */
  constructor({ ignore = [], normalize, key }: ArgumentOptions<never>) {
    this.#ignore = parsePaths(ignore);
    this.#normalize = requireFunction("normalize", normalize);
    this.#key = requireFunction("key", key);
    if (key !== undefined && (normalize !== undefined || ignore.length > 0)) {
      throw new TypeError("Option key stands for all arguments: leave out ignore and normalize");
    }
    this.mark = this.#describe();
  }

  /** @throws what the user's functions throw, {@link TypeError} when `normalize` gives no array */
  of(args: readonly unknown[]): readonly unknown[] {
    if (this.#key !== undefined) return [this.#key(...(args as never[]))];
    let counting = args;
    if (this.#normalize !== undefined) {
      // A copy: the function gets the arguments as they were.
      counting = this.#normalize([...args] as never);
      if (!Array.isArray(counting)) throw new TypeError("Option normalize must return an array");
    }
    for (const path of this.#ignore) counting = without(counting, path) as readonly unknown[];
    return counting;
  }

  #describe(): string {
    const parts = [
      ...this.#ignore.map((path) => `ignore ${JSON.stringify(path)}`).sort(),
      ...describeFunction("normalize", this.#normalize),
      ...describeFunction("key", this.#key),
    ];
    if (parts.length === 0) return "";
    const hasher = acquireHasher();
    try {
      for (const part of parts) writeString(hasher, part);
      return `~${hasher.digestHex()}`;
    } finally {
      releaseHasher(hasher);
    }
  }
}

function requireFunction<F>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw new TypeError(`Option ${name} must be a function: got ${String(value)}`);
}

function parsePaths(ignore: readonly (number | string)[]): Path[] {
  if (!Array.isArray(ignore)) {
    throw new TypeError('Option ignore must be an array of positions and paths, such as "1.debug"');
  }
  return ignore.map((place: unknown) => {
    const path = String(place).split(".");
    const isPath = typeof place === "string" && path.every((step) => step !== "");
    if ((isPath || typeof place === "number") && /^\d+$/.test(path[0] as string)) return path;
    throw new TypeError(
      `Option ignore holds ${JSON.stringify(place)}, which is no position and no path such as "1.debug"`,
    );
  });
}

/** A function whose source is hidden counts by its name. */
function describeFunction(option: string, fn: ((...args: never[]) => unknown) | undefined) {
  if (fn === undefined) return [];
  return [`${option} ${isNative(fn) ? fn.name : fingerprint(fn)}`];
}

/** A copy of `value` without the part at `path`; `value` itself where there is no such part. */
function without(value: unknown, [step, ...rest]: Path): unknown {
  if (step === undefined || !hasPart(value, step)) return value;
  const part = (value as { [key: string]: unknown })[step];
  const kept = rest.length > 0 ? without(part, rest) : undefined;
  if (rest.length > 0 && kept === part) return value;
  const copy = copyOf(value);
  if (rest.length > 0 || Array.isArray(value)) define(copy, step, kept);
  else Reflect.deleteProperty(copy, step);
  return copy;
}

/** Whether a plain object has this field, or an array this element. */
function hasPart(value: unknown, step: string): value is object {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return false;
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(step);
  const prototype: unknown = Object.getPrototypeOf(value);
  // That of plain objects is the end of the line, in every realm.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** With its holes, named fields and symbols; what it has for `__proto__` stays a field. */
function copyOf(value: object): object {
  const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
  if (Array.isArray(value)) (copy as unknown[]).length = value.length;
  for (const key of Reflect.ownKeys(value)) {
    const isShown = Object.prototype.propertyIsEnumerable.call(value, key);
    if (isShown) define(copy, key, (value as { [key: PropertyKey]: unknown })[key]);
  }
  return copy;
}

function define(target: object, key: PropertyKey, value: unknown): void {
  const descriptor = { value, enumerable: true, writable: true, configurable: true };
  Object.defineProperty(target, key, descriptor);
}
