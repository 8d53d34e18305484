/** The fields of structured arrays, and their values. */
import type { StructField } from "./dtype.ts";
import { gather } from "./gather.ts";
import { type CheckedArray, checkArray, hasOrder, type Ndarray, viewArray } from "./ndarray.ts";
import { fortranStrides } from "./order.ts";

/** A field of a structured dtype. */
export interface Field {
  readonly name: string;
  /** A second name, where it has one. */
  readonly title?: string;
  /** numpy's name of its dtype, as stored: it may be big-endian, and a structure itself. */
  readonly dtype: string;
  /** `[]`, or the shape of the subarray that every item has here. */
  readonly shape: readonly number[];
  /** Position within an item, bytes. */
  readonly offset: number;
}

/**
 * The fields of a structured array, in the order of their bytes; padding is none of them.
 *
 * @throws {TypeError} when its dtype is no structure
 */
export function fields(array: Ndarray): readonly Field[] {
  return fieldsOf(checkArray(array)).map(({ name, title, dtype, shape, offset }) => ({
    name,
    ...(title === undefined ? {} : { title }),
    dtype: dtype.name,
    shape,
    offset,
  }));
}

/**
 * One field of all items, copied: an array of the same shape, followed by the field's own. Its
 * bytes are in native order; a field that is a structure has columns again.
 *
 * @param name the field's name or title
 * @throws {TypeError} when the array's dtype is no structure
 * @throws {RangeError} when it has no such field
 */
export function column(array: Ndarray, name: string): Ndarray {
  const checked = checkArray(array);
  const all = fieldsOf(checked);
  const field = all.find((one) => one.name === name) ?? all.find((one) => one.title === name);
  if (field === undefined) {
    const known = all.map((one) => one.name).join(", ");
    throw new RangeError(`The array has no field "${name}": it has ${known}`);
  }
  const { bytes, dtype, shape, order } = checked;
  const { offset, nbytes: width } = field;
  const header = { dtype: field.dtype, shape: [...shape, ...field.shape] };
  if (field.shape.length > 0 && order === "F" && hasOrder(shape)) {
    // Items in order F with subarrays in order C would be in neither.
    const strides = fortranStrides(shape, dtype.itemsize);
    const plain = gather(bytes, { offset, width, shape, strides });
    return viewArray({ ...header, order: "C" }, plain);
  }
  const count = bytes.byteLength / dtype.itemsize;
  const plain = gather(bytes, { offset, width, shape: [count], strides: [dtype.itemsize] });
  return viewArray({ ...header, order: field.shape.length > 0 ? "C" : order }, plain);
}

function fieldsOf({ dtype }: CheckedArray): readonly StructField[] {
  if (dtype.fields !== undefined) return dtype.fields;
  throw new TypeError(`Only structured arrays have fields: the dtype is ${dtype.name}`);
}
