/** What a cache is made of, from its options. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Adapter } from "../adapters/kind.ts";
import { checkOptionNames } from "../format/option-names.ts";
import type { StoreOptions } from "../store/draft.ts";
import type { StandingLimits } from "../store/limits.ts";
import type { Durability } from "../store/publication.ts";
import type { SharedTier } from "../tier/shared-tier.ts";
import { type CacheEvent, Events } from "./events.ts";
import { Evictions } from "./evictions.ts";
import { Flights, flightsOf } from "./flights.ts";
import { checkAge } from "./freshness.ts";
import {
  checkLimits,
  checkOrder,
  type EvictionOrder,
  isLimited,
  type LimitOptions,
} from "./limits.ts";
import { narrate } from "./narrate.ts";
import { OpenedStore } from "./opened-store.ts";
import { checkPacking, type Packing } from "./packing.ts";
import { Adapters, type StorableClass } from "./result-adapters.ts";
import { Results } from "./results.ts";
import { SeriesResults } from "./series-results.ts";
import { SharedResults } from "./shared-results.ts";
import type { Counters } from "./stats.ts";
import type { Cache } from "./wrapper.ts";

export interface MemoryOptions extends Packing, LimitOptions {
  /**
   * Folder of the cache; made when it is first needed. A relative path is from the working
   * directory. `null`: no cache; memoized functions are only called.
   */
  readonly location: string | URL | null;
  /**
   * What a stored result survives. `"relaxed"` (default): the process being killed at any instant;
   * a power cut may lose the last seconds, never damage what is returned. `"strict"`: a power cut
   * too; every store waits for the disk.
   */
  readonly durability?: Durability;
  /**
   * How long a call waits while another process or thread of this machine computes its result, ms;
   * then it computes it too. Default: ten minutes; `Infinity` waits for as long as they live.
   */
  readonly waitMs?: number;
  /**
   * What else can be stored in results: arrays and tables of other libraries, by the adapters of
   * `bloscache/adapters` or by one's own, and instances of classes that have {@link storeSymbol}. A
   * result that needs one which is not here is computed again.
   */
  readonly adapters?: readonly (Adapter | StorableClass)[];
  /**
   * `true`: stored results are used, and nothing is made, stored or removed; what is computed is
   * returned and not kept. Default `false`.
   */
  readonly readOnly?: boolean;
  /**
   * A tier that machines share, such as `s3Tier(…)` of `bloscache/s3`: what is not in the folder is
   * looked for there before it is computed, and what is computed is sent there, in the background.
   * Functions that are not declared `async` have their thread blocked while it is asked, by another
   * thread; a tier that this cannot make again from plain options they do not ask.
   */
  readonly shared?: SharedTier;
  /** Which results go first when there are too many. Default: `"cost"`. */
  readonly eviction?: EvictionOrder;
  /** Called with what happens; what it throws becomes a warning. */
  readonly onEvent?: (event: CacheEvent) => void;
  /** Lines on stderr: 0 none (default), 1 what is computed and stored, 2 hits as well. */
  readonly verbose?: 0 | 1 | 2;
}

const OPTION_NAMES = [
  ...["location", "durability", "cname", "clevel", "shuffle", "chunkSize"],
  ...["limitBytes", "limitItems", "maxAgeMs", "eviction"],
  ...["adapters", "readOnly", "waitMs", "shared", "onEvent", "verbose"],
];

/** Results of at most so many plain bytes live in their row: a file of their own costs more. */
export const INLINE_BYTES: number = 16 * 1024;

/** Measured: in chunks of 256 and 512 KiB no data is written faster, and much of it more slowly. */
const DEFAULT_PACKING = {
  cname: "lz4",
  clevel: 5,
  shuffle: "shuffle",
  chunkSize: 1024 * 1024,
} as const;

/** Smaller, because a commit writes the last, partial chunk of a series anew. */
const SERIES_CHUNK_SIZE = 256 * 1024;

/** Room in a file's metadata for a longer shape, when the result grows, bytes. */
const META_SLACK = 64;

/** A holder that never ends, such as one that was stopped, must not keep others from their results. */
const WAIT_MS = 10 * 60 * 1000;

