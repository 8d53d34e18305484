/** The library's front door. */
import { join } from "node:path";
import findCacheDirectory from "find-cache-dir";
import { checkOptionNames } from "../format/option-names.ts";
import { rowPrefix } from "./address.ts";
import { createCache, isLocation, type MemoryOptions } from "./cache.ts";
import { callSite } from "./call-site.ts";
import type { EntryInfo } from "./entry-info.ts";
import { slugOf } from "./identity.ts";
import { type IncrementalOptions, incrementalOn } from "./incremental.ts";
import { createMemoize, type Memoize } from "./memoize.ts";
import type { SeriesArrays, SeriesDtype } from "./series-items.ts";
import type { Incremental } from "./series-operations.ts";
import { Shelved, type ShelvedToken } from "./shelved.ts";
import { type FunctionStats, sumStats } from "./stats.ts";
import type { Cache } from "./wrapper.ts";

/** What happened on a cache in this process. */
export interface MemoryStats extends FunctionStats {
  /** Of each function, by its id. */
  readonly functions: { readonly [id: string]: FunctionStats };
}

/**
 * A cache of function results on disk.
 *
 * @example
 * const memory = new Memory("./.cache");
 * const distances = memory.memoize(function distances(lat: Float64Array, lon: Float64Array) { … });
 */
export class Memory {
  /** Absolute path of the cache's folder; `null` for a cache that is disabled. */
  readonly location: string | null;
  /** Bound to this cache, so that it can be used on its own and as `@memory.memoize`. */
  readonly memoize: Memoize;
  readonly #cache: Cache;

  /**
   * @param options the folder, or all options; `null` makes a cache that is disabled
   * @throws {TypeError | RangeError} for an option, named in the message
   */
  constructor(options: string | URL | null | MemoryOptions) {
    const isPlace = options === null || isLocation(options);
    const cache = createCache(isPlace ? { location: options } : options);
    this.#cache = cache;
    this.location = cache.location ?? null;
    this.memoize = createMemoize(() => cache);
  }

  /**
   * Series, results that grow: one for each `args`, asked for by its length. What is stored is never
   * computed again, whatever ended the computing; what is missing is computed by `extend`.
   *
   * @throws {TypeError | RangeError} for an option, named in the message
   */
  incremental<Args, Dtype extends SeriesDtype, State = unknown>(
    options: IncrementalOptions<Args, Dtype, State>,
  ): Incremental<Args, SeriesArrays[Dtype]> {
    const site = callSite(Memory.prototype.incremental as never);
    return incrementalOn(this.#cache, options as never, site) as never;
  }

  /** What happened in this process. */
  stats(): MemoryStats {
    const each = Array.from(
      this.#cache.counters,
      ([id, counters]) => [id, counters.read()] as const,
    );
    return { ...sumStats(each.map(([, stats]) => stats)), functions: Object.fromEntries(each) };
  }

  /**
   * All stored results, of all processes and versions; those that come or go meanwhile may be met
   * or not.
   *
   * @throws {StoreError} when the index cannot be read
   */
  *entries(): Generator<EntryInfo, void, undefined> {
    for (const { info } of this.#cache.results?.entries() ?? []) yield info;
  }

  /**
   * The handle of a result of this cache, from what `JSON.stringify` made of it.
   *
   * @throws {TypeError} for anything else
   */
  unshelve<Result = unknown>(token: ShelvedToken): Shelved<Result> {
    const { bloscache, id, row, isAsync } = (token ?? {}) as Partial<ShelvedToken>;
    const isToken = bloscache === "shelved" && typeof id === "string" && typeof row === "string";
    if (!isToken || !/^[0-9a-f]{48}$/.test(row) || typeof isAsync !== "boolean") {
      throw new TypeError("Only what JSON.stringify made of a shelved result can be unshelved");
    }
    return new Shelved<Result>(this.#cache.results, { id, row, isAsync });
  }

  /**
   * Forgets all results, those of one function, those with a tag: how many. What is being computed
   * of them in this process is not stored.
   *
   * @throws {TypeError} for a choice that does not exist or is no string
   */
  clear(choice: ResultChoice = {}): number {
    const { id, tag } = checkChoice(choice);
    const slug = id === undefined ? undefined : slugOf(id);
    this.#cache.flights.supersedeAll({ slug, tag });
    return this.#cache.results?.clear(id === undefined ? undefined : rowPrefix({ id }), tag) ?? 0;
  }
}

/** Which results; all that are not told apart by what is left out. */
export interface ResultChoice {
  /** Id of their function. */
  readonly id?: string;
  /** One of their tags. */
  readonly tag?: string;
}

function checkChoice(choice: ResultChoice): ResultChoice {
  checkOptionNames(choice, ["id", "tag"], "clear");
  for (const [name, value] of Object.entries(choice)) {
    // What is meant to be a choice and is none would clear everything.
    if (typeof value === "string") continue;
    throw new TypeError(`Option ${name} must be a string: got ${String(value)}`);
  }
  return choice;
}

/** `BLOSCACHE_DIR`, or else where the tools of the ecosystem keep their caches. */
function defaultLocation(): string {
  const { BLOSCACHE_DIR } = process.env;
  if (BLOSCACHE_DIR !== undefined && BLOSCACHE_DIR !== "") return BLOSCACHE_DIR;
  // Outside any package there is no folder to look for.
  return findCacheDirectory({ name: "bloscache" }) ?? join("node_modules", ".cache", "bloscache");
}

let defaultCache: Cache | undefined;

/**
 * {@link Memory.memoize} on the default cache: in the folder that the environment variable
 * `BLOSCACHE_DIR` names, or else in `node_modules/.cache/bloscache` of the package around the
 * working directory.
 */
export const memoize: Memoize = createMemoize(() => {
  defaultCache ??= createCache({ location: defaultLocation() });
  return defaultCache;
});
