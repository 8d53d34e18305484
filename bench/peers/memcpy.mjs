/**
 * The physical limit: the plain bytes copied into memory that was written before, by one thread.
 * `set` of a typed array of the same kind is C's memmove. All questions take the limit from here.
 */
import { arraysOf } from "../data/files.mjs";

/** A function that copies the value, once, and returns the copy: in the same memory every time. */
export function copierOf(value) {
  const copies = new Map(arraysOf(value).map(([name, array]) => [name, array.slice()]));
  return () => {
    for (const [name, array] of arraysOf(value)) copies.get(name).set(array);
    return copies.get(null) ?? Object.fromEntries(copies);
  };
}
