/** `ndarray` of scijs: views of typed arrays, arrays, and stores with `get` and `set`. */

import { type Adapter, hasMethods, type Kind, lineOf, ownsOnly } from "./kind.ts";
import { type Elements, type Layout, rowMajor, rowMajorList } from "./strided.ts";

interface View {
  readonly data: Elements | Store;
  readonly dtype: string;
  /** -1 for the one that has no element. */
  readonly dimension: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
}

/** What a view of dtype "generic" has for data. */
interface Store {
  get(index: number): unknown;
}

export const scijsKind: Kind = {
  name: "ndarray",
  title: "an ndarray",
  adapter: "scijsNdarray(ndarray)",
  owns: (value) =>
    hasMethods(value, "get", "set", "pick", "lo", "hi", "transpose") &&
    typeof (value as View).dtype === "string" &&
    typeof (value as View).dimension === "number" &&
    "data" in value &&
    lineOf(value).length === 1,
  fields: new Set(["data", "shape", "stride", "offset"]),
  content: (view: View) => ({ dtype: view.dtype, ...elementsOf(view) }),
};

function elementsOf(view: View): { data: Elements; shape: number[] } {
  const layout = layoutOf(view);
  const data = isGeneric(view)
    ? rowMajorList((index) => (view.data as Store).get(index), layout)
    : rowMajor(view.data as Elements, layout);
  return { data, shape: [...layout.shape] };
}

function isGeneric({ dtype }: View): boolean {
  return dtype === "generic";
}

function layoutOf({ dimension, shape, stride, offset }: View): Layout {
  if (dimension < 0) throw new TypeError("it has no element, and no dimensions");
  return { shape, strides: stride, offset };
}

/** What a view is stored as; of a store of somebody's own the view, for the store is theirs. */
interface Parts {
  readonly data: unknown;
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: number;
}

function take(view: View): Parts {
  if (!isGeneric(view)) return elementsOf(view);
  const { shape, strides, offset } = layoutOf(view);
  return { data: view.data, shape: [...shape], stride: [...strides], offset };
}

/**
 * Stores `ndarray`s of scijs as their elements: a view comes back as an array of its own, without
 * gaps, of the same dtype and shape.
 *
 * @param ndarray what the module `ndarray` exports
 */
export function scijsNdarray(
  ndarray: (data: never, shape: number[], stride?: number[], offset?: number) => object,
): Adapter {
  const make = ndarray as (...args: unknown[]) => object;
  return {
    name: scijsKind.name,
    // Each dtype and number of dimensions has a class, which only making one tells.
    owns: ownsOnly(scijsKind, ([prototype], { data, shape, stride, offset }: View) => {
      return Object.getPrototypeOf(make(data, shape, stride, offset)) === prototype;
    }),
    take,
    restore: ({ data, shape, stride, offset }: Parts) => make(data, shape, stride, offset),
  };
}
