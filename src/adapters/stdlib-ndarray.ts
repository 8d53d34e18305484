/** `ndarray` of `@stdlib/ndarray`, complex and boolean ones too. */

import { isTypedArray } from "../format/ndarray.ts";
import { type Adapter, classNameOf, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";
import { type Elements, type Layout, rowMajor, rowMajorStrides } from "./strided.ts";

interface StdlibNdarray {
  /** A name, or in later versions an object whose text it is. */
  readonly dtype: unknown;
  readonly data: Elements | PackedArray;
  readonly shape: ArrayLike<number>;
  readonly strides: ArrayLike<number>;
  readonly offset: number;
  readonly order: string;
  readonly ndims: number;
}

/** An array of `@stdlib` that no typed array is: its items lie in a buffer. */
interface PackedArray {
  readonly buffer: ArrayBuffer;
  readonly byteOffset: number;
  readonly byteLength: number;
}

type PackedConstructor = new (buffer: ArrayBuffer, byteOffset: number, length: number) => object;

/** The arrays of `@stdlib` that hold what no typed array does. */
export interface StdlibArrays {
  readonly Complex64Array?: PackedConstructor;
  readonly Complex128Array?: PackedConstructor;
  readonly BooleanArray?: PackedConstructor;
}

/** What such items are made of, and how many elements each. */
const PACKED = {
  complex64: { name: "Complex64Array", TypedArray: Float32Array, width: 2 },
  complex128: { name: "Complex128Array", TypedArray: Float64Array, width: 2 },
  bool: { name: "BooleanArray", TypedArray: Uint8Array, width: 1 },
} as const;

function packingOf(dtype: string): (typeof PACKED)[keyof typeof PACKED] | undefined {
  return Object.hasOwn(PACKED, dtype) ? PACKED[dtype as keyof typeof PACKED] : undefined;
}

export const stdlibKind: Kind = {
  name: "@stdlib/ndarray",
  title: "an ndarray of @stdlib",
  adapter: "stdlibNdarray(ndarray)",
  owns: (value) =>
    hasMethods(value, "get", "set", "iget", "iset") &&
    typeof (value as StdlibNdarray).ndims === "number" &&
    typeof (value as StdlibNdarray).order === "string" &&
    "strides" in value &&
    "data" in value &&
    isLine(lineOf(value)),
  fields: new Set([
    ...["_byteLength", "_bytesPerElement", "_buffer", "_dtype", "_length", "_ndims", "_offset"],
    ...["_order", "_shape", "_strides", "_accessors", "_iterationOrder", "_flags"],
    ...["_mode", "_submode", "__meta_dataview__"],
  ]),
  // The order of the memory does not count: a transposed view has another than its copy.
  content: (array: StdlibNdarray) => {
    const { shape, strides, offset } = layoutOf(array);
    const { data, width } = elementsOf(array);
    return {
      dtype: String(array.dtype),
      shape,
      data: rowMajor(data, { shape, strides, offset }, width),
    };
  },
};

/** The constructor of `ndarray/ctor` extends that of `ndarray/base/ctor`; both are called so. */
function isLine(line: readonly object[]): boolean {
  return line.length <= 2 && line.every((one) => one.constructor.name === "ndarray");
}

function layoutOf({ shape, strides, offset, ndims }: StdlibNdarray): Layout {
  // One without dimensions has a stride all the same.
  return { shape: Array.from(shape), strides: Array.from(strides).slice(0, ndims), offset };
}

function elementsOf({ data, dtype }: StdlibNdarray): { data: Elements; width: number } {
  if (Array.isArray(data) || isTypedArray(data)) return { data, width: 1 };
  const packing = packingOf(String(dtype));
  if (packing === undefined || !("byteLength" in data)) {
    throw new TypeError(`its data is of class ${classNameOf(data)}, which is not known`);
  }
  const { TypedArray, width } = packing;
  const { buffer, byteOffset, byteLength } = data;
  const length = byteLength / TypedArray.BYTES_PER_ELEMENT;
  return { data: new TypedArray(buffer, byteOffset, length), width };
}

/** What an array is stored as. */
interface Parts {
  readonly dtype: string;
  readonly data: Elements;
  readonly shape: number[];
  readonly order: "C" | "F";
  /** That `data` is in an array of `@stdlib`'s own. */
  readonly packed: boolean;
}

function take(array: StdlibNdarray, arrays: StdlibArrays): Parts {
  const { shape, strides, offset } = layoutOf(array);
  const { data, width } = elementsOf(array);
  const dtype = String(array.dtype);
  const packed = data !== array.data;
  const name = packingOf(dtype)?.name;
  if (packed && name !== undefined && arrays[name] === undefined) {
    throw new TypeError(`its dtype is ${dtype}: give stdlibNdarray(ndarray, { ${name} })`);
  }
  const isColumnMajor = array.order === "column-major";
  // Columns first is rows first of the axes turned round.
  const turned = { shape: shape.toReversed(), strides: strides.toReversed(), offset };
  const elements = rowMajor(data, isColumnMajor ? turned : { shape, strides, offset }, width);
  return { dtype, data: elements, shape: [...shape], order: isColumnMajor ? "F" : "C", packed };
}

/**
 * Stores `ndarray`s of `@stdlib` as their elements: a view comes back as an array of its own,
 * without gaps, of the same dtype, shape and order.
 *
 * @param ndarray the constructor, of `@stdlib/ndarray/ctor` or `@stdlib/ndarray/base/ctor`
 * @param arrays for complex and boolean arrays, the constructors of their data
 */
export function stdlibNdarray(
  ndarray: new (
    dtype: never,
    buffer: never,
    shape: number[],
    strides: number[],
    offset: number,
    order: never,
  ) => object,
  arrays: StdlibArrays = {},
): Adapter {
  const Ndarray = ndarray as unknown as new (...args: unknown[]) => object;
  return {
    name: stdlibKind.name,
    owns: ownsOnly(stdlibKind, ([prototype]) => prototype === ndarray.prototype),
    take: (array: StdlibNdarray) => take(array, arrays),
    restore: ({ dtype, data, shape, order, packed }: Parts) => {
      const buffer = packed ? pack(data, dtype, arrays) : data;
      const isColumnMajor = order === "F";
      const strides = isColumnMajor
        ? rowMajorStrides(shape.toReversed()).reverse()
        : rowMajorStrides(shape);
      const orderName = isColumnMajor ? "column-major" : "row-major";
      const own = strides.length === 0 ? [0] : strides;
      return new Ndarray(dtype, buffer, shape, own, 0, orderName);
    },
  };
}

function pack(data: Elements, dtype: string, arrays: StdlibArrays): object {
  const packing = packingOf(dtype);
  const Packed = packing && arrays[packing.name];
  if (packing === undefined || Packed === undefined) throw new TypeError(`no array for ${dtype}`);
  const { buffer, byteOffset } = data as Float64Array<ArrayBuffer>;
  return new Packed(buffer, byteOffset, data.length / packing.width);
}
