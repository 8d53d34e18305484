/**
 * What chunks of zarrita hold beside typed arrays: booleans and strings of fixed length. The chunks
 * themselves are plain objects, `{ data, shape, stride }`.
 */

import { isShape, isTypedArray } from "../format/ndarray.ts";
import { type Adapter, classNameOf, hasMethods, type Kind } from "./kind.ts";
import { countOf, isRowMajor, type Layout, rowMajor, rowMajorStrides } from "./strided.ts";

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
  // A subclass may have more to it than its bytes.
  owns: (value) =>
    TYPES.includes(classNameOf(value)) &&
    hasMethods(value, "get", "set", "fill") &&
    typeof (value as PackedArray).byteLength === "number",
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
    owns: zarritaKind.owns,
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

/** A chunk, or what looks like one. */
interface Chunk {
  readonly data: unknown;
  readonly shape: unknown;
  readonly stride: unknown;
}

/**
 * A chunk of numbers whose rows do not come first, as the chunk it would be if they did; `undefined`
 * for anything else. Only strides of a whole array without gaps count as such: an object with fields
 * of these names may be something else, whose `stride` means something else.
 */
export function rowMajorChunk({ data, shape, stride }: Chunk): Chunk | undefined {
  if (!isTypedArray(data) || !isShape(shape) || !isShape(stride)) return undefined;
  const layout = { shape, strides: stride, offset: 0 };
  if (shape.length !== stride.length || countOf(shape) !== data.length) return undefined;
  if (isRowMajor(layout) || !isPermuted(layout)) return undefined;
  return { data: rowMajor(data, layout), shape, stride: rowMajorStrides(shape) };
}

/** Whether the axes, from the widest stride to the narrowest, are those of a row-major array. */
function isPermuted({ shape, strides }: Layout): boolean {
  const axes = shape.map((_, axis) => axis).filter((axis) => shape[axis] !== 1);
  axes.sort((a, b) => (strides[b] as number) - (strides[a] as number));
  const pick = (list: readonly number[]) => axes.map((axis) => list[axis] as number);
  return isRowMajor({ shape: pick(shape), strides: pick(strides), offset: 0 });
}
