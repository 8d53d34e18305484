/**
 * numpy arrays in Bloscpack: the bytes in memory order, and four metadata fields
 * `{"dtype": "'<f8'", "shape": [2, 3], "order": "C", "container": "numpy"}`.
 */
import { BloscpackError } from "../errors.ts";
import {
  type Dtype,
  decodeDtype,
  dtypeNameOf,
  encodeDtype,
  parseDtype,
  type TypedArray,
  typedArrayName,
} from "./dtype.ts";
import type { Metadata } from "./metadata.ts";

/** Memory order: `C` rows first, `F` columns first. */
export type Order = "C" | "F";

/** An array with its shape, as it is read. */
export interface Ndarray {
  /** The elements, in memory order; two per item for complex dtypes. */
  readonly data: TypedArray;
  /** numpy's name, such as `"<f8"`; native byte order. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
}

/** What can be written: a typed array (one dimension), or one with its shape. */
export type ArrayInput =
  | TypedArray
  | {
      readonly data: TypedArray;
      readonly shape: readonly number[];
      /** Memory order of `data`; default `"C"`. */
      readonly order?: Order;
      /** For values that their typed array does not tell: `"|b1"`, `"<f2"`, `"<M8[ns]"`, `"<c16"`. */
      readonly dtype?: string;
    };

/** An array ready to be written. */
export interface PlainArray {
  /** A view of the caller's memory, not a copy. */
  readonly bytes: Uint8Array;
  readonly itemsize: number;
  readonly metadata: { readonly [key: string]: Metadata };
}

/**
 * Checks an array that is to be written and describes it; copies nothing.
 *
 * @throws {TypeError} when it is no array, or has a dtype that no typed array holds
 * @throws {RangeError} when its shape and its number of elements disagree
 */
export function describeArray(input: ArrayInput): PlainArray {
  const { data, shape, order, dtype } = normalise(input);
  if (order !== "C" && order !== "F") {
    throw new TypeError(`Field order must be "C" or "F": got ${String(order)}`);
  }
  if (!isShape(shape)) {
    throw new TypeError("Field shape must be an array of whole numbers, each at least 0");
  }
  const { itemsize } = dtype;
  const items = shape.reduce((product, length) => product * length, 1);
  if (items * itemsize !== data.byteLength) {
    throw new RangeError(
      `Shape [${shape.join(", ")}] of "${dtype.name}" takes ${items * itemsize} bytes, data has ${data.byteLength}`,
    );
  }
  return {
    bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    itemsize,
    // numpy calls an array with fewer than two long dimensions C-ordered.
    metadata: {
      dtype: encodeDtype(dtype.name),
      shape: [...shape],
      order: shape.filter((length) => length !== 1).length < 2 || items === 0 ? "C" : order,
      container: "numpy",
    },
  };
}

function normalise(input: ArrayInput): {
  data: TypedArray;
  shape: readonly number[];
  order: Order;
  dtype: Dtype;
} {
  if (isTypedArray(input)) {
    return { data: input, shape: [input.length], order: "C", dtype: writable(dtypeNameOf(input)) };
  }
  const data: unknown = input?.data;
  if (!isTypedArray(data)) {
    throw new TypeError("An array must be a typed array, or an object with data (one) and shape");
  }
  const { shape, order = "C", dtype = dtypeNameOf(data) } = input;
  return { data, shape, order, dtype: writable(dtype) };
}

export function isTypedArray(value: unknown): value is TypedArray {
  return typedArrayName(value) !== undefined;
}

/** Whether `value` is the shape of an array: whole numbers, none negative. */
export function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

function writable(name: string): Dtype {
  const dtype = parseDtype(name);
  if (dtype === undefined || dtype.swapped) {
    throw new TypeError(
      `Field dtype must be one that a typed array holds, little-endian: got "${name}"`,
    );
  }
  return dtype;
}

/** What a file's metadata says of its array. */
export interface ArrayHeader {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly order: Order;
}

/**
 * Reads the array fields of a file's metadata.
 *
 * @param metadata `undefined` when the file has none
 * @throws {BloscpackError} NOT_NDARRAY, NDARRAY_DTYPE, NDARRAY_SHAPE, NDARRAY_ORDER
 */
export function decodeArrayHeader(metadata: Metadata | undefined): ArrayHeader {
  const fields = metadata as { readonly [key: string]: unknown } | null | undefined;
  if (typeof fields !== "object" || fields === null || fields["container"] !== "numpy") {
    throw arrayFault("NOT_NDARRAY", "container", 'the metadata has no "container": "numpy"');
  }
  const { shape, order } = fields;
  const dtype = decodeDtype(fields["dtype"]);
  if (!isShape(shape)) {
    throw arrayFault("NDARRAY_SHAPE", "shape", `found ${JSON.stringify(shape)}`);
  }
  if (order !== "C" && order !== "F") {
    throw arrayFault("NDARRAY_ORDER", "order", `found ${JSON.stringify(order)}`);
  }
  return { dtype, shape, order };
}

/** Checks an array's shape against the plain bytes of its file. @throws {BloscpackError} NDARRAY_SIZE */
export function checkArraySize({ dtype, shape }: ArrayHeader, nbytes: number): void {
  const declared = shape.reduce((product, length) => product * length, dtype.itemsize);
  if (declared === nbytes) return;
  throw arrayFault(
    "NDARRAY_SIZE",
    "shape",
    `[${shape.join(", ")}] of "${dtype.name}" takes ${declared} bytes, the chunks hold ${nbytes}`,
  );
}

function arrayFault(
  code: "NOT_NDARRAY" | "NDARRAY_SHAPE" | "NDARRAY_ORDER" | "NDARRAY_SIZE",
  field: string,
  reason: string,
): BloscpackError {
  return new BloscpackError(code, reason, { section: "ndarray", field });
}

/** Views plain bytes as the array they are; big-endian bytes are swapped in place. */
export function viewArray({ dtype, shape, order }: ArrayHeader, plain: ArrayBuffer): Ndarray {
  const { array, itemsize, components } = dtype;
  if (dtype.swapped) swapBytes(Buffer.from(plain), itemsize / components);
  const data = new array(plain, 0, plain.byteLength / array.BYTES_PER_ELEMENT);
  return { data, dtype: dtype.name.replace(">", "<"), shape, order };
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else bytes.swap64();
}
