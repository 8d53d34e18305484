/** The library's front door. */
// biome-ignore lint/style/noRestrictedImports: it loads JavaScript here
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import type { Adapter } from "../adapters/kind.ts";
import { messageOf } from "../errors.ts";
import { checkOptionNames } from "../format/option-names.ts";
import type { SweepOptions, Swept } from "../store/litter.ts";
import type { RebuildOptions, Rebuilt } from "../store/rebuilding.ts";
import type { CacheSize, Reduction } from "../store/reduction.ts";
import { rowPrefix } from "./address.ts";
import { createCache, isLocation, type MemoryOptions } from "./cache.ts";
import { callSite } from "./call-site.ts";
import type { EntryInfo } from "./entry-info.ts";
import { NOTHING_REBUILT, NOTHING_SWEPT } from "./folder-upkeep.ts";
import { slugOf } from "./identity.ts";
import { type IncrementalOptions, incrementalOn } from "./incremental.ts";
import { NOTHING_REDUCED, type ReductionOptions, reductionOf } from "./limits.ts";
import { createMemoize, type Memoize } from "./memoize.ts";
import { Adapters, type StorableClass } from "./result-adapters.ts";
import { resultsByKey } from "./results-by-key.ts";
import type { SeriesArrays, SeriesDtype } from "./series-items.ts";
import type { Incremental } from "./series-operations.ts";
import { Shelved, type ShelvedToken } from "./shelved.ts";
import { type FunctionStats, sumStats } from "./stats.ts";
import { type CacheUsage, measureUsage } from "./usage.ts";
import { type CacheReport, NOTHING_VERIFIED, type VerifyOptions } from "./verify.ts";
import { warnOnce } from "./warning.ts";
import type { Cache } from "./wrapper.ts";

