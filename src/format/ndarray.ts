/**
 * numpy arrays in Bloscpack: the bytes in memory order, and four metadata fields
 * `{"dtype": "'<f8'", "shape": [2, 3], "order": "C", "container": "numpy"}`.
 */
import { BloscpackError } from "../errors.ts";
import {
  type Dtype,
  dtypeNameOf,
  parseSimpleDtype,
  type TypedArray,
  typedArrayName,
} from "./dtype.ts";
import type { Metadata } from "./metadata.ts";
import { decodeDtype, encodeDtype, parseDtype } from "./struct-dtype.ts";

/** Memory order: `C` rows first, `F` columns first. */
export type Order = "C" | "F";

/**
 * An array with its shape, as it is read. It is plain data, so that it can be written again, cloned,
 * and posted to a worker; what its dtype has beyond numbers is read by functions: `strings`,
 * `fields` and `column`, `datetimeUnit`, `halfToFloat32`.
 */
export interface Ndarray<Data extends TypedArray = TypedArray> {
  /**
   * The elements, in memory order; two per item for complex dtypes. The stored bytes where no typed
   * array holds the dtype.
   */
  readonly data: Data;
  /** numpy's name of what `data` holds, such as `"<f8"`; of a structure `"[('a', '<i4'), ...]"`. */
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
      /**
       * For values that their typed array does not tell: `"|b1"`, `"<f2"`, `"<M8[ns]"`, `"<c16"`.
       * With the items' bytes in a Uint8Array every dtype can be written: `">f8"`, `"|S3"`, `"<U8"`,
       * `"[('a', '<i4'), ('b', '<f8', (2, 3))]"`.
       */
      readonly dtype?: string;
    };

/** An array ready to be written. */
export interface PlainArray {
  /** A view of the caller's memory, not a copy. */
  readonly bytes: Uint8Array;
  readonly itemsize: number;
  /** Bytes that the shuffle groups by, 1 to 255. */
  readonly typesize: number;
  readonly metadata: { readonly [key: string]: Metadata };
}

/**
 * Checks an array that is to be written and describes it; copies nothing.
 *
 * @throws {TypeError} when it is no array, or its typed array is not the one that holds its dtype
 * @throws {RangeError} when its shape and its number of elements disagree
 */
export function describeArray(input: ArrayInput): PlainArray {
  const { bytes, dtype, shape, order } = checkArray(input);
  return {
    bytes,
    itemsize: dtype.itemsize,
    typesize: typesizeOf(dtype),
    metadata: {
      dtype: encodeDtype(dtype),
      shape: [...shape],
      order: hasOrder(shape) ? order : "C",
      container: "numpy",
    },
  };
}

/** A caller's array, checked. */
export interface CheckedArray extends ArrayHeader {
  readonly data: TypedArray;
  /** A view of the same memory. */
  readonly bytes: Uint8Array;
}

/** Checks a caller's array, as {@link describeArray} does. */
export function checkArray(input: ArrayInput): CheckedArray {
  const { data, shape, order, dtype } = normalise(input);
  if (order !== "C" && order !== "F") {
    throw new TypeError(`Field order must be "C" or "F": got ${String(order)}`);
  }
  if (!isShape(shape)) {
    throw new TypeError("Field shape must be an array of whole numbers, each at least 0");
  }
  const nbytes = shape.reduce((product, length) => product * length, dtype.itemsize);
  if (nbytes !== data.byteLength) {
    throw new RangeError(
      `Shape [${shape.join(", ")}] of "${dtype.name}" takes ${nbytes} bytes, data has ${data.byteLength}`,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { data, bytes, dtype, shape, order };
}

function normalise(input: ArrayInput): {
  data: TypedArray;
  shape: readonly number[];
  order: Order;
  dtype: Dtype;
} {
  if (isTypedArray(input)) {
    const dtype = parseSimpleDtype(dtypeNameOf(input));
    return { data: input, shape: [input.length], order: "C", dtype };
  }
  const data: unknown = input?.data;
  if (!isTypedArray(data)) {
    throw new TypeError("An array must be a typed array, or an object with data (one) and shape");
  }
  const { shape, order = "C", dtype = dtypeNameOf(data) } = input;
  return { data, shape, order, dtype: dtypeOf(dtype, data) };
}

export function isTypedArray(value: unknown): value is TypedArray {
  return typedArrayName(value) !== undefined;
}

/** Whether `value` is the shape of an array: whole numbers, none negative. */
export function isShape(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** Whether memory order makes a difference; numpy calls an array C-ordered where it makes none. */
export function hasOrder(shape: readonly number[]): boolean {
  return shape.filter((length) => length !== 1).length > 1 && !shape.includes(0);
}

/** Reads a caller's dtype. Any may come in bytes; else it must be the one that `data` holds. */
function dtypeOf(text: unknown, data: TypedArray): Dtype {
  const dtype = readDtype(text);
  const found = typedArrayName(data) as string;
  const holders = ["Uint8Array", "Uint8ClampedArray", dtype.array.name];
  if (/f2$/.test(dtype.name)) holders.push("Uint16Array");
  if (found === "Uint8Array" || (holders.includes(found) && !dtype.swapped)) return dtype;
  const holder = dtype.swapped ? "" : `a ${dtype.array.name}, or `;
  throw new TypeError(
    `Field dtype "${dtype.name}" goes with ${holder}its bytes in a Uint8Array: data is a ${found}`,
  );
}

function readDtype(text: unknown): Dtype {
  if (typeof text !== "string") throw new TypeError("Field dtype must be numpy's spelling of one");
  try {
    return parseDtype(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new TypeError(`Field dtype is none that can be stored: ${cause.message}`, { cause });
  }
}

/** C-Blosc's limit. The reference writes no larger items, but reads chunks of any typesize. */
const MAX_TYPESIZE = 255;

/** The itemsize, as the reference has it; long text is shuffled by character, other items not. */
function typesizeOf({ name, itemsize, fields }: Dtype): number {
  if (itemsize <= MAX_TYPESIZE) return itemsize;
  return fields === undefined && name[1] === "U" ? 4 : 1;
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

/** How an array is read. */
export interface UnpackNdarrayOptions<Raw extends boolean = boolean> {
  /** Deliver the bytes as they are stored, in a Uint8Array, whatever the dtype; default `false`. */
  readonly raw?: Raw;
}

/** What an array's data is read as. */
export type UnpackedData<Raw extends boolean> = [Raw] extends [true] ? Uint8Array : TypedArray;

/** Views plain bytes as the array they are; big-endian bytes are swapped in place. */
export function viewArray<Raw extends boolean = false>(
  { dtype, shape, order }: ArrayHeader,
  plain: ArrayBuffer,
  options: UnpackNdarrayOptions<Raw> = {},
): Ndarray<UnpackedData<Raw>> {
  const { array, swapped, name } = dtype;
  type Data = UnpackedData<Raw>;
  if (options.raw === true) {
    return { data: new Uint8Array(plain) as Data, dtype: name, shape, order };
  }
  if (swapped) swapBytes(Buffer.from(plain), array.BYTES_PER_ELEMENT);
  const data = new array(plain, 0, plain.byteLength / array.BYTES_PER_ELEMENT) as Data;
  return { data, dtype: swapped ? name.replace(">", "<") : name, shape, order };
}

function swapBytes(bytes: Buffer, width: number): void {
  if (width === 2) bytes.swap16();
  else if (width === 4) bytes.swap32();
  else bytes.swap64();
}
