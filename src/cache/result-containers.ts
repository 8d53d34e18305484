/** Objects of a result that hold others. */

import { isRowMajor } from "../adapters/strided.ts";
import { isShape, isTypedArray } from "../format/ndarray.ts";
import { MapStep, SetStep } from "./key-path.ts";
import { namedKeys } from "./own-fields.ts";
import type { ResultReader } from "./result-reader.ts";
import { type Json, special } from "./result-skeleton.ts";
import type { ResultWriter } from "./result-writer.ts";

/** So many holes, and an array is written by its keys instead of its indices. */
const MANY_HOLES = 256;

export function writeArray(writer: ResultWriter, list: unknown[]): Json {
  if (!Array.isArray(list)) writer.refuseImitation("Array");
  const named = namedKeys(list);
  if (named.length > 0 || hasManyHoles(list)) return writeEntries(writer, list, named);
  const elements: Json[] = [];
  for (let i = 0; i < list.length; i++) {
    elements.push(Object.hasOwn(list, i) ? writer.part(i, list[i]) : special("hole"));
  }
  return elements;
}

function hasManyHoles(list: readonly unknown[]): boolean {
  let holes = 0;
  for (let i = 0; i < list.length && holes <= MANY_HOLES; i++) if (!Object.hasOwn(list, i)) holes++;
  return holes > MANY_HOLES;
}

/** In time that does not depend on the length. */
function writeEntries(writer: ResultWriter, list: readonly unknown[], named: string[]): Json {
  const { length } = list;
  const keys = Object.keys(list);
  const elements: Json[] = [];
  for (const key of keys.slice(0, keys.length - named.length)) {
    const index = Number(key);
    elements.push([index, writer.part(index, list[index])]);
  }
  return special("list", length, elements, writer.fields(list, named));
}

export function readList(reader: ResultReader, [length, elements, fields]: Json[]): unknown[] {
  const list: unknown[] = reader.begin([]);
  // A lone last element makes the engine keep a long list by its keys; a length alone makes it
  // take memory for all of it.
  if (length !== 0) list[(length as number) - 1] = undefined;
  if (length !== 0) Reflect.deleteProperty(list, (length as number) - 1);
  for (const [index, json] of elements as [number, Json][]) list[index] = reader.value(json);
  reader.fields(list, fields as Json);
  return list;
}

export function writeObject(writer: ResultWriter, object: object): Json {
  const brand = Object.prototype.toString.call(object);
  // Arguments objects and module namespaces pass for plain objects by their prototypes alone.
  if (brand !== "[object Object]") writer.refuse(`it is ${brand}, not a plain object`);
  // Each field is read once, because a getter may give another value the next time.
  const fields: { [key: string]: unknown } = Object.create(null);
  for (const key of Object.keys(object)) {
    writer.at(key);
    fields[key] = (object as typeof fields)[key];
  }
  writeShaped(writer, fields);
  const keys = Object.keys(fields);
  const hasPrototype = Object.getPrototypeOf(object) !== null;
  // A "$" would be taken for the mark of a special, and JSON.parse is the one that may make a
  // "__proto__": an assignment would set the prototype instead.
  if (!hasPrototype || "$" in fields || "__proto__" in fields) {
    return special("object", writer.fields(fields, keys), hasPrototype);
  }
  const json: { [key: string]: Json } = {};
  for (const key of keys) json[key] = writer.part(key, fields[key]);
  return json;
}

/** `{ data, shape }` is an array of that shape, to whoever opens its file. */
function writeShaped(
  writer: ResultWriter,
  { data, shape, order, stride }: { [name: string]: unknown },
): void {
  // `isShape` passes over holes, one by one.
  if (!Array.isArray(shape) || Object.keys(shape).length !== shape.length) return;
  if (!isShape(shape) || !isTypedArray(data)) return;
  if (shape.reduce((product, length) => product * length, 1) !== data.length) return;
  const isColumnMajor = order === "F" || (isShape(stride) && isColumnsFirst(shape, stride));
  writer.shaped({ data, shape, order: isColumnMajor ? "F" : "C" });
}

/** Of a chunk of zarrita. */
function isColumnsFirst(shape: readonly number[], stride: readonly number[]): boolean {
  const turned = { shape: shape.toReversed(), strides: stride.toReversed(), offset: 0 };
  const isRowsFirst = isRowMajor({ shape, strides: stride, offset: 0 });
  return shape.length === stride.length && !isRowsFirst && isRowMajor(turned);
}

export function readObject(reader: ResultReader, [fields, hasPrototype]: Json[]): object {
  const object = reader.begin(hasPrototype === true ? {} : (Object.create(null) as object));
  reader.fields(object, fields as Json);
  return object;
}

export function writeMap(writer: ResultWriter, map: Map<unknown, unknown>): Json {
  writer.refuseFields(map);
  const entries: Json[] = [];
  for (const [key, value] of Map.prototype.entries.call(map)) {
    const entry: Json = [writer.part(new MapStep(key, "key"), key)];
    entry.push(writer.part(new MapStep(key, "value"), value));
    entries.push(entry);
  }
  return special("map", entries);
}

export function readMap(reader: ResultReader, [entries]: Json[]): Map<unknown, unknown> {
  const map = reader.begin(new Map<unknown, unknown>());
  for (const [key, value] of entries as [Json, Json][]) {
    map.set(reader.value(key), reader.value(value));
  }
  return map;
}

export function writeSet(writer: ResultWriter, set: Set<unknown>): Json {
  writer.refuseFields(set);
  const members: Json[] = [];
  for (const member of Set.prototype.values.call(set)) {
    members.push(writer.part(new SetStep(members.length), member));
  }
  return special("set", members);
}

export function readSet(reader: ResultReader, [members]: Json[]): Set<unknown> {
  const set = reader.begin(new Set<unknown>());
  for (const member of members as Json[]) set.add(reader.value(member));
  return set;
}