/** The options of a Memory that can be sent to others. */
export interface PlainMemoryOptions extends Omit<MemoryOptions, "onEvent" | "adapters" | "shared"> {
  /** Absolute; `null` for a cache that is disabled. */
  readonly location: string | null;
}

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
  /**
   * What it was made with, as plain data: for `new Memory(…)` in a worker thread or another process.
   * What has functions, `onEvent`, `adapters` and `shared`, stays here.
   */
  readonly options: PlainMemoryOptions;
  readonly #cache: Cache;

  /**
   * @param options the folder, or all options; `null` makes a cache that is disabled
   * @throws {TypeError | RangeError} for an option, named in the message
   */
  constructor(options: string | URL | null | MemoryOptions) {
    const isPlace = options === null || isLocation(options);
    const given = isPlace ? { location: options } : options;
    const cache = createCache(given);
    const { onEvent: _onEvent, adapters: _adapters, shared: _shared, ...plain } = given;
    this.#cache = cache;
    this.location = cache.location ?? null;
    this.options = Object.freeze({ ...plain, location: this.location });
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
   * Stored results, of all processes and versions; those that come or go meanwhile may be met or
   * not.
   *
   * @param choice those of one function, those with a tag; all by default
   * @throws {TypeError} for a choice that does not exist or is no string
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  *entries(choice: ResultChoice = {}): Generator<EntryInfo, void, undefined> {
    const { id, tag } = checkChoice(choice, "entries");
    const { results } = this.#cache;
    if (results === undefined) return;
    results.inventory(); // says why, when there is none
    const prefix = id === undefined ? undefined : rowPrefix({ id });
    for (const { info } of results.entries(prefix)) {
      if (tag === undefined || info.tags.includes(tag)) yield info;
    }
  }

  /**
   * Handles of the stored results whose keys begin with `key`; those of one function, when its id is
   * given, are found at once, else all rows are looked at.
   *
   * @param key hexadecimal digits, all 32 or the first of them
   * @throws {TypeError} for anything else
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  *find(key: string, id?: string): Generator<Shelved, void, undefined> {
    if (typeof key !== "string" || !/^[0-9a-f]{0,32}$/i.test(key)) {
      throw new TypeError(`A key is up to 32 hexadecimal digits: got ${String(key)}`);
    }
    const { results } = this.#cache;
    if (results === undefined) return;
    for (const { row, entry } of resultsByKey(results.inventory(), key.toLowerCase(), id)) {
      const { functionId, isAsync } = entry;
      const token = { id: functionId, row: Buffer.from(row).toString("hex"), isAsync };
      yield new Shelved(results, token);
    }
  }

  /**
   * Reads everything that is stored, to its end, and reports what is damaged, missing or litter. It
   * changes nothing, unless `fix` is asked for. Others may store and read meanwhile.
   *
   * @throws {TypeError} for an option
   * @throws {StoreError} when the folder cannot be used, the index cannot be read, or is not to be
   *   changed
   */
  async verify(options: VerifyOptions = {}): Promise<CacheReport> {
    checkOptionNames(options, ["fix", "signal", "onProgress"], "verify");
    const { fix = false } = options;
    if (typeof fix !== "boolean") {
      throw new TypeError(`Option fix must be true or false: got ${String(fix)}`);
    }
    return (await this.#cache.results?.upkeep.verify(options)) ?? NOTHING_VERIFIED;
  }

  /**
   * Finds results again whose rows were lost with a damaged index, from what their files say. Those
   * that are known stay as they are. Small results, which had no file, are not found.
   *
   * @throws {TypeError} for an option
   * @throws {StoreError} when the folder cannot be used, or the index cannot be changed
   */
  async rebuild(options: RebuildOptions = {}): Promise<Rebuilt> {
    checkOptionNames(options, ["signal", "onProgress"], "rebuild");
    return (await this.#cache.results?.upkeep.rebuild(options)) ?? NOTHING_REBUILT;
  }

  /**
   * Removes files that no result speaks of and that are older than an hour, such as processes leave
   * that are killed.
   *
   * @throws {TypeError} for an option
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  async sweep(options: SweepOptions = {}): Promise<Swept> {
    checkOptionNames(options, ["dryRun", "signal"], "sweep");
    const { dryRun = false } = options;
    if (typeof dryRun !== "boolean") {
      throw new TypeError(`Option dryRun must be true or false: got ${String(dryRun)}`);
    }
    return (await this.#cache.results?.upkeep.sweep(options)) ?? NOTHING_SWEPT;
  }

  /**
   * How many rows of the index are damaged, or of a later release: results that `entries` passes over.
   *
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  damagedRows(): number {
    return this.#cache.results?.inventory().damaged().length ?? 0;
  }

  /**
   * What the cache takes on disk, by functions and versions.
   *
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  async usage(options: { readonly signal?: AbortSignal } = {}): Promise<CacheUsage> {
    checkOptionNames(options, ["signal"], "usage");
    const { results } = this.#cache;
    if (results === undefined) {
      return { versions: [], index: 0, litter: { files: 0, cbytes: 0 }, total: 0 };
    }
    return measureUsage(results.inventory(), options.signal);
  }

  /**
   * How many results are stored, of all processes, and what they take on disk.
   *
   * @throws {StoreError} when the folder cannot be used, or the index cannot be read
   */
  size(): CacheSize {
    return this.#cache.results?.sizes.size() ?? NOTHING_REDUCED.remaining;
  }

  /**
   * Removes results until the limits hold, those given or else those of the cache; resolves when
   * their files are gone.
   *
   * @throws {TypeError | RangeError} for a limit, named in the message
   * @throws {StoreError} when the folder cannot be used or is not to be changed, the index or a file
   *   refuses; the reason of `signal`
   */
  async reduceSize(limits: ReductionOptions = {}): Promise<Reduction> {
    const { results } = this.#cache;
    const wanted = reductionOf(limits, this.#cache.limits);
    if (results === undefined) return NOTHING_REDUCED;
    return results.sizes.reduce(wanted);
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
   * Forgets all results, those of one function, those with a tag: how many. Without a choice damaged
   * rows go too, and files that no result speaks of. What is being computed
   * of them in this process is not stored.
   *
   * @throws {TypeError} for a choice that does not exist or is no string
   */
  clear(choice: ResultChoice = {}): number {
    const { id, tag } = checkChoice(choice, "clear");
    const slug = id === undefined ? undefined : slugOf(id);
    this.#cache.flights.supersedeAll({ slug, tag });
    return this.#cache.results?.clear(id === undefined ? undefined : rowPrefix({ id }), tag) ?? 0;
  }

  /**
   * Does now what would be done in the background or at the end of the process: writes which results
   * were used, brings the cache within its limits, has the disk take the index. No timer of this
   * `Memory` does anything after that. It and its functions can be used as before: the next call
   * opens the cache again. What is under way asynchronously goes on, and is stored.
   */
  [Symbol.dispose](): void {
    this.#cache.shared?.rest();
    this.#cache.results?.end();
  }

  /**
   * Waits until what is being computed in this thread for the cache's folder is stored, in the
   * background too, and then does the same without blocking the thread. Generators and streams that
   * are not read to their end are their reader's.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cache.flights.settled();
    await this.#cache.shared?.end();
    await this.#cache.results?.endLater();
  }
}

/** Which results; all that are not told apart by what is left out. */
export interface ResultChoice {
  /** Id of their function. */
  readonly id?: string;
  /** One of their tags. */
  readonly tag?: string;
}

function checkChoice(choice: ResultChoice, owner: string): ResultChoice {
  checkOptionNames(choice, ["id", "tag"], owner);
  for (const [name, value] of Object.entries(choice)) {
    // What is meant to be a choice and is none would clear everything.
    if (typeof value === "string") continue;
    throw new TypeError(`Option ${name} must be a string: got ${String(value)}`);
  }
  return choice;
}

/** `BLOSCACHE_DIR`, or else where the tools of the ecosystem keep their caches. */
export function defaultLocation(): string {
  const { BLOSCACHE_DIR } = process.env;
  if (BLOSCACHE_DIR !== undefined && BLOSCACHE_DIR !== "") return BLOSCACHE_DIR;
  // Loaded here, as its dozen of small modules take longer than all of ours, and only few need it.
  const { default: findCacheDirectory } = createRequire(import.meta.url)(
    "find-cache-dir",
  ) as typeof import("find-cache-dir");
  // Outside any package there is no folder to look for.
  return findCacheDirectory({ name: "bloscache" }) ?? join("node_modules", ".cache", "bloscache");
}

/** `null`, with a warning, where there is none: the working directory may have been removed. */
function findDefaultLocation(): string | null {
  try {
    return resolve(defaultLocation());
  } catch (error) {
    const message = `No default location: ${messageOf(error)}. Memoized functions run uncached.`;
    warnOnce("default location", "CACHE_UNUSABLE", message);
    return null;
  }
}

let defaultCache: Cache | undefined;

const defaultAdapters = new Adapters();

/**
 * Gives adapters, and classes that have {@link storeSymbol}, to the default cache, that of
 * {@link memoize}: what `adapters` is to a {@link Memory}. Before the results that need them.
 *
 * @throws {TypeError} for what is none, and for two of one name
 */
export function registerAdapters(...adapters: readonly (Adapter | StorableClass)[]): void {
  defaultAdapters.add(adapters);
}

/**
 * {@link Memory.memoize} on the default cache: in the folder that the environment variable
 * `BLOSCACHE_DIR` names, or else in `node_modules/.cache/bloscache` of the package around the
 * working directory.
 */
export const memoize: Memoize = createMemoize(() => {
  defaultCache ??= createCache({ location: findDefaultLocation() }, defaultAdapters);
  return defaultCache;
});
