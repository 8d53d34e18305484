/** Errors of a result. */

import { types } from "node:util";
import type { ResultReader } from "./result-reader.ts";
import { type Json, special, UnsupportedError } from "./result-skeleton.ts";
import type { ResultWriter } from "./result-writer.ts";

/** How an error of each class is made, by its name. */
export const ERRORS: ReadonlyMap<string, () => Error> = new Map<string, () => Error>([
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (Class): [string, () => Error] => [Class.name, () => new Class()],
  ),
  ["AggregateError", () => new AggregateError([])],
]);

/** The fields that an error has without their being enumerable. */
const HIDDEN = ["name", "message", "stack", "cause", "errors"];

export function writeError(writer: ResultWriter, error: Error, name: string): Json {
  if (!types.isNativeError(error)) writer.refuseImitation(name);
  const isEnumerable = (key: string) => Object.prototype.propertyIsEnumerable.call(error, key);
  const own = Object.getOwnPropertyNames(error);
  const hidden = own.filter((key) => HIDDEN.includes(key) && !isEnumerable(key));
  const visible = Object.keys(error);
  return special("error", name, writer.fields(error, hidden), writer.fields(error, visible));
}

export function readError(reader: ResultReader, [name, hidden, fields]: Json[]): Error {
  const make = ERRORS.get(name as string);
  if (make === undefined) throw new UnsupportedError(name as string);
  const error = reader.begin(make());
  // The stack of the reader, and the `errors` of none.
  for (const key of HIDDEN) Reflect.deleteProperty(error, key);
  reader.fields(error, hidden as Json, false);
  reader.fields(error, fields as Json);
  return error;
}
