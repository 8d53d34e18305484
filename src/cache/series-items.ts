/** What the items of a series are: numpy's dtype, the shape of one item, and arrays of several. */
import { parseSimpleDtype, type TypedArray, typedArrayName } from "../format/dtype.ts";
import { isShape } from "../format/ndarray.ts";

/** The typed array that holds values of each dtype. */
export interface SeriesArrays {
  "|b1": Uint8Array;
  "|i1": Int8Array;
  "|u1": Uint8Array;
  "<i2": Int16Array;
  "<u2": Uint16Array;
  "<i4": Int32Array;
  "<u4": Uint32Array;
  "<i8": BigInt64Array;
  "<u8": BigUint64Array;
  "<f4": Float32Array;
  "<f8": Float64Array;
  "<c8": Float32Array;
  "<c16": Float64Array;
}

export type SeriesDtype = keyof SeriesArrays;

const DTYPES: { readonly [dtype in SeriesDtype]: true } = {
  "|b1": true,
  "|i1": true,
  "|u1": true,
  "<i2": true,
  "<u2": true,
  "<i4": true,
  "<u4": true,
  "<i8": true,
  "<u8": true,
  "<f4": true,
  "<f8": true,
  "<c8": true,
  "<c16": true,
};

/** A series' file is cut into chunks of whole items, and C-Blosc's are below this, bytes. */
const MAX_ITEM_BYTES = 2 ** 30;

export class SeriesItems {
  readonly dtype: SeriesDtype;
  readonly shape: readonly number[];
  /** Bytes of an item. */
  readonly nbytes: number;
  /** Elements of a typed array that an item takes. */
  readonly elements: number;
  readonly #array: ReturnType<typeof parseSimpleDtype>["array"];

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(dtype: unknown, shape: unknown = []) {
    if (typeof dtype !== "string" || !Object.hasOwn(DTYPES, dtype)) {
      const known = Object.keys(DTYPES).join(", ");
      throw new TypeError(`Option dtype must be one of ${known}: got ${String(dtype)}`);
    }
    if (!isShape(shape) || shape.includes(0)) {
      throw new TypeError(
        `Option itemShape must be an array of whole numbers, each at least 1: got ${JSON.stringify(shape)}`,
      );
    }
    const { itemsize, array } = parseSimpleDtype(dtype);
    this.dtype = dtype as SeriesDtype;
    this.shape = [...shape];
    this.nbytes = shape.reduce((product, n) => product * n, itemsize);
    this.elements = this.nbytes / array.BYTES_PER_ELEMENT;
    this.#array = array;
    if (this.nbytes > MAX_ITEM_BYTES) {
      throw new RangeError(
        `Option itemShape makes items of ${this.nbytes} bytes: at most ${MAX_ITEM_BYTES} can be stored`,
      );
    }
  }

  /** Plain bytes as what they are, in place. */
  view(plain: ArrayBuffer): TypedArray {
    return new this.#array(plain, 0, plain.byteLength / this.#array.BYTES_PER_ELEMENT);
  }

  /** An array for so many items. @throws {RangeError} when there is no such memory */
  allocate(count: number): TypedArray {
    return this.view(new ArrayBuffer(count * this.nbytes));
  }

  /** How many items an array holds. @throws {TypeError | RangeError} for one that holds none of these */
  count(data: unknown, id: string): number {
    const found = typedArrayName(data);
    if (found !== this.#array.name) {
      const what = found ?? (data === null ? "null" : typeof data);
      throw new TypeError(
        `Items of "${id}" are given as ${this.#array.name}, or { data, state } with one: got ${what}`,
      );
    }
    const { length } = data as TypedArray;
    if (length % this.elements === 0) return length / this.elements;
    throw new RangeError(
      `Items of "${id}" take ${this.elements} elements each: ${length} are no whole number of items`,
    );
  }
}
