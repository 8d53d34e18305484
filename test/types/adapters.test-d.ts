import BooleanArray from "@stdlib/array-bool";
import Complex64Array from "@stdlib/array-complex64";
import Complex128Array from "@stdlib/array-complex128";
import StdlibNdarray from "@stdlib/ndarray-base-ctor";
import * as tf from "@tensorflow/tfjs-core";
import * as apacheArrow from "apache-arrow";
import { Memory, registerAdapters, type StorableClass, storeSymbol } from "bloscache";
import {
  type Adapter,
  arrow,
  onnxruntime,
  scijsNdarray,
  stdlibNdarray,
  tfjs,
  zarrita,
} from "bloscache/adapters";
import ndarray from "ndarray";
import * as ort from "onnxruntime-common";
import { expectTypeOf, test } from "vitest";
import * as zarr from "zarrita";

test("adapters take their libraries as they are typed", () => {
  expectTypeOf(scijsNdarray(ndarray)).toEqualTypeOf<Adapter>();
  expectTypeOf(stdlibNdarray(StdlibNdarray)).toEqualTypeOf<Adapter>();
  stdlibNdarray(StdlibNdarray, { Complex64Array, Complex128Array, BooleanArray });
  expectTypeOf(arrow(apacheArrow)).toEqualTypeOf<Adapter>();
  expectTypeOf(tfjs(tf)).toEqualTypeOf<Adapter>();
  expectTypeOf(onnxruntime(ort)).toEqualTypeOf<Adapter>();
  expectTypeOf(zarrita(zarr)).toEqualTypeOf<Adapter>();
  // @ts-expect-error: another library
  tfjs(zarr);
});

class Grid {
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  [storeSymbol]() {
    return this.#cells;
  }

  static [storeSymbol](cells: Float64Array) {
    return new Grid(cells);
  }
}

class Plain {}

test("a class that has storeSymbol is one of the adapters", () => {
  expectTypeOf(Grid).toExtend<StorableClass>();
  const celsius: Adapter = {
    name: "celsius",
    owns: (value) => value instanceof Plain,
    take: (_: Plain) => 1,
    restore: (_: number) => new Plain(),
  };
  new Memory({ location: null, adapters: [Grid, celsius] });
  registerAdapters(Grid, celsius);
  // @ts-expect-error: it has none
  new Memory({ location: null, adapters: [Plain] });
});
