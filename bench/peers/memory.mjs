/**
 * Ours, as a peer like the others: a cache in a folder that keeps a value under three numbers.
 *
 *   put(value, a, b, c), get(a, b, c), remove(a, b, c), and close()
 *   prepare(value)   optional: what `put` takes instead of the value, outside the measured time
 *   restore(result)  optional: what `get` gives, as comparable to the value
 *
 * A value is a typed array or an object of them. Where these functions of a peer give promises,
 * they are waited for.
 */
import { Memory } from "bloscache";

export function openMemory(folder) {
  let value;
  const keep = new Memory(folder).memoize(function keep(_a, _b, _c) {
    if (value === undefined) throw new Error("This was to be a hit");
    return value;
  });
  return {
    put(next, a, b, c) {
      value = next;
      const result = keep(a, b, c);
      value = undefined;
      return result;
    },
    get: keep,
    remove: keep.invalidate,
  };
}

/** The same of an asynchronous function. Calls of `put` may overlap, with one value. */
export function openAsyncMemory(folder) {
  let value;
  let puts = 0;
  const keep = new Memory(folder).memoize(async function keep(_a, _b, _c) {
    if (puts === 0) throw new Error("This was to be a hit");
    return value;
  });
  return {
    async put(next, a, b, c) {
      value = next;
      puts++;
      try {
        await keep(a, b, c);
      } finally {
        puts--;
      }
    },
    get: keep,
    remove: keep.invalidate,
  };
}
