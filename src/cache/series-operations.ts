/** What can be asked of the series of one `incremental`. */
import type { TypedArray } from "../format/dtype.ts";
import { checkOptionNames } from "../format/option-names.ts";
import type { Address } from "../store/address.ts";
import { encodeSeries, lengthOf } from "../store/series-row.ts";
import { CallAddress, rowPrefix } from "./address.ts";
import { encodeSummary, summarize } from "./call-summary.ts";
import { asyncDisposable } from "./disposable.ts";
import { describeEntry, type EntryInfo } from "./entry-info.ts";
import type { Flights } from "./flights.ts";
import { callKey } from "./key.ts";
import type { Results } from "./results.ts";
import { Series, type SeriesCall, type SeriesPlan } from "./series.ts";
import type { FunctionStats } from "./stats.ts";
import { encodeTags, type tagsOf } from "./tags.ts";

/** How far a series is to go. */
export interface LengthOptions {
  /** Items. */
  readonly length: number;
  readonly signal?: AbortSignal;
}

/** Which items; as of `TypedArray.prototype.slice`. */
export interface RangeOptions {
  readonly start?: number;
  readonly stop?: number;
}

export interface StreamOptions {
  /** The first item; default 0. */
  readonly start?: number;
  /** The number of the item at which to stop; default: the stream goes on until it is left. */
  readonly stop?: number;
  readonly signal?: AbortSignal;
}

export interface SeriesInfo extends EntryInfo {
  /** Items that are stored. */
  readonly length: number;
}

/** Parts of a series. Leave the loop, or dispose of it, to let others extend the series. */
export type SeriesStream<Items extends TypedArray> = AsyncGenerator<Items, void, undefined> & {
  [Symbol.asyncDispose](): Promise<void>;
};

/** Series that are kept and continued, one for each `args`. */
export interface Incremental<Args, Items extends TypedArray> {
  /**
   * The first `length` items, flat: those that are stored, and those that had to be computed.
   *
   * @throws {KeyError} for arguments that cannot be hashed; what `extend` throws; the signal's reason
   */
  (args: Args, options: LengthOptions): Promise<Items>;
  /** Computes and stores what is missing, and gives nothing of it: how many items are stored. */
  extend(args: Args, options: LengthOptions): Promise<number>;
  /** Items that are stored; reads no more than the chunks that hold them, and never computes. */
  read(args: Args, options?: RangeOptions): Promise<Items>;
  /** Items part by part, each in memory of its own: what is stored, then what is computed. */
  stream(args: Args, options?: StreamOptions): SeriesStream<Items>;
  /** Items that are stored. */
  lengthOf(args: Args): number;
  /** What is known of the stored series. */
  info(args: Args): SeriesInfo | undefined;
  /** Key of the series: 32 hexadecimal digits, also the start of its file's name. */
  keyOf(args: Args): string;
  /** Forgets the series; whether there was one. */
  invalidate(args: Args): boolean;
  /** Forgets the series of all arguments, in all versions: how many. */
  clear(): number;
  /** What happened in this process. */
  stats(): FunctionStats;
}

/** What the operations need beside what the series do. */
export interface OperationsPlan extends SeriesPlan {
  readonly results: Results | undefined;
  readonly flights: Flights;
  readonly tags: ReturnType<typeof tagsOf>;
}

export function seriesOperations(plan: OperationsPlan): Incremental<unknown, TypedArray> {
  const operations = new SeriesOperations(plan);
  const call = (args: unknown, options: LengthOptions) => operations.call(args, options);
  return Object.assign(call, {
    extend: (args: unknown, options: LengthOptions) => operations.extend(args, options),
    read: (args: unknown, options?: RangeOptions) => operations.read(args, options),
    stream: (args: unknown, options?: StreamOptions) => operations.stream(args, options),
    lengthOf: (args: unknown) => plan.stored?.length(operations.addressOf(args)) ?? 0,
    info: (args: unknown) => operations.info(args),
    keyOf: (args: unknown) => operations.addressOf(args).name,
    invalidate: (args: unknown) => operations.invalidate(args),
    clear: () => plan.results?.clear(operations.prefix) ?? 0,
    stats: () => plan.counters.read(),
  });
}

