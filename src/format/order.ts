/** Memory order: which axis of an array runs fastest in its bytes. */
import { type TypedArray, typedArrayName } from "./dtype.ts";
import { gather } from "./gather.ts";
import { type CheckedArray, checkArray, hasOrder, type Ndarray, type Order } from "./ndarray.ts";

/** How far apart items are along each axis of an array in order F, bytes. */
export function fortranStrides(shape: readonly number[], itemsize: number): number[] {
  let stride = itemsize;
  return shape.map((length) => {
    const own = stride;
    stride *= length;
    return own;
  });
}

/**
 * The same array in another memory order: a copy, or the array itself when it is in that order
 * already. One with fewer than two long axes is in both, and stays as it is.
 *
 * @throws {TypeError | RangeError} when it is no array, or `order` is neither `"C"` nor `"F"`
 */
export function toOrder<Data extends TypedArray>(
  array: Ndarray<Data>,
  order: Order,
): Ndarray<Data> {
  if (order !== "C" && order !== "F") {
    throw new TypeError(`Argument order must be "C" or "F": got ${String(order)}`);
  }
  const checked = checkArray(array);
  if (checked.order === order || !hasOrder(checked.shape)) return array;
  const plain = orderedBytes(checked, order);
  return { ...array, data: viewAs(array.data, plain), order };
}

/** The bytes of an array in the other order. REQUIRES: it is not in `order`. */
function orderedBytes({ bytes, dtype, shape }: CheckedArray, order: Order): ArrayBuffer {
  // In memory, C order over an array's axes is F order over the same axes backwards.
  const axes = order === "C" ? shape : shape.toReversed();
  const { itemsize } = dtype;
  const strides = fortranStrides(axes, itemsize);
  return gather(bytes, { offset: 0, width: itemsize, shape: axes, strides });
}

function viewAs<Data extends TypedArray>(sample: Data, plain: ArrayBuffer): Data {
  const name = typedArrayName(sample) as string;
  const classes = globalThis as unknown as {
    readonly [name: string]: new (buffer: ArrayBuffer) => Data;
  };
  return new (classes[name] as new (buffer: ArrayBuffer) => Data)(plain);
}
