/**
 * numpy's dtypes, as far as a JavaScript typed array holds them.
 *
 * The metadata field is a Python literal inside a JSON string, `"'<f8'"`; files from before
 * Bloscpack 0.7.2 have the bare string, `"<f8"`.
 */
import { BloscpackError } from "../errors.ts";

export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

interface TypedArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBuffer, byteOffset: number, length: number): TypedArray;
}

/** A numpy dtype and the typed array that holds its values. */
export interface Dtype {
  /** numpy's spelling, such as `"<f8"`, `"|u1"`, `"<M8[ns]"`. */
  readonly name: string;
  readonly itemsize: number;
  /** Typed-array elements per item: 2 for complex numbers (real, imaginary), else 1. */
  readonly components: number;
  readonly array: TypedArrayConstructor;
  /** Stored in big-endian order: the bytes are swapped on reading. */
  readonly swapped: boolean;
}

/** `Float16Array` where the runtime has it (Node 24); elsewhere halves are kept as their bits. */
const Float16: TypedArrayConstructor | undefined = (
  globalThis as { Float16Array?: TypedArrayConstructor }
).Float16Array;

const ARRAYS: { readonly [code: string]: TypedArrayConstructor } = {
  b1: Uint8Array,
  i1: Int8Array,
  u1: Uint8Array,
  i2: Int16Array,
  u2: Uint16Array,
  i4: Int32Array,
  u4: Uint32Array,
  i8: BigInt64Array,
  u8: BigUint64Array,
  f2: Float16 ?? Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  c8: Float32Array,
  c16: Float64Array,
  M8: BigInt64Array,
  m8: BigInt64Array,
};

/** dtype of a typed array by its class, which decides when the caller names none. */
const NAMES: { readonly [name: string]: string } = {
  Int8Array: "|i1",
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Int16Array: "<i2",
  Uint16Array: "<u2",
  Int32Array: "<i4",
  Uint32Array: "<u4",
  BigInt64Array: "<i8",
  BigUint64Array: "<u8",
  Float16Array: "<f2",
  Float32Array: "<f4",
  Float64Array: "<f8",
};

/**
 * The name of a value's typed-array class, by its internal slot: an array of another realm and a
 * subclass such as Buffer count, an imitation does not. `undefined` for anything else.
 */
export function typedArrayName(value: unknown): string | undefined {
  return typedArrayTag.call(value) as string | undefined;
}

const typedArrayTag = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as (this: unknown) => unknown;

/** numpy's name for the elements of a typed array. */
export function dtypeNameOf(array: TypedArray): string {
  const name = NAMES[typedArrayName(array) ?? ""];
  if (name === undefined) throw new TypeError(`Unknown typed array: ${String(array)}`);
  return name;
}

/** Reads numpy's spelling; `undefined` for a dtype that no typed array holds. */
export function parseDtype(name: string): Dtype | undefined {
  const match = /^([<>|])([biufcMm])(\d{1,2})(\[\d{0,9}[A-Za-zμ]{1,7}\])?$/.exec(name);
  if (match === null) return undefined;
  const [, endian, kind, size, unit] = match as unknown as [
    string,
    string,
    string,
    string,
    string?,
  ];
  const array = ARRAYS[kind + size];
  if (array === undefined) return undefined;
  if (unit !== undefined && kind !== "M" && kind !== "m") return undefined;
  const itemsize = Number(size);
  // One byte has no order, more than one needs it: "|f8" and "<u1" are not numpy's.
  if ((endian === "|") !== (itemsize === 1)) return undefined;
  return {
    name,
    itemsize,
    components: kind === "c" ? 2 : 1,
    array,
    swapped: endian === ">",
  };
}

/**
 * Reads the `dtype` field of a file's metadata.
 *
 * @throws {BloscpackError} NDARRAY_DTYPE
 */
export function decodeDtype(field: unknown): Dtype {
  if (typeof field === "string") {
    const literal = /^'([^'\\]*)'$/.exec(field);
    const dtype = parseDtype(literal === null ? field : (literal[1] as string));
    if (dtype !== undefined) return dtype;
  }
  const found = field === undefined ? "there is none" : `found ${JSON.stringify(field)}`;
  throw new BloscpackError("NDARRAY_DTYPE", `no typed array holds this dtype: ${found}`, {
    section: "ndarray",
    field: "dtype",
  });
}

/** The `dtype` field for a file's metadata: a Python literal. */
export function encodeDtype(name: string): string {
  return `'${name}'`;
}
