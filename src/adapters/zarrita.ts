/**
 * What chunks of zarrita hold beside typed arrays: booleans and strings of fixed length. The chunks
 * themselves are plain objects, `{ data, shape, stride }`.
 */

import { type Adapter, classNameOf, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";

interface PackedArray {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly byteLength: number;
  readonly BYTES_PER_ELEMENT: number;
  /** Per string; absent of booleans. */
  readonly chars?: number;
}

interface Parts {
  readonly type: "BoolArray" | "ByteStringArray" | "UnicodeStringArray";
  readonly chars: number;
  readonly bytes: Uint8Array;
}

const TYPES: readonly string[] = ["BoolArray", "ByteStringArray", "UnicodeStringArray"];

export const zarritaKind: Kind = {
  name: "zarrita",
  title: "an array of zarrita",
  adapter: "zarrita(zarr)",
  owns: (value) =>
    TYPES.includes(classNameOf(value)) &&
    hasMethods(value, "get", "set", "fill") &&
    typeof (value as PackedArray).byteLength === "number" &&
    lineOf(value).length === 1,
  fields: new Set(["_data", "chars"]),
  content: partsOf,
};

function partsOf(array: PackedArray): Parts {
  const { buffer, byteOffset, byteLength, chars = 1 } = array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  return { type: classNameOf(array) as Parts["type"], chars, bytes };
}

/** What is needed of zarrita. */
export interface Zarrita {
  readonly BoolArray: new (buffer: ArrayBuffer, byteOffset: number, length: number) => object;
  readonly ByteStringArray: StringArrayConstructor;
  readonly UnicodeStringArray: StringArrayConstructor;
}

type StringArrayConstructor = new (
  chars: number,
  buffer: ArrayBuffer,
  byteOffset: number,
  length: number,
) => object;

/**
 * Stores the boolean and string arrays of zarrita, in its chunks and elsewhere.
 *
 * @param zarr the module `zarrita`
 */
export function zarrita(zarr: Zarrita): Adapter {
  return {
    name: zarritaKind.name,
    owns: ownsOnly(zarritaKind, ([prototype]) =>
      [zarr.BoolArray, zarr.ByteStringArray, zarr.UnicodeStringArray].some(
        (Packed) => Packed.prototype === prototype,
      ),
    ),
    take: partsOf,
    restore: ({ type, chars, bytes }: Parts) => {
      const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>;
      if (type === "BoolArray") return new zarr.BoolArray(buffer, byteOffset, byteLength);
      const width = type === "UnicodeStringArray" ? 4 * chars : chars;
      const length = width === 0 ? 0 : byteLength / width;
      return new zarr[type](chars, buffer, byteOffset, length);
    },
  };
}
