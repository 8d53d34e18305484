/** `memory.incremental`: results that grow, asked for by their length. */
import type { TypedArray } from "../format/dtype.ts";
import { checkOptionNames } from "../format/option-names.ts";
import type { CallSite } from "./call-site.ts";
import { claimId } from "./claims.ts";
import type { Extended, Extending } from "./extension.ts";
import { checkAge } from "./freshness.ts";
import { type FunctionIdentity, type IdentityOptions, identify, withMark } from "./identity.ts";
import { checkPacking, type Packing } from "./packing.ts";
import { type SeriesArrays, type SeriesDtype, SeriesItems } from "./series-items.ts";
import { type Incremental, requireCount, seriesOperations } from "./series-operations.ts";
import { SharedSeries } from "./shared-series.ts";
import { Counters } from "./stats.ts";
import { type TagsOption, tagsOf } from "./tags.ts";
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
    shared: cache.shared && cache.series && new SharedSeries(cache.shared, cache.series),
    events: cache.events,
  };
  if (cache.location !== undefined) claimId({ location: cache.location, id, site }, extend);
  const counters = cache.counters.get(id) ?? new Counters();
  cache.counters.set(id, counters);
  return seriesOperations({ ...plan, counters, results: cache.results, flights: cache.flights });
}

/** Series of other items are other series. */
function identityOf(
  { id, version, code, dependsOn, extend }: IncrementalOptions<never>,
  { dtype, shape }: SeriesItems,
  site: CallSite,
): FunctionIdentity {
  const identity = identify(extend, { id, version, code, dependsOn }, site.path);
  return withMark(identity, `~series ${dtype} ${JSON.stringify(shape)}`);
}