/**
 * @param registered takes the place of the option `adapters`
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function createCache(options: MemoryOptions, registered?: Adapters): Cache {
  checkOptionNames(options, OPTION_NAMES, "Memory");
  const adapters = registered ?? new Adapters(options.adapters);
  const store = storeOptions(options);
  const events = new Events(listeners(options));
  const counters = new Map<string, Counters>();
  const evictions = new Evictions(events, counters);
  const shared = {
    events,
    counters,
    evictions,
    limits: limitsOf(options),
    waitMs: checkAge("waitMs", options.waitMs ?? WAIT_MS),
  };
  if (options.location === null) {
    return {
      ...shared,
      flights: new Flights(),
      location: undefined,
      results: undefined,
      series: undefined,
      shared: undefined,
    };
  }
  const location = resolveLocation(options.location);
  claimDurability(location, store.durability);
  const opened = new OpenedStore(location, store, evictions.note);
  const results = new Results(opened, adapters, events);
  const series = new SeriesResults(results);
  const tier = checkTier(options);
  return {
    ...shared,
    flights: flightsOf(location),
    location,
    results,
    series,
    shared: tier && new SharedResults(tier, opened, series, INLINE_BYTES),
  };
}

/** @throws {TypeError} for what is no tier, and where nothing could be stored that it has */
function checkTier({ shared, readOnly }: MemoryOptions): SharedTier | undefined {
  if (shared === undefined) return undefined;
  if (typeof (shared as Partial<SharedTier> | null)?.attach !== "function") {
    throw new TypeError(`Option shared must be a tier, such as s3Tier(): got ${String(shared)}`);
  }
  if (readOnly === true) throw new TypeError("Option shared cannot be used with readOnly");
  return shared;
}

function limitsOf(options: MemoryOptions): StandingLimits {
  return { ...checkLimits(options), order: checkOrder(options.eviction ?? "cost") };
}

function listeners({ onEvent, verbose = 0 }: MemoryOptions): ((event: CacheEvent) => void)[] {
  if (onEvent !== undefined && typeof onEvent !== "function") {
    throw new TypeError(`Option onEvent must be a function: got ${String(onEvent)}`);
  }
  if (verbose !== 0 && verbose !== 1 && verbose !== 2) {
    throw new TypeError(`Option verbose must be 0, 1 or 2: got ${String(verbose)}`);
  }
  const given = onEvent === undefined ? [] : [onEvent];
  return verbose === 0 ? given : [...given, narrate(verbose)];
}

/** By location: the index is open once per process, and syncs one way. */
const durabilities = new Map<string, Durability>();

function claimDurability(location: string, durability: Durability): void {
  const other = durabilities.get(location) ?? durability;
  if (other !== durability) {
    throw new TypeError(
      `Option durability must be "${other}", as of the other Memory of this process at "${location}"`,
    );
  }
  durabilities.set(location, durability);
}

export function isLocation(value: unknown): value is string | URL {
  return typeof value === "string" || value instanceof URL;
}

function resolveLocation(location: unknown): string {
  if (!isLocation(location) || location === "") {
    throw new TypeError(`Option location must be a path or a file URL: got ${String(location)}`);
  }
  return resolve(typeof location === "string" ? location : fileURLToPath(location));
}

function storeOptions(options: MemoryOptions): StoreOptions {
  const { durability = "relaxed", cname, clevel, shuffle, chunkSize } = options;
  if (durability !== "relaxed" && durability !== "strict") {
    throw new TypeError(
      `Option durability must be "relaxed" or "strict": got ${String(durability)}`,
    );
  }
  // Not deflated: a worker that is terminated as it makes a stream of Node's zlib ends the process.
  const metadataArgs = {
    metaCodec: "None" as const,
    maxMetaSize: (metaSize: number) => metaSize + META_SLACK,
  };
  const given = Object.entries({ cname, clevel, shuffle, chunkSize }).filter(isGiven);
  const packing = checkPacking(Object.fromEntries(given), "Memory");
  const limits = limitsOf(options);
  const { readOnly = false } = options;
  if (typeof readOnly !== "boolean") {
    throw new TypeError(`Option readOnly must be true or false: got ${String(readOnly)}`);
  }
  return {
    durability,
    inlineBytes: INLINE_BYTES,
    packing: { ...DEFAULT_PACKING, ...packing, metadataArgs },
    seriesChunkSize: packing.chunkSize ?? SERIES_CHUNK_SIZE,
    limits: isLimited(limits) ? limits : undefined,
    readOnly,
  };
}

function isGiven([, value]: [name: string, value: unknown]): boolean {
  return value !== undefined;
}
