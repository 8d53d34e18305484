/** Keeps two functions of one process from sharing one id, and so each other's results. */

// biome-ignore lint/complexity/noBannedTypes: any callable at all, of any signature
type AnyFunction = Function;

/**
 * By location and id. An id is kept when its function is gone: of the closures a factory makes in a
 * loop the first may be collected before the second asks, yet their results would mix.
 */
const claims = new Map<string, Map<string, WeakRef<AnyFunction>>>();

/**
 * @param location - the cache, by the one path it is known by
 * @throws {TypeError} if another function holds `id` there; the same function may ask again
 */
export function claimId(location: string, id: string, fn: AnyFunction): void {
  let ids = claims.get(location);
  if (ids === undefined) {
    ids = new Map();
    claims.set(location, ids);
  }
  const holder = ids.get(id);
  if (holder === undefined) ids.set(id, new WeakRef(fn));
  else if (holder.deref() !== fn) {
    throw new TypeError(
      `Another function is memoized as "${id}" already, and they would share their results. ` +
        "Give each an { id } of its own, or memoize once, at the top level of the module, a " +
        "function that takes as arguments what it captures now",
    );
  }
}
