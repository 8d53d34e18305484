import type StdlibNdarray from "@stdlib/ndarray-base-ctor";
import type * as tf from "@tensorflow/tfjs-core";
import type * as arrow from "apache-arrow";
import type { Adapter } from "bloscache/adapters";
import type ndarray from "ndarray";
import type * as ort from "onnxruntime-common";
import type * as zarr from "zarrita";

export const libraries: {
  readonly arrow: typeof arrow;
  readonly ndarray: typeof ndarray;
  readonly ort: typeof ort;
  readonly StdlibNdarray: typeof StdlibNdarray;
  readonly tf: typeof tf;
  readonly zarr: typeof zarr;
};
export const allAdapters: () => Adapter[];
export const arrays: () => [name: string, array: unknown][];
export const genericView: () => ndarray.NdArray;
export const described: (value: unknown) => unknown;
