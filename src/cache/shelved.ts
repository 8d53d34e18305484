/** Results that stay on disk: handles by which they are read later, in part, or passed on. */
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { isSeries } from "../store/series-row.ts";
import { addressOfRow } from "./address.ts";
import { asyncDisposable, disposable } from "./disposable.ts";
import { keySymbol } from "./encode.ts";
import type { EntryInfo } from "./entry-info.ts";
import { NoAdapters, remedyFor } from "./result-adapters.ts";
import { isTypedKind } from "./result-arrays.ts";
import { LONE_ARRAY } from "./result-skeleton.ts";
import type { Results } from "./results.ts";
import type { StoredArray } from "./stored-arrays.ts";
import { StoredSeries } from "./stored-series.ts";
import { gone, lone, notAnArray } from "./unread.ts";

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

/** Parts of a result, one after another. Leave the loop, or dispose of it, to have the file closed. */
type Chunks<Result> =
  Result extends PromiseLike<unknown>
    ? AsyncGenerator<Part<Result>, void, undefined> & AsyncDisposable
    : Generator<Part<Result>, void, undefined> & Disposable;

/** Elements of a result that is one typed array. */
type Part<Result> = Awaited<Result> extends TypedArray ? Awaited<Result> : TypedArray;

/** Parts of an open file; returns whether it could be opened. */
type Reading =
  | Generator<TypedArray, boolean, undefined>
  | AsyncGenerator<TypedArray, boolean, undefined>;

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
  /** What reads a file bit by bit just now. */
  readonly #reading = new Set<Reading>();
  #isDisposed = false;

  /** @internal */
  constructor(
    results: Results | undefined,
    token: Omit<ShelvedToken, "bloscache">,
    kept?: { readonly value: unknown },
  ) {
    const row = new Uint8Array(Buffer.from(token.row, "hex"));
    this.#address = addressOfRow(row, { functionId: token.id });
    this.#isAsync = token.isAsync;
    this.#results = results;
    this.#kept = kept;
    this.id = token.id;
    this.key = this.#address.name;
  }

  /**
   * The result, in memory of its own; one that could not be stored is the same object every time.
   *
   * @throws {StoreError} when it is not in the cache any more, damaged, in need of an adapter that the
   *   Memory was not given, or an error that the function threw
   */
  get(): Result {
    return (this.#isAsync ? this.#getAsync() : this.#getSync()) as Result;
  }

  #getSync(): unknown {
    if (this.#kept !== undefined) return this.#kept.value;
    for (const entry of this.#entries()) {
      const hit = this.#results?.readSync(this.#address, entry);
      if (hit !== undefined) return hit.value;
    }
    throw this.#unread();
  }

  async #getAsync(): Promise<unknown> {
    if (this.#kept !== undefined) return this.#kept.value;
    const growing = this.#growing();
    if (growing !== undefined) return growing.elements();
    for (const entry of this.#entries()) {
      const hit = await this.#results?.read(this.#address, entry);
      if (hit !== undefined) return hit.value;
    }
    throw this.#unread();
  }

  /**
   * The result for who only looks at it: an error that the function threw too, and what an adapter
   * would restore as `{ adapter, parts }`; of what grows `{ data, dtype, shape }`.
   *
   * @internal
   * @throws {StoreError} when it is not in the cache any more, or damaged
   */
  async look(): Promise<unknown> {
    const growing = await this.series()?.whole();
    if (growing !== undefined) return growing;
    const nothing = new NoAdapters();
    for (const entry of this.#rows()) {
      const hit = await this.#results?.read(this.#address, entry, nothing);
      if (hit !== undefined) return hit.value;
    }
    throw this.#unread();
  }

  /**
   * Names of the adapters that the result needs and that the cache was not given.
   *
   * @internal
   * @throws {StoreError} when where they are needed is in a file of its own, which cannot be read
   */
  lackedAdapters(): readonly string[] {
    const entry = this.#results?.find(this.#address);
    return (entry && this.#results?.lackedAdapters(this.#address, entry)) ?? [];
  }

  /**
   * The result as one that grows; `undefined` for any other, and when it is not in the cache.
   *
   * @internal
   */
  series(): StoredSeries | undefined {
    return this.#results && StoredSeries.find(this.#results, this.#address);
  }

  /** The same, for who reads the result. */
  #growing(): StoredSeries | undefined {
    this.#refuseIfDisposed();
    return this.series();
  }

  /** What is known of the result; `undefined` when it is not in the cache. */
  info(): EntryInfo | undefined {
    const entry = this.#results?.find(this.#address);
    return entry && this.#results?.infoOf(this.#address, entry);
  }

  /**
   * The arrays that the result consists of, none of which is read; `undefined` when it is not in the
   * cache.
   *
   * @throws {StoreError} when where they stand is in a file of its own, which cannot be read
   */
  arrays(): readonly StoredArray[] | undefined {
    const entry = this.#results?.find(this.#address);
    return entry && this.#results?.arraysOf(this.#address, entry);
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
   * @throws {StoreError} when it is not in the cache any more, or damaged
   */
  slice(start?: number, stop?: number): Later<Result, Part<Result>> {
    const slice = this.#isAsync ? this.#sliceAsync(start, stop) : this.#sliceSync(start, stop);
    return slice as Later<Result, Part<Result>>;
  }

  #sliceSync(start?: number, stop?: number): TypedArray {
    if (!this.#hasFile()) return lone(this.#getSync(), this.key).slice(start, stop);
    for (const entry of this.#entries()) {
      const part = this.#results?.parts.sliceSync(this.#address, entry, start, stop);
      if (part !== undefined) return part;
    }
    throw gone(this.key);
  }

  async #sliceAsync(start?: number, stop?: number): Promise<TypedArray> {
    const growing = this.#growing();
    if (growing !== undefined) return growing.elements(start, stop);
    if (!this.#hasFile()) return lone(await this.#getAsync(), this.key).slice(start, stop);
    for (const entry of this.#entries()) {
      const part = await this.#results?.parts.slice(this.#address, entry, start, stop);
      if (part !== undefined) return part;
    }
    throw gone(this.key);
  }

  /**
   * A result that is one typed array, part by part, as its file is compressed: each part is read
   * when it is asked for, and is in memory of its own. The file stays open until the last part was
   * asked for, or the loop is left; a result that is removed meanwhile is read to its end.
   *
   * @throws {TypeError} for a result that is something else
   * @throws {StoreError} when it is not in the cache any more, or damaged
   */
  chunks(): Chunks<Result> {
    const chunks = this.#isAsync
      ? asyncDisposable(this.#chunksAsync())
      : disposable(this.#chunksSync());
    return chunks as Chunks<Result>;
  }

  *#chunksSync(): Generator<TypedArray, void, undefined> {
    if (!this.#hasFile()) {
      const whole = lone(this.#getSync(), this.key);
      if (whole.length > 0) yield whole;
      return;
    }
    for (const entry of this.#entries()) {
      const chunks = this.#results?.parts.chunksSync(this.#address, entry);
      if (chunks === undefined) break;
      this.#reading.add(chunks);
      try {
        if (yield* chunks) return;
      } finally {
        this.#reading.delete(chunks);
      }
    }
    throw gone(this.key);
  }

  async *#chunksAsync(): AsyncGenerator<TypedArray, void, undefined> {
    const growing = this.#growing();
    if (growing !== undefined) return yield* growing.parts(() => this.#refuseIfDisposed());
    if (!this.#hasFile()) {
      const whole = lone(await this.#getAsync(), this.key);
      if (whole.length > 0) yield whole;
      return;
    }
    for (const entry of this.#entries()) {
      const chunks = this.#results?.parts.chunks(this.#address, entry);
      if (chunks === undefined) break;
      this.#reading.add(chunks);
      try {
        if (yield* chunks) return;
      } finally {
        this.#reading.delete(chunks);
      }
    }
    throw gone(this.key);
  }

  /** Forgets the result; whether there was one. */
  clear(): boolean {
    const wasKept = this.#kept !== undefined;
    this.#kept = undefined;
    return this.#results?.delete(this.#address) === true || wasKept;
  }

  /**
   * Lets go of what the handle holds: files that {@link chunks} has open, and a result that is not in
   * the cache. What is stored stays. From now on what reads the result throws a `TypeError`; the
   * handle counts as an argument as before, and tells `info`, `arrays` and its token.
   */
  [Symbol.dispose](): void {
    for (const ended of this.#letGo()) Promise.resolve(ended).catch(() => undefined);
  }

  /** The same, and waits until files that are read off the main thread are closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#letGo());
  }

  #letGo(): unknown[] {
    this.#isDisposed = true;
    this.#kept = undefined;
    return Array.from(this.#reading, (reading) => reading.return(false));
  }

  #refuseIfDisposed(): void {
    if (this.#isDisposed) throw new TypeError("The handle has been disposed of");
  }

  toJSON(): ShelvedToken {
    const row = Buffer.from(this.#address.row).toString("hex");
    return { bloscache: "shelved", id: this.id, row, isAsync: this.#isAsync };
  }

  /** The row, again when what it spoke of could not be read: another may have taken its place. */
  *#entries(): Generator<Entry, void, undefined> {
    for (const entry of this.#rows()) {
      // An error that was stored since is not the result that the handle is of; a series is no whole.
      if (entry.threw || isSeries(entry)) return;
      yield entry;
    }
  }

  *#rows(): Generator<Entry, void, undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      this.#refuseIfDisposed(); // perhaps since the last part was read
      const entry = this.#results?.find(this.#address);
      if (entry === undefined) return;
      yield entry;
    }
  }

  /** Why the result was not read, although it may be there. */
  #unread(): StoreError {
    const entry = this.#results?.find(this.#address);
    if (entry === undefined) return gone(this.key);
    const because = (reason: string) => new StoreError("read", this.key, new Error(reason));
    if (entry.threw) return because("it is an error that the function threw");
    const [lacked] = this.lackedAdapters();
    if (lacked !== undefined) return because(`it needs an adapter: give ${remedyFor(lacked)}`);
    return because("it is in the cache, but cannot be read or restored here");
  }

  /** Whether the result is one array in a file, and not in the index or in memory. */
  #hasFile(): boolean {
    this.#refuseIfDisposed();
    if (this.#kept !== undefined) return false;
    const entry = this.#results?.find(this.#address);
    if (entry === undefined) throw gone(this.key);
    const [first] = entry.arrays;
    const isTyped = entry.skeleton === LONE_ARRAY && first !== undefined && isTypedKind(first.kind);
    if (!isTyped) throw notAnArray(this.key);
    return !("plain" in first);
  }
}

/** A result that is stored anew again and again is read at one of so many attempts, or not. */
const ATTEMPTS = 5;

// Outside of the class, because declarations cannot have a symbol of another module for a name.
Object.defineProperty(Shelved.prototype, keySymbol, {
  value(this: Shelved) {
    return [this.id, this.key];
  },
});
