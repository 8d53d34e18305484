/** Elements of strided arrays, in row-major order. */

import { type TypedArray, typedArrayName } from "../format/dtype.ts";
import { isShape, isTypedArray } from "../format/ndarray.ts";

/** Where the elements of an array lie in its data; strides and offset in items. */
export interface Layout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** What holds elements: by index, and of a length. */
export type Elements = TypedArray | unknown[];

/**
 * The elements in row-major order: a view of the data where they lie so, else a copy.
 *
 * @param width elements per item: two for complex numbers
 * @throws {TypeError | RangeError} for a layout that leads out of the data, or is none
 */
export function rowMajor<T extends Elements>(data: T, layout: Layout, width = 1): T {
  checkLayout(layout, data.length / width);
  const { shape, offset } = layout;
  const count = countOf(shape);
  if (isRowMajor(layout)) return part(data, offset * width, count * width);
  const made = emptyLike(data, count * width);
  const [length, stride] = [shape.at(-1) as number, layout.strides.at(-1) as number];
  let to = 0;
  eachRow(layout, (first) => {
    for (let i = 0; i < length; i++) {
      const from = (first + i * stride) * width;
      for (let k = 0; k < width; k++) made[to++] = data[from + k];
    }
  });
  return made as T;
}

/** The same of a store that is read by a method. */
export function rowMajorList(get: (index: number) => unknown, layout: Layout): unknown[] {
  const { shape, strides, offset } = layout;
  checkLayout(layout, Infinity);
  if (countOf(shape) === 0) return [];
  if (shape.length === 0) return [get(offset)];
  const list: unknown[] = [];
  eachRow(layout, (first) => {
    for (let i = 0; i < (shape.at(-1) as number); i++) {
      list.push(get(first + i * (strides.at(-1) as number)));
    }
  });
  return list;
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Strides of an array without gaps whose last axis is the next in memory. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape
    .toReversed()
    .map((length) => {
      const own = stride;
      stride *= length;
      return own;
    })
    .reverse();
}

/** Axes of length one have a stride that nothing is read by. */
export function isRowMajor({ shape, strides }: Layout): boolean {
  if (countOf(shape) === 0) return true;
  const expected = rowMajorStrides(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === expected[axis]);
}

function checkLayout({ shape, strides, offset }: Layout, items: number): void {
  if (!isShape(shape) || strides.length !== shape.length) {
    throw new TypeError("it has no shape of whole numbers, with a stride for each");
  }
  const spans = shape.map((length, axis) => (length - 1) * (strides[axis] as number));
  const ends = [Math.min, Math.max].map((end) =>
    spans.reduce((sum, span) => sum + end(0, span), offset),
  ) as [number, number];
  // A shape that has no elements leads nowhere.
  if (countOf(shape) > 0 && !(ends[0] >= 0 && ends[1] < items && ends.every(Number.isInteger))) {
    throw new RangeError("its strides lead out of its data");
  }
}

function part<T extends Elements>(data: T, from: number, length: number): T {
  // The very array, so that who holds it in two places holds one array.
  if (from === 0 && length === data.length) return data;
  const end = from + length;
  return (isTypedArray(data) ? data.subarray(from, end) : data.slice(from, end)) as T;
}

function emptyLike(data: Elements, length: number): unknown[] {
  const name = typedArrayName(data);
  if (name === undefined) return new Array(length);
  if (Buffer.isBuffer(data)) return Buffer.alloc(length) as unknown as unknown[];
  const classes = globalThis as unknown as { [name: string]: new (length: number) => unknown[] };
  return new (classes[name] as (typeof classes)[string])(length);
}

/** Calls back with the position of each row's first item. */
function eachRow({ shape, strides, offset }: Layout, row: (first: number) => void): void {
  const index = new Array<number>(shape.length).fill(0);
  let first = offset;
  for (let axis = 0; axis >= 0; ) {
    row(first);
    for (axis = shape.length - 2; axis >= 0; axis--) {
      const [length, stride] = [shape[axis] as number, strides[axis] as number];
      first += stride;
      index[axis] = (index[axis] as number) + 1;
      if ((index[axis] as number) < length) break;
      first -= stride * length;
      index[axis] = 0;
    }
  }
}
