/** `memory.incremental`: results that grow, asked for by their length. */

import type { TypedArray } from "../format/dtype.ts";
import { checkOptionNames } from "../format/option-names.ts";
import type { Address } from "../store/address.ts";
import { encodeSeries, lengthOf } from "../store/series-row.ts";
import { CallAddress, rowPrefix } from "./address.ts";
import type { CallSite } from "./call-site.ts";
import { encodeSummary, summarize } from "./call-summary.ts";
import { claimId } from "./claims.ts";
import { describeEntry, type EntryInfo } from "./entry-info.ts";
import type { Extended, Extending } from "./extension.ts";
import { checkAge } from "./freshness.ts";
import { type FunctionIdentity, type IdentityOptions, identify } from "./identity.ts";
import { callKey } from "./key.ts";
import { checkPacking, type Packing } from "./packing.ts";
import { Series, type SeriesCall } from "./series.ts";
import { type SeriesArrays, type SeriesDtype, SeriesItems } from "./series-items.ts";
import { Counters, type FunctionStats } from "./stats.ts";
import { encodeTags, type TagsOption, tagsOf } from "./tags.ts";
import type { Cache } from "./wrapper.ts";

export interface IncrementalOptions<
  Args = never,
  Dtype extends SeriesDtype = SeriesDtype,
  State = unknown,
> extends Pick<IdentityOptions, "version" | "code" | "dependsOn"> {
  /** Name of the series, unique in the cache. */
  readonly id: string;
  /** numpy's name for the elements: `"<f8"` is Float64. */
  readonly dtype: Dtype;
  /** Of one item: `[3]` for three numbers each; default `[]`, a number. */
  readonly itemShape?: readonly number[];
  /**
   * Computes items: `from` is the number of the first that is missing, `to` where to stop. Gives
   * them as one array, or bit by bit as an iterable: a generator, an asynchronous one. When it
   * ends before `to` it is called again, unless it gave nothing.
   */
  readonly extend: (
    call: Extending<Args, SeriesArrays[Dtype], State>,
  ) => Extended<SeriesArrays[Dtype], State>;
  /** How many of the last items `extend` is given; default 1. */
  readonly tail?: number;
  /**
   * What was given is committed when so much time has passed since the last commit, or 4 MiB have
   * come, or the run ends, ms; 0: whenever something was given. Default 100.
   */
  readonly commitMs?: number;
  /** How files are compressed, where that differs from the cache's way. */
  readonly packing?: Packing;
  /** Names under which results are forgotten together, whatever functions they are of. */
  readonly tags?: TagsOption<[Args]>;
  /** How long a call waits for another process that computes, ms. Default: as of the `Memory`. */
  readonly waitMs?: number;
}

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

const OPTION_NAMES = [
  ...["id", "version", "code", "dependsOn", "dtype", "itemShape", "extend"],
  ...["tail", "commitMs", "packing", "tags", "waitMs"],
];

/** Commits cost some tenths of a millisecond, and what is lost is computed again. */
const COMMIT_MS = 100;

/** @throws {TypeError | RangeError} for an option, named in the message */
export function incrementalOn(
  cache: Cache,
  options: IncrementalOptions<never>,
  site: CallSite,
): Incremental<unknown, TypedArray> {
  checkOptionNames(options, OPTION_NAMES, "incremental");
  const { id, extend, dtype, itemShape, packing, tail = 1, waitMs, commitMs } = options;
  if (typeof extend !== "function") {
    throw new TypeError(`Option extend must be a function: got ${String(extend)}`);
  }
  if (id === undefined) throw new TypeError("Option id must be given: it names the series");
  requireCount("tail", tail);
  const items = new SeriesItems(dtype, itemShape);
  const tags = tagsOf(options.tags);
  const plan = {
    ...{ items, extend, tail, tags },
    packing: packing && checkPacking(packing, "packing"),
    waitMs: checkAge("waitMs", waitMs ?? cache.waitMs),
    commitMs: checkAge("commitMs", commitMs ?? COMMIT_MS),
    identity: identityOf(options, items, site),
    stored: cache.series,
    events: cache.events,
  };
  if (cache.location !== undefined) claimId({ location: cache.location, id, site }, extend);
  const counters = cache.counters.get(id) ?? new Counters();
  cache.counters.set(id, counters);
  return operationsOf(cache, { ...plan, counters });
}

