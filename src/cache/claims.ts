/** Keeps two functions of one process from sharing one id, and so each other's results. */

import type { CallSite } from "./call-site.ts";

// biome-ignore lint/complexity/noBannedTypes: any callable at all, of any signature
type AnyFunction = Function;

export interface Claim {
  /** The cache, by the one path it is known by. */
  readonly location: string;
  readonly id: string;
  /** The module that memoizes. */
  readonly site: CallSite;
}

/** Who has an id: functions of one module, one for each time that it was loaded. */
interface Holder {
  readonly path: string;
  readonly byLoad: Map<string, WeakRef<AnyFunction>>;
}

/**
 * By location and id. An id is kept when its function is gone: of the closures a factory makes in a
 * loop the first may be collected before the second asks, yet their results would mix.
 */
const holders = new Map<string, Map<string, Holder>>();

/**
 * The same function may ask again. So may, once, the function that a module makes when it is loaded
 * again: to the cache a reload is a new process, in which a changed source is another version.
 *
 * @throws {TypeError} if another function holds the id there
 */
export function claimId({ location, id, site }: Claim, fn: AnyFunction): void {
  let ids = holders.get(location);
  if (ids === undefined) {
    ids = new Map();
    holders.set(location, ids);
  }
  let holder = ids.get(id);
  if (holder === undefined) {
    holder = { path: site.path, byLoad: new Map() };
    ids.set(id, holder);
  }
  const { path, byLoad } = holder;
  if ([...byLoad.values()].some((claimed) => claimed.deref() === fn)) return;
  if (path !== site.path || byLoad.has(site.load)) {
    throw new TypeError(
      `Another function is memoized as "${id}" already, and they would share their results. ` +
        "Give each an { id } of its own, or memoize once, at the top level of the module, a " +
        "function that takes as arguments what it captures now",
    );
  }
  byLoad.set(site.load, new WeakRef(fn));
}
