/** What of a result is stored as bytes, in arrays beside its skeleton, and what it is read as. */

import { types } from "node:util";
import { type TypedArray, typedArrayName } from "../format/dtype.ts";
import type { DraftArray } from "../store/draft.ts";

type ArrayConstructor = new (buffer: ArrayBuffer) => TypedArray;

/** What an array is restored as, by its number in a row: append only. */
const KINDS = [
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Buffer",
  "ArrayBuffer",
  "SharedArrayBuffer",
  "DataView",
  // Strings, by the bytes of a code unit.
  "latin1",
  "utf16",
] as const;

type Kind = (typeof KINDS)[number];

/** The typed arrays among them, as far as this runtime has them. */
const TYPED_ARRAYS = KINDS.map((name) =>
  name.endsWith("Array")
    ? (globalThis as unknown as { [name: string]: ArrayConstructor | undefined })[name]
    : undefined,
);

const NUMBERS: ReadonlyMap<string, number> = new Map(KINDS.map((name, kind) => [name, kind]));

/** What the number in a row stands for; `undefined` for one of a later release. */
export function arrayType(kind: number): string | undefined {
  return KINDS[kind];
}

/** The classes whose instances are arrays of a result. */
export const ARRAY_CLASSES: readonly string[] = KINDS.slice(0, NUMBERS.get("latin1"));

/** Strings of so many code units are arrays: JSON text cannot be longer than a string itself. */
export const LONG_STRING = 65_536;

/** The draft of an object of one of {@link ARRAY_CLASSES}; `undefined` when it only looks like one. */
export function draftOf(name: string, value: object): DraftArray | undefined {
  const kind = NUMBERS.get(name) as number;
  switch (name as Kind) {
    case "ArrayBuffer":
      return types.isArrayBuffer(value) ? { kind, input: new Uint8Array(value) } : undefined;
    case "SharedArrayBuffer":
      return types.isSharedArrayBuffer(value) ? { kind, input: new Uint8Array(value) } : undefined;
    case "DataView":
      return types.isDataView(value) ? { kind, input: bytesOf(value) } : undefined;
    default: {
      const typed = name === "Buffer" ? "Uint8Array" : name;
      if (typedArrayName(value) !== typed) return undefined;
      // An array whose memory was transferred away looks empty; viewing that memory throws.
      if ((value as TypedArray).length === 0) bytesOf(value as TypedArray);
      return { kind, input: value as TypedArray };
    }
  }
}

/** Whether arrays of this kind are restored with elements, which a part of them has too. */
export function isTypedKind(kind: number): boolean {
  const name = KINDS[kind];
  return name === "Buffer" || name?.endsWith("Array") === true;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Of a long string: one byte per character if they all are Latin-1, else two, surrogates as they are. */
export function draftOfString(text: string): DraftArray {
  if (/^[\0-\xff]*$/.test(text)) {
    return { kind: NUMBERS.get("latin1") as number, input: Buffer.from(text, "latin1") };
  }
  const { buffer, byteOffset } = Buffer.from(text, "utf16le");
  const units = new Uint16Array(buffer, byteOffset, text.length);
  return { kind: NUMBERS.get("utf16") as number, input: units };
}

/**
 * Plain bytes as what they were, in place where that can be.
 *
 * @returns `undefined` when this runtime lacks the class (Float16Array before Node 24)
 */
export function restore(kind: number, plain: ArrayBuffer): unknown {
  const TypedArray = TYPED_ARRAYS[kind];
  if (TypedArray !== undefined) return new TypedArray(plain);
  switch (KINDS[kind]) {
    case "Buffer":
      return Buffer.from(plain);
    case "ArrayBuffer":
      return plain;
    case "SharedArrayBuffer":
      return copyInto(new SharedArrayBuffer(plain.byteLength), plain);
    case "DataView":
      return new DataView(plain);
    case "latin1":
      return Buffer.from(plain).toString("latin1");
    case "utf16":
      return Buffer.from(plain).toString("utf16le");
    default:
      return undefined;
  }
}

/** A buffer, the beginning of which is filled. */
export function copyInto<B extends ArrayBufferLike>(buffer: B, plain: ArrayBuffer): B {
  new Uint8Array(buffer).set(new Uint8Array(plain));
  return buffer;
}
