/** Questions about an object's own fields that must not cost a walk over all its elements. */

import { inspect } from "node:util";

/** Up to here listing all keys, indices included, is the cheaper way (8 to 25 ns each). */
const FEW = 64;

/** What `inspect` prints for a list none of whose elements it may print, and no field either. */
const NO_FIELDS = /^[^:]*\[ \.\.\. \d+ more items? \]$/;

const quietly = { depth: 0, maxArrayLength: 0, customInspect: false, breakLength: Infinity };

/**
 * Own enumerable string keys of an array or typed array that are not indices, such as `shape`.
 *
 * `Object.keys` makes a string per element: 110 ns each on a million. Node has no call for the
 * other keys alone, but `inspect` lists them without looking at elements, in 1 µs. It is only
 * asked whether there are any; should its wording change, the long way is taken.
 */
export function namedKeys(list: ArrayLike<unknown> & object): string[] {
  if (list.length > FEW && NO_FIELDS.test(inspect(list, quietly))) return [];
  const keys = Object.keys(list);
  // Indices come first, in ascending order, in every own-keys list.
  return keys.slice(countIndices(keys));
}

/**
 * The first field that is set on an object whose value is elsewhere, such as a typed array or a
 * Map. An array's elements are no such fields, nor are the characters of a boxed string.
 */
export function ownFieldBeside(object: object): string | undefined {
  const keys = "length" in object ? namedKeys(object as ArrayLike<unknown>) : Object.keys(object);
  return keys[0];
}

/** How many of `keys`, from the first on, are array indices. */
function countIndices(keys: readonly string[]): number {
  let count = 0;
  while (count < keys.length && isIndex(keys[count] as string)) count++;
  return count;
}

function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return (
    first >= 0x30 && first <= 0x39 && String(Number(key) >>> 0) === key && key !== "4294967295"
  );
}

/** Sorts in place by UTF-16 code units, never by locale. */
export function sortKeys(keys: string[]): string[] {
  for (let i = 1; i < keys.length; i++) {
    // Most objects are written in some order already; only those out of it are sorted.
    if ((keys[i - 1] as string) > (keys[i] as string)) return keys.sort();
  }
  return keys;
}

/** Whether an own symbol key would be seen by `Object.assign` or a spread. */
export function hasSymbolKeys(object: object): boolean {
  const symbols = Object.getOwnPropertySymbols(object);
  return (
    symbols.length > 0 &&
    symbols.some((key) => Object.prototype.propertyIsEnumerable.call(object, key))
  );
}