class SeriesOperations {
  /** What the keys of all rows begin with. */
  readonly prefix: Uint8Array;
  readonly #plan: OperationsPlan;
  readonly #series: Series;

  constructor(plan: OperationsPlan) {
    this.prefix = rowPrefix(plan.identity);
    this.#plan = plan;
    this.#series = new Series(plan);
  }

  addressOf(args: unknown): Address {
    const { identity } = this.#plan;
    return new CallAddress(this.prefix, callKey(identity, [args]), identity);
  }

  #callOf(args: unknown, signal: AbortSignal | undefined): SeriesCall {
    const addressNow = () => this.addressOf(args);
    return {
      ...{ args, signal, address: addressNow(), addressNow },
      summary: encodeSummary(summarize([args])),
      tags: encodeTags(this.#plan.tags([args])),
    };
  }

  async call(args: unknown, options: LengthOptions): Promise<TypedArray> {
    const { length, signal } = checkLength(options);
    return this.#tracked(this.#series.whole(this.#callOf(args, signal), length));
  }

  async extend(args: unknown, options: LengthOptions): Promise<number> {
    const { length, signal } = checkLength(options);
    return this.#tracked(this.#series.extend(this.#callOf(args, signal), length));
  }

  /** What whoever disposes of the cache waits for; a stream may never be read on. */
  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#plan.flights.track(work);
    return work;
  }

  async read(args: unknown, options: RangeOptions = {}): Promise<TypedArray> {
    checkOptionNames(options, ["start", "stop"], "read");
    const { stored, items } = this.#plan;
    const address = this.addressOf(args);
    stored?.used(address);
    const [start, stop] = sliceOf(stored?.length(address) ?? 0, options);
    const plain = start < stop ? await stored?.read(address, start, stop) : undefined;
    return items.view(typeof plain === "object" ? plain : new ArrayBuffer(0));
  }

  stream(args: unknown, options: StreamOptions = {}): SeriesStream<TypedArray> {
    checkOptionNames(options, ["start", "stop", "signal"], "stream");
    const { start = 0, stop = Number.POSITIVE_INFINITY, signal } = options;
    requireCount("start", start);
    if (stop !== Number.POSITIVE_INFINITY) requireCount("stop", stop);
    return asyncDisposable(this.#series.stream(this.#callOf(args, signal), start, stop));
  }

  invalidate(args: unknown): boolean {
    const { results, shared } = this.#plan;
    const address = this.addressOf(args);
    const wasThere = results?.delete(address) ?? false;
    // Else the next call would bring it back.
    shared?.remove(address);
    return wasThere;
  }

  info(args: unknown): SeriesInfo | undefined {
    const { stored } = this.#plan;
    const address = this.addressOf(args);
    const row = stored?.find(address);
    if (row === undefined) return undefined;
    const file = stored?.fileOf(address, row);
    const files = file === undefined ? [] : [file];
    return { ...describeEntry(address, encodeSeries(row), files), length: lengthOf(row) };
  }
}

function checkLength(options: LengthOptions): LengthOptions {
  checkOptionNames(options, ["length", "signal"], "a series");
  requireCount("length", options.length);
  return options;
}

export function requireCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw new RangeError(`Option ${name} must be a whole number, at least 0: got ${String(value)}`);
}

/** As `TypedArray.prototype.slice` reads its arguments, of `length` items. */
export function sliceOf(
  length: number,
  { start = 0, stop = length }: RangeOptions,
): [number, number] {
  const clamp = (name: string, value: unknown) => {
    if (typeof value !== "number") throw new TypeError(`Option ${name} must be a number`);
    const whole = Math.trunc(value) || 0;
    return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length);
  };
  return [clamp("start", start), clamp("stop", stop)];
}
