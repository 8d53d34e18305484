/** Which of the language's and Node's own classes are hashed, and by what writer. */

import type { Encoder } from "./encode.ts";
import {
  refuseFields,
  writeArrayBuffer,
  writeDataView,
  writeSharedBuffer,
  writeTyped,
} from "./encode-bytes.ts";
import { writeArray, writeError, writeMap, writeSet } from "./encode-containers.ts";
import * as tag from "./key-tags.ts";
import { builtinName, byPrototype } from "./realm.ts";

/** Writes a value of one class. */
type Writer = (encoder: Encoder, value: never) => void;

const writers: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["Object", writeObject],
  ["Array", writeArray],
  ["Map", writeMap],
  ["Set", writeSet],
  ...[...tag.DTYPES.keys()].map((name): [string, Writer] => [name, writeTyped]),
  ["ArrayBuffer", writeArrayBuffer],
  ["SharedArrayBuffer", writeSharedBuffer],
  ["DataView", writeDataView],
  ["Date", writeDate],
  ["RegExp", writeRegExp],
  ["URL", writeUrl],
  ["URLSearchParams", writeSearchParams],
  ["AbortSignal", writeNothing],
  ...["Number", "String", "Boolean", "BigInt", "Symbol"].map((name): [string, Writer] => [
    name,
    writeBoxed,
  ]),
  ...["Error", "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError"].map(
    (name): [string, Writer] => [name, writeError],
  ),
  ["URIError", writeError],
  ["AggregateError", writeError],
]);

/** The same by prototype, which is the faster question; a Buffer counts as its Uint8Array. */
const writersByPrototype: ReadonlyMap<unknown, Writer> = new Map<unknown, Writer>([
  ...byPrototype(writers),
  [null, writeObject],
  [Buffer.prototype, writeTyped],
]);

/** `undefined` for classes that cannot be hashed, subclasses of built-in ones among them. */
export function writerOf(value: object): Writer | undefined {
  const write = writersByPrototype.get(Object.getPrototypeOf(value));
  // A Map of another realm has another prototype, whose constructor is native and named alike.
  return write ?? writers.get(builtinName(value) ?? "");
}

function writeObject(encoder: Encoder, object: object): void {
  // Arguments objects and module namespaces pass for plain objects by their prototypes alone.
  const brand = Object.prototype.toString.call(object);
  if (brand !== "[object Object]") encoder.refuse(`it is ${brand}, not a plain object`);
  encoder.plain(object);
}

function writeNothing(encoder: Encoder): void {
  encoder.hasher.u8(tag.UNDEFINED);
}

function writeDate(encoder: Encoder, date: Date): void {
  refuseFields(encoder, date);
  encoder.hasher.u8(tag.DATE);
  encoder.hasher.f64(Date.prototype.getTime.call(date));
}

/** `lastIndex` is part of a RegExp: with the flags `g` and `y` it decides what matches. */
function writeRegExp(encoder: Encoder, regexp: RegExp): void {
  refuseFields(encoder, regexp);
  encoder.hasher.u8(tag.REGEXP);
  encoder.string(regexp.source);
  encoder.string(regexp.flags);
  encoder.hasher.f64(regexp.lastIndex);
}

function writeUrl(encoder: Encoder, url: URL): void {
  refuseFields(encoder, url);
  encoder.hasher.u8(tag.URL_TAG);
  encoder.string(url.href);
}

function writeSearchParams(encoder: Encoder, params: URLSearchParams): void {
  refuseFields(encoder, params);
  encoder.hasher.u8(tag.SEARCH_PARAMS);
  encoder.string(params.toString());
}

function writeBoxed(encoder: Encoder, boxed: object): void {
  refuseFields(encoder, boxed);
  encoder.hasher.u8(tag.BOXED);
  encoder.value(boxed.valueOf());
}
