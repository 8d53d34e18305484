/**
 * Arrays and tables of six libraries, and a class of one's own, as arguments and as results.
 *
 *   node examples/arrays/main.mjs
 */
import StdlibNdarray from "@stdlib/ndarray-base-ctor";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import * as apacheArrow from "apache-arrow";
import { keySymbol, Memory, storeSymbol } from "bloscache";
import { arrow, onnxruntime, scijsNdarray, stdlibNdarray, tfjs, zarrita } from "bloscache/adapters";
import ndarray from "ndarray";
import * as ort from "onnxruntime-common";
import * as zarr from "zarrita";

/** A class that says itself what it is hashed by and stored as. */
class Spectrum {
  #power;

  constructor(power) {
    this.#power = power;
  }

  get peak() {
    return this.#power.indexOf(Math.max(...this.#power));
  }

  [keySymbol]() {
    return this.#power;
  }

  [storeSymbol]() {
    return this.#power;
  }

  static [storeSymbol](power) {
    return new Spectrum(power);
  }
}

const memory = new Memory({
  location: new URL(".cache", import.meta.url),
  adapters: [
    scijsNdarray(ndarray),
    stdlibNdarray(StdlibNdarray),
    arrow(apacheArrow),
    tfjs(tf),
    onnxruntime(ort),
    zarrita(zarr),
    Spectrum,
  ],
});
memory.clear();

/** Calls with an array and then with an equal one that lies otherwise in memory. */
function show(library, fn, [array, equal], describe) {
  const memoized = memory.memoize(fn, { id: library });
  memoized(array);
  const read = memoized(equal);
  const { hits, misses } = memoized.stats();
  console.log(`${library}: ${describe(read)}; ${hits} hit, ${misses.absent} miss`);
}

const rows = Float64Array.of(1, 2, 3, 4, 5, 6);
const columns = Float64Array.of(1, 4, 2, 5, 3, 6);

show(
  "ndarray",
  (view) =>
    ndarray(
      view.data.map((x) => x * 10),
      view.shape,
      view.stride,
      view.offset,
    ).step(1, -1),
  [ndarray(rows, [2, 3]), ndarray(columns, [3, 2]).transpose(1, 0)],
  (view) => `${view.dtype} ${view.shape.join(" × ")}, first ${view.get(0, 0)}`,
);

show(
  "@stdlib/ndarray",
  (array) => array,
  [
    new StdlibNdarray("float64", rows, [2, 3], [3, 1], 0, "row-major"),
    new StdlibNdarray("float64", columns, [2, 3], [1, 2], 0, "column-major"),
  ],
  (array) => `${array.dtype} ${array.shape.join(" × ")}, last ${array.get(1, 2)}`,
);

const trips = apacheArrow.tableFromArrays({ city: ["Oslo", "Rome"], km: [12.5, 7.25] });
show(
  "apache-arrow",
  (table) => table.select(["km"]),
  [trips, trips.slice(0, 1).concat(trips.slice(1))],
  (table) => `${table.numRows} rows of ${table.schema.fields.map(String).join()}`,
);

show(
  "TensorFlow.js",
  (tensor) => tf.mul(tensor, tensor),
  [tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.transpose(tf.tensor2d([1, 3, 2, 4], [2, 2]))],
  (tensor) => `${tensor.dtype} ${tensor.shape.join(" × ")}, ${tensor.dataSync().join(" ")}`,
);

show(
  "onnxruntime",
  ({ data, dims }) =>
    new ort.Tensor(
      "bool",
      Uint8Array.from(data, (x) => x > 0),
      dims,
    ),
  [
    new ort.Tensor("float32", Float32Array.of(-1, 1), [1, 2]),
    new ort.Tensor("float32", Float32Array.of(0, -1, 1).subarray(1), [1, 2]),
  ],
  ({ type, dims, data }) => `${type} ${dims.join(" × ")}, ${data.join(" ")}`,
);

const array = await zarr.create(zarr.root(new Map()), {
  shape: [2, 3],
  chunkShape: [2, 3],
  dtype: "bool",
  attributes: {},
});
await zarr.set(array, [0, null], true);
show(
  "zarrita",
  (chunk) => ({ ...chunk, data: new zarr.BoolArray([...chunk.data].map((flag) => !flag)) }),
  [await array.getChunk([0, 0]), await zarr.get(array)],
  ({ data, shape }) => `${data.constructor.name} ${shape.join(" × ")}, ${[...data].join(" ")}`,
);

show(
  "a class of one's own",
  (spectrum) => ({ spectrum, peak: spectrum.peak }),
  [new Spectrum(Float32Array.of(1, 9, 3)), new Spectrum(Float32Array.of(1, 9, 3))],
  ({ spectrum }) => `${spectrum.constructor.name} with its peak at ${spectrum.peak}`,
);
