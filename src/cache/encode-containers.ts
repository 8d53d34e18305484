/** Writers for what holds other values: arrays, Maps, Sets, errors. */

import type { Encoder } from "./encode.ts";
import { refuseFields } from "./encode-bytes.ts";
import { MapStep, SetStep } from "./key-path.ts";
import * as tag from "./key-tags.ts";
import { hasSymbolKeys, namedKeys, sortKeys } from "./own-fields.ts";
import { isAbortSignal } from "./realm.ts";

/** So many holes in a row, and the rest of an array is read by its keys instead of its indices. */
const SPARSE = 256;

/** Elements and runs of holes, then the named fields, such as the `index` of a match. */
export function writeArray(encoder: Encoder, array: unknown[]): void {
  if (!Array.isArray(array)) encoder.refuse("it has the prototype of an array, but is none");
  if (hasSymbolKeys(array)) encoder.refuse("it has own symbol keys");
  encoder.enter(array);
  encoder.hasher.u8(tag.ARRAY);
  encoder.hasher.u32(array.length);
  writeElements(encoder, array);
  encoder.fields(array, sortKeys(namedKeys(array)));
  encoder.leave();
}

function writeElements(encoder: Encoder, array: readonly unknown[]): void {
  const { length } = array;
  let written = 0;
  for (let i = 0; i < length; i++) {
    const value = array[i];
    if (value === undefined && !Object.hasOwn(array, i)) {
      if (i - written < SPARSE) continue;
      writeSparse(encoder, array, written);
      return;
    }
    writeElement(encoder, written, i, value);
    written = i + 1;
  }
  writeHoles(encoder, length - written);
}

/** Writes what `array` holds from index `from` on, in time that does not depend on its length. */
function writeSparse(encoder: Encoder, array: readonly unknown[], from: number): void {
  const keys = Object.keys(array);
  const end = keys.length - namedKeys(array).length;
  let written = from;
  for (let k = 0; k < end; k++) {
    const index = Number(keys[k]);
    if (index < from) continue;
    writeElement(encoder, written, index, array[index]);
    written = index + 1;
  }
  writeHoles(encoder, array.length - written);
}

function writeElement(encoder: Encoder, written: number, index: number, value: unknown): void {
  writeHoles(encoder, index - written);
  encoder.at(index);
  encoder.value(value);
}

function writeHoles(encoder: Encoder, count: number): void {
  if (count === 0) return;
  encoder.hasher.u8(tag.HOLES);
  encoder.hasher.u32(count);
}

/** An entry whose value is an AbortSignal is left out, as a field is. */
export function writeMap(encoder: Encoder, map: Map<unknown, unknown>): void {
  refuseFields(encoder, map);
  const entries = Map.prototype.entries.call(map);
  const digests: string[] = [];
  encoder.enter(map);
  encoder.aside((inner) => {
    for (const [key, value] of entries) {
      if (isAbortSignal(value)) continue;
      inner.begin();
      encoder.at(new MapStep(key, "key"));
      encoder.value(key);
      encoder.at(new MapStep(key, "value"));
      encoder.value(value);
      digests.push(inner.digestLatin1());
    }
  });
  encoder.leave();
  writeUnordered(encoder, tag.MAP, digests);
}

export function writeSet(encoder: Encoder, set: Set<unknown>): void {
  refuseFields(encoder, set);
  const members = Set.prototype.values.call(set);
  const digests: string[] = [];
  encoder.enter(set);
  encoder.aside((inner) => {
    let index = 0;
    for (const member of members) {
      encoder.at(new SetStep(index++));
      if (isAbortSignal(member)) continue;
      inner.begin();
      encoder.value(member);
      digests.push(inner.digestLatin1());
    }
  });
  encoder.leave();
  writeUnordered(encoder, tag.SET, digests);
}

/** Sorted by their digests the members stand in one order, whatever order they came in. */
function writeUnordered(encoder: Encoder, kind: number, digests: string[]): void {
  digests.sort();
  encoder.hasher.u8(kind);
  encoder.hasher.u32(digests.length);
  for (const digest of digests) encoder.hasher.bytes(Buffer.from(digest, "latin1"));
}

/** Without the stack, which tells where an error was made. `code` and the like are fields. */
export function writeError(encoder: Encoder, error: Error): void {
  const keys = new Set(encoder.fieldKeys(error));
  for (const hidden of ["cause", "errors"]) if (Object.hasOwn(error, hidden)) keys.add(hidden);
  for (const key of ["name", "message", "stack"]) keys.delete(key);
  encoder.enter(error);
  encoder.hasher.u8(tag.ERROR);
  encoder.string(String(Object.getPrototypeOf(error).name));
  encoder.string(String(error.name));
  encoder.string(String(error.message));
  encoder.fields(error, [...keys].sort());
  encoder.leave();
}
