/** The library's front door. */
import { join } from "node:path";
import findCacheDirectory from "find-cache-dir";
import { createCache, isLocation, type MemoryOptions } from "./cache.ts";
import { createMemoize, type Memoize } from "./memoize.ts";
import type { Cache } from "./wrapper.ts";

/**
 * A cache of function results on disk.
 *
 * @example
 * const memory = new Memory("./.cache");
 * const distances = memory.memoize(function distances(lat: Float64Array, lon: Float64Array) { … });
 */
export class Memory {
  /** Absolute path of the cache's folder. */
  readonly location: string;
  /** Bound to this cache, so that it can be used on its own and as `@memory.memoize`. */
  readonly memoize: Memoize;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(options: string | URL | MemoryOptions) {
    const cache = createCache(isLocation(options) ? { location: options } : options);
    this.location = cache.location;
    this.memoize = createMemoize(() => cache);
  }
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
