/** Results that stay on disk: handles by which they are read later, in part, or passed on. */
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/array-store.ts";
import type { Entry } from "../store/entry.ts";
import { open, openSync } from "../store/file-reader.ts";
import { CallAddress } from "./address.ts";
import { keySymbol } from "./encode.ts";
import type { EntryInfo } from "./entry-info.ts";
import { slugOf } from "./identity.ts";
import { restore } from "./result-arrays.ts";
import { LONE_ARRAY } from "./result-skeleton.ts";
import type { Results } from "./results.ts";

/** A handle as JSON: what another process needs to find the result in the same cache. */
export interface ShelvedToken {
  readonly bloscache: "shelved";
  /** Id of the function. */
  readonly id: string;
  /** Key of the row: 48 hexadecimal digits. */
  readonly row: string;
  readonly isAsync: boolean;
}

/** What a handle of an asynchronous function gives promises of, and others at once. */
type Later<Result, Value> = Result extends PromiseLike<unknown> ? Promise<Value> : Value;

/** Elements of a result that is one typed array. */
type Part<Result> = Awaited<Result> extends TypedArray ? Awaited<Result> : TypedArray;

/**
 * A stored result that has not been read. As an argument of a memoized function it counts by its
 * key, so that nothing is loaded to hash it; it survives `JSON.stringify`, for `memory.unshelve`.
 */
export class Shelved<Result = unknown> {
  /** Id of the function. */
  readonly id: string;
  /** Key of the call: 32 hexadecimal digits. */
  readonly key: string;
  readonly #address: Address;
  readonly #isAsync: boolean;
  readonly #results: Results | undefined;
  /** The result itself, when it is not in the cache. */
  #kept: { readonly value: unknown } | undefined;

  /** @internal */
  constructor(
    results: Results | undefined,
    token: Omit<ShelvedToken, "bloscache">,
    kept?: { readonly value: unknown },
  ) {
    const row = new Uint8Array(Buffer.from(token.row, "hex"));
    this.#address = new CallAddress(row.subarray(0, 8), row.subarray(8), slugOf(token.id));
    this.#isAsync = token.isAsync;
    this.#results = results;
    this.#kept = kept;
    this.id = token.id;
    this.key = this.#address.name;
  }

  /**
   * The result, in memory of its own; one that could not be stored is the same object every time.
   *
   * @throws {StoreError} when it is not in the cache any more
   */
  get(): Result {
    if (this.#kept !== undefined) return this.#settled(() => this.#kept?.value) as Result;
    const read = (entry: Entry) =>
      this.#isAsync
        ? this.#results?.read(this.#address, entry)
        : this.#results?.readSync(this.#address, entry);
    if (!this.#isAsync) return requireValue(read(this.#entry()) as Read, this.key) as Result;
    return (async () => requireValue(await read(this.#entry()), this.key))() as Result;
  }

  /** What is known of the result; `undefined` when it is not in the cache. */
  info(): EntryInfo | undefined {
    const entry = this.#results?.find(this.#address);
    return entry && this.#results?.infoOf(this.#address, entry);
  }

  /** How long the function took, ms; `undefined` when the result is not in the cache. */
  get durationMs(): number | undefined {
    return this.info()?.durationMs;
  }

  /**
   * Elements of a result that is one typed array, from `start` to `stop` as of its own `slice`: no
   * more chunks are read than hold them.
   *
   * @throws {TypeError} for a result that is something else
   * @throws {StoreError | BloscpackError} when it is not in the cache any more, or damaged
   */
  slice(start?: number, stop?: number): Later<Result, Part<Result>> {
    if (this.#isAsync) return this.#sliceAsync(start, stop) as Later<Result, Part<Result>>;
    const file = this.#file();
    if (file === undefined) return lone(this.get(), this.key).slice(start, stop) as never;
    const reader = openSync(file.path, { as: "array" });
    try {
      return lone(restorePart(file.kind, reader.slice(start, stop).data), this.key) as never;
    } finally {
      reader.close();
    }
  }

  async #sliceAsync(start?: number, stop?: number): Promise<TypedArray> {
    const file = this.#file();
    if (file === undefined) return lone(await this.get(), this.key).slice(start, stop);
    const reader = await open(file.path, { as: "array" });
    try {
      return lone(restorePart(file.kind, (await reader.slice(start, stop)).data), this.key);
    } finally {
      await reader.close();
    }
  }

  /** Forgets the result; whether there was one. */
  clear(): boolean {
    const wasKept = this.#kept !== undefined;
    this.#kept = undefined;
    return this.#results?.delete(this.#address) === true || wasKept;
  }

  toJSON(): ShelvedToken {
    const row = Buffer.from(this.#address.row).toString("hex");
    return { bloscache: "shelved", id: this.id, row, isAsync: this.#isAsync };
  }

  #entry(): Entry {
    const entry = this.#results?.find(this.#address);
    if (entry === undefined) throw gone(this.key);
    return entry;
  }

  /** The file of a result that is one array; `undefined` when that is in the index, or in memory. */
  #file(): { readonly path: string; readonly kind: number } | undefined {
    if (this.#kept !== undefined) return undefined;
    const entry = this.#entry();
    if (entry.skeleton !== LONE_ARRAY) throw notAnArray(this.key);
    const path = this.#results?.infoOf(this.#address, entry).files[0];
    return path === undefined ? undefined : { path, kind: entry.arrays[0]?.kind as number };
  }

  #settled(value: () => unknown): unknown {
    return this.#isAsync ? Promise.resolve(value()) : value();
  }
}

// Outside of the class, because declarations cannot have a symbol of another module for a name.
Object.defineProperty(Shelved.prototype, keySymbol, {
  value(this: Shelved) {
    return [this.id, this.key];
  },
});

type Read = { readonly value: unknown } | undefined;

function requireValue(read: Read, key: string): unknown {
  if (read === undefined) throw gone(key);
  return read.value;
}

/** Files know no Uint8ClampedArray and no Buffer. REQUIRES: `part` is all of its buffer. */
function restorePart(kind: number, part: TypedArray): unknown {
  const restored = restore(kind, part.buffer as ArrayBuffer);
  return restored instanceof ArrayBuffer ? part : (restored ?? part);
}

function gone(key: string): StoreError {
  return new StoreError("read", key, new Error("the result is not in the cache any more"));
}

function lone(value: unknown, key: string): TypedArray {
  if (ArrayBuffer.isView(value) && "slice" in value) return value as TypedArray;
  throw notAnArray(key);
}

function notAnArray(key: string): TypeError {
  return new TypeError(`The result ${key} is not one typed array, and cannot be read in part`);
}
