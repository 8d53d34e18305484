/** The arrays of the exchange with Python, as JavaScript makes them and as numpy describes them. */
import type { Order, TypedArray } from "../../src/format.ts";
import { itemsizes, longItemsizes } from "./cases.ts";
import { type Description, sha256 } from "./reference.ts";

/** What of a case makes its array. */
interface ArrayOfCase {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
}

const arrays: { readonly [dtype: string]: new (buffer: ArrayBuffer) => TypedArray } = {
  "|i1": Int8Array,
  "|u1": Uint8Array,
  "|b1": Uint8Array,
  "<i2": Int16Array,
  "<u2": Uint16Array,
  "<f2": Uint16Array,
  "<i4": Int32Array,
  "<u4": Uint32Array,
  "<i8": BigInt64Array,
  "<u8": BigUint64Array,
  "<f4": Float32Array,
  "<f8": Float64Array,
  "<c8": Float32Array,
  "<c16": Float64Array,
  "<M8[ns]": BigInt64Array,
  "<M8": BigInt64Array,
  "<m8[25s]": BigInt64Array,
};

export function itemsizeOf(dtype: string): number {
  return itemsizes[dtype] ?? longItemsizes[dtype] ?? Number(/\d+/.exec(dtype)?.[0]);
}

/** The same values as reference.py makes. */
function values(dtype: string, shape: readonly number[]): TypedArray {
  const itemsize = itemsizeOf(dtype);
  const bytes = new Uint8Array(shape.reduce((product, n) => product * n, itemsize));
  const mask = dtype === "|b1" ? 1 : 255;
  for (let i = 0; i < bytes.length; i++) bytes[i] = (Math.floor((i * 37) / 3) % 251) & mask;
  return new (arrays[dtype] ?? Uint8Array)(bytes.buffer);
}

export function arrayOf({ dtype, shape, order }: ArrayOfCase) {
  return { data: values(dtype, shape), dtype, shape, order };
}

/** What numpy says of the array that it reads. */
export function describeCase({ dtype, shape, order }: ArrayOfCase): Description {
  const long = shape.filter((length) => length > 1).length;
  const isFortran = order === "F" && long > 1 && !shape.includes(0);
  return {
    // numpy takes padding for a field when it reads, and names it.
    dtype: dtype.replace("('', ", "('f1', "),
    shape,
    order: isFortran ? "F" : "C",
    sha256: sha256(values(dtype, shape)),
  };
}
