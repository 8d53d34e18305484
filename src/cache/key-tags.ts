/**
 * The first byte of every encoded value, as in the table of `docs/keys.md`. A byte once given is
 * never given to something else: to change what follows a tag is to change {@link KEY_FORMAT}.
 */

/** First four bytes of what a key is the digest of: "bck" and the version of the encoding. */
export const KEY_FORMAT: Uint8Array = Uint8Array.of(0x62, 0x63, 0x6b, 0x01);

/** Likewise of a function's fingerprint, so that it is never the digest of something else. */
export const FINGERPRINT_FORMAT: Uint8Array = Uint8Array.of(0x62, 0x63, 0x66, 0x01);

function tag(letter: string): number {
  return letter.charCodeAt(0);
}

export const UNDEFINED: number = tag("U");
export const NULL: number = tag("N");
export const TRUE: number = tag("T");
export const FALSE: number = tag("F");
export const NUMBER: number = tag("n");
export const BIGINT: number = tag("i");
export const STRING: number = tag("s");
export const SYMBOL: number = tag("y");

export const OBJECT: number = tag("o");
export const ARRAY: number = tag("a");
/** A run of holes in an array. */
export const HOLES: number = tag("h");
/** An object on the way from the root to here. */
export const ANCESTOR: number = tag("^");
/** Closes the fields of an object; no field begins with it. */
export const END: number = tag(".");
export const MAP: number = tag("M");
export const SET: number = tag("S");
/** What a class's key method returned. */
export const KEYED: number = tag("K");
/** An array or table of a library that is known by the shape of its objects. */
export const LIBRARY: number = tag("A");
/** A method's receiver, by its own fields. */
export const INSTANCE: number = tag("C");

export const TYPED_ARRAY: number = tag("t");
export const ARRAY_BUFFER: number = tag("b");
export const SHARED_BUFFER: number = tag("m");
export const DATA_VIEW: number = tag("v");

export const DATE: number = tag("D");
export const REGEXP: number = tag("R");
export const URL_TAG: number = tag("L");
export const SEARCH_PARAMS: number = tag("P");
export const ERROR: number = tag("E");
export const BOXED: number = tag("X");

/** In a fingerprint: a line break that means something. */
export const LINE_BREAK: number = tag("/");

/** What stands for `this` in a call: nothing, or a value. */
export const NO_THIS: number = tag("-");
export const THIS: number = tag("@");

/** Types of typed arrays, by the letters of Python's `struct` (and `C`, which has none there). */
export const DTYPES: ReadonlyMap<string, number> = new Map([
  ["Int8Array", tag("b")],
  ["Uint8Array", tag("B")],
  ["Uint8ClampedArray", tag("C")],
  ["Int16Array", tag("h")],
  ["Uint16Array", tag("H")],
  ["Int32Array", tag("i")],
  ["Uint32Array", tag("I")],
  ["BigInt64Array", tag("q")],
  ["BigUint64Array", tag("Q")],
  ["Float16Array", tag("e")],
  ["Float32Array", tag("f")],
  ["Float64Array", tag("d")],
]);
