/** Which classes a result may have instances of, and what writes and reads each. */

import { types } from "node:util";
import { builtinName, byPrototype } from "./realm.ts";
import { readAdapted } from "./result-adapters.ts";
import { ARRAY_CLASSES } from "./result-arrays.ts";
import {
  readList,
  readMap,
  readObject,
  readSet,
  writeArray,
  writeMap,
  writeObject,
  writeSet,
} from "./result-containers.ts";
import { ERRORS, readError, writeError } from "./result-errors.ts";
import type { ResultReader } from "./result-reader.ts";
import type { Json } from "./result-skeleton.ts";
import * as value from "./result-values.ts";
import type { ResultWriter } from "./result-writer.ts";

/** Writes an object of one class. */
type Writer = (writer: ResultWriter, object: never, name: string) => Json;

/** Reads what follows the type of a special. It counts the object before it reads parts of it. */
type Reader = (reader: ResultReader, fields: Json[]) => unknown;

const writers: ReadonlyMap<string, Writer> = new Map<string, Writer>([
  ["Object", writeObject],
  ["Array", writeArray],
  ["Map", writeMap],
  ["Set", writeSet],
  ["Date", value.writeDate],
  ["RegExp", value.writeRegExp],
  ["URL", value.writeUrl],
  ["URLSearchParams", value.writeParams],
  ...["Number", "String", "Boolean", "BigInt"].map((name): [string, Writer] => [
    name,
    value.writeBoxed,
  ]),
  ...[...ERRORS.keys()].map((name): [string, Writer] => [name, writeError]),
]);

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["list", readList],
  ["object", readObject],
  ["map", readMap],
  ["set", readSet],
  ["date", value.readDate],
  ["regexp", value.readRegExp],
  ["url", value.readUrl],
  ["params", value.readParams],
  ["boxed", value.readBoxed],
  ["resizable", value.readResizable],
  ["error", readError],
  ["adapted", readAdapted],
]);

const names: ReadonlyMap<string, string> = new Map(
  [...ARRAY_CLASSES, ...writers.keys()].map((name) => [name, name]),
);

const namesByPrototype: ReadonlyMap<unknown, string> = byPrototype(names);

/** The class of an object; `undefined` when a result may not hold it. */
export function resultClass(object: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === null) return "Object";
  const name = namesByPrototype.get(prototype) ?? names.get(builtinName(object) ?? "");
  return name ?? nodeErrorClass(object, prototype as object);
}

/** Some of Node's own errors have a prototype between, which names a native class as its maker. */
function nodeErrorClass(error: object, prototype: object): string | undefined {
  if (!types.isNativeError(error) || !Object.hasOwn(prototype, "constructor")) return undefined;
  const name = namesByPrototype.get(prototype.constructor.prototype);
  return ERRORS.has(name ?? "") ? name : undefined;
}

/** `undefined` when it is an array of the result. */
export function writerOf(name: string, object: object): Writer | undefined {
  return value.isResizable(name, object) ? value.writeResizable : writers.get(name);
}

export function readerOf(type: string): Reader | undefined {
  return readers.get(type);
}