/** Series of other items are other series. */
function identityOf(
  { id, version, code, dependsOn, extend }: IncrementalOptions<never>,
  { dtype, shape }: SeriesItems,
  site: CallSite,
): FunctionIdentity {
  const identity = identify(extend, { id, version, code, dependsOn }, site.path);
  const mark = `~series ${dtype} ${JSON.stringify(shape)}`;
  return {
    ...identity,
    version: identity.version + mark,
    ...(identity.recorded === undefined ? {} : { recorded: identity.recorded + mark }),
  };
}

type Plan = ConstructorParameters<typeof Series>[0] & { readonly tags: ReturnType<typeof tagsOf> };

function operationsOf(cache: Cache, plan: Plan): Incremental<unknown, TypedArray> {
  const { identity, items, stored, counters } = plan;
  const { results } = cache;
  const series = new Series(plan);
  const prefix = rowPrefix(identity);
  const addressOf = (args: unknown): Address =>
    new CallAddress(prefix, callKey(identity, [args]), identity.slug);
  const callOf = (args: unknown, signal?: AbortSignal): SeriesCall => ({
    ...{ args, signal, address: addressOf(args) },
    summary: encodeSummary(summarize([args])),
    tags: encodeTags(plan.tags([args])),
  });
  const call = async (args: unknown, options: LengthOptions) => {
    const { length, signal } = checkLength(options);
    return series.whole(callOf(args, signal), length);
  };
  return Object.assign(call, {
    async extend(args: unknown, options: LengthOptions) {
      const { length, signal } = checkLength(options);
      return series.extend(callOf(args, signal), length);
    },
    async read(args: unknown, options: RangeOptions = {}) {
      checkOptionNames(options, ["start", "stop"], "read");
      const address = addressOf(args);
      const [start, stop] = sliceOf(stored?.length(address) ?? 0, options);
      const plain = start < stop ? await stored?.read(address, start, stop) : undefined;
      return items.view(typeof plain === "object" ? plain : new ArrayBuffer(0));
    },
    stream(args: unknown, options: StreamOptions = {}) {
      checkOptionNames(options, ["start", "stop", "signal"], "stream");
      const { start = 0, stop = Number.POSITIVE_INFINITY, signal } = options;
      requireCount("start", start);
      if (stop !== Number.POSITIVE_INFINITY) requireCount("stop", stop);
      return disposable(series.stream(callOf(args, signal), start, stop));
    },
    info(args: unknown): SeriesInfo | undefined {
      const address = addressOf(args);
      const row = stored?.find(address);
      if (row === undefined) return undefined;
      const file = stored?.fileOf(address, row);
      const files = file === undefined ? [] : [file];
      return { ...describeEntry(address, encodeSeries(row), files), length: lengthOf(row) };
    },
    lengthOf: (args: unknown) => stored?.length(addressOf(args)) ?? 0,
    keyOf: (args: unknown) => addressOf(args).name,
    invalidate: (args: unknown) => results?.delete(addressOf(args)) ?? false,
    clear: () => results?.clear(prefix) ?? 0,
    stats: () => counters.read(),
  });
}

/** Generators can be disposed of by themselves only from Node 24 on. */
function disposable<Items extends TypedArray>(
  stream: AsyncGenerator<Items, void, undefined>,
): SeriesStream<Items> {
  const dispose = async () => void (await stream.return());
  return Object.assign(stream, { [Symbol.asyncDispose]: dispose });
}

function checkLength(options: LengthOptions): LengthOptions {
  checkOptionNames(options, ["length", "signal"], "a series");
  requireCount("length", options.length);
  return options;
}

function requireCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return;
  throw new RangeError(`Option ${name} must be a whole number, at least 0: got ${String(value)}`);
}

/** As `TypedArray.prototype.slice` reads its arguments, of `length` items. */
function sliceOf(length: number, { start = 0, stop = length }: RangeOptions): [number, number] {
  const clamp = (name: string, value: unknown) => {
    if (typeof value !== "number") throw new TypeError(`Option ${name} must be a number`);
    const whole = Math.trunc(value) || 0;
    return whole < 0 ? Math.max(0, length + whole) : Math.min(whole, length);
  };
  return [clamp("start", start), clamp("stop", stop)];
}
