/**
 * A result is stored as its arrays, and a skeleton that says where in it they belong. The skeleton
 * is JSON text. What JSON has no word for is `{"$": [type, ...]}`, where v is any value, and fields
 * are [[name, v]...]:
 *
 *     ["array", n]           the n-th array: typed array, buffer, DataView, or a long string
 *     ["resizable", n, max]  a buffer of the bytes of the n-th array that can grow to max bytes
 *     ["ref", n]             the object that begins n-th in the skeleton; arrays do not count
 *     ["undefined"]
 *     ["number", "NaN"]      also Infinity, -Infinity and -0
 *     ["bigint", "12"]       in hexadecimal, "-0xff", beyond 64 bits
 *     ["date", ms]           null for an invalid date
 *     ["regexp", source, flags, v]     v is the lastIndex
 *     ["url", href], ["params", text]
 *     ["boxed", v]           v is the primitive
 *     ["hole"]               in a list
 *     ["list", length, [[index, v]...], fields]   a list of many holes, or with named fields
 *     ["map", [[v, v]...]], ["set", [v...]]
 *     ["object", fields, prototype]    objects with a key "$" or "__proto__"; without a prototype
 *                                      when that is false
 *     ["error", class, hidden, fields] hidden are the fields that are not enumerable
 *     ["adapted", name, v]   what the adapter of that name makes of v; nothing in v refers to it
 *
 * Data only: reading it runs no code but that of adapters which the reader was given, and makes no
 * other object but these. Types may be added; what has a
 * meaning keeps it, because rows on disk are read by later releases.
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** `["ref", 3]`, without its braces. */
export type Special = [type: string, ...values: Json[]];

/** The skeleton of a result that is one array and nothing else: by far the most frequent. */
export const LONE_ARRAY = '{"$":["array",0]}';

export function special(...values: Special): Json {
  return { $: values };
}

/**
 * What a later runtime or release has stored, or a process with more adapters, and this one cannot
 * make: a miss, no damage.
 */
export class UnsupportedError extends Error {}

/** An adapter failed to restore what it took apart. */
export class RestoreError extends Error {
  readonly adapter: string;

  constructor(adapter: string, reason: string, options?: ErrorOptions) {
    super(`The adapter "${adapter}" failed to restore a result: ${reason}`, options);
    this.adapter = adapter;
  }
}
