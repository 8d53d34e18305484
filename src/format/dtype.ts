/**
 * numpy's dtypes of one value: numbers, moments, text and bytes. Structures are built of them, in
 * `struct-dtype.ts`.
 */
import { type DatetimeUnit, formatUnit, parseUnit } from "./datetime.ts";

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

/**
 * A numpy dtype and the typed array that holds its values. What no typed array holds (long doubles,
 * text, bytes, void and structures) is delivered as its stored bytes.
 */
export interface Dtype {
  /** numpy's spelling: `"<f8"`, `"|S3"`, `"<M8[ns]"`; of a structure `"[('a', '<i4'), ...]"`. */
  readonly name: string;
  /** Bytes. */
  readonly itemsize: number;
  readonly array: TypedArrayConstructor;
  /** Stored in big-endian order: the bytes are swapped on reading. */
  readonly swapped: boolean;
  /** Of a structure: its fields, in the order of their bytes. */
  readonly fields?: readonly StructField[];
}

export interface StructField {
  readonly name: string;
  /** A second name, for people. */
  readonly title: string | undefined;
  /** Of one element; a field with a shape has several. */
  readonly dtype: Dtype;
  /** `[]` but for subarrays. */
  readonly shape: readonly number[];
  /** Position within the item, bytes. */
  readonly offset: number;
  /** Bytes of the whole field. */
  readonly nbytes: number;
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
  // Long doubles: no typed array holds them.
  f16: Uint8Array,
  c32: Uint8Array,
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

/** Also one of another realm, as in a `vm` context or a test runner. */
export function isUint8Array(value: unknown): value is Uint8Array {
  return typedArrayName(value) === "Uint8Array";
}

/** numpy's name for the elements of a typed array. */
export function dtypeNameOf(array: TypedArray): string {
  const name = NAMES[typedArrayName(array) ?? ""];
  if (name === undefined) throw new TypeError(`Unknown typed array: ${String(array)}`);
  return name;
}

/** Kinds of any size, and the bytes of their unit: raw bytes, UCS-4 text, void. */
const SIZED: { readonly [kind: string]: number } = { S: 1, U: 4, V: 1 };

/** numpy's own limit on an item, bytes. */
export const MAX_ITEMSIZE: number = 2 ** 31 - 1;

/**
 * Reads numpy's spelling of a dtype that is no structure.
 *
 * @throws {SyntaxError} for any other
 */
export function parseSimpleDtype(name: string): Dtype {
  const [, endian, kind = "", size, brackets = ""] =
    /^([<>|])([biufcMmSUV])(\d{1,10})(\[.*\])?$/.exec(name) ?? [];
  const unit = unitOf(kind, brackets);
  const count = Number(size);
  const array = SIZED[kind] === undefined ? ARRAYS[kind + count] : Uint8Array;
  const itemsize = count * (SIZED[kind] ?? 1);
  const isKnown = array !== undefined && unit !== undefined && itemsize <= MAX_ITEMSIZE;
  // One byte has no order, more than one needs it: "|f8" and "<u1" are not numpy's.
  const hasOrder = kind === "U" || (SIZED[kind] === undefined && itemsize > 1);
  if (!isKnown || (endian !== "|") !== hasOrder) throw unknownDtype(name);
  return {
    name: `${endian}${kind}${count}${formatUnit(unit)}`,
    itemsize,
    array,
    swapped: endian === ">" && array !== Uint8Array,
  };
}

const NO_UNIT: DatetimeUnit = { unit: "generic", count: 1 };

function unitOf(kind: string, brackets: string): DatetimeUnit | undefined {
  if (kind === "M" || kind === "m") return parseUnit(brackets);
  return brackets === "" ? NO_UNIT : undefined;
}

function unknownDtype(name: string): SyntaxError {
  const found = JSON.stringify(name.slice(0, 40));
  if (name.endsWith("O")) return new SyntaxError(`${found}: Python objects are not data`);
  return new SyntaxError(`${found} is none of numpy's, byte order included`);
}
