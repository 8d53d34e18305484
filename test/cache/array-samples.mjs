// Arrays and tables of other libraries. JavaScript, because another process makes the same ones, to
// compare them with what it reads.
import BooleanArray from "@stdlib/array-bool";
import Complex64Array from "@stdlib/array-complex64";
import Complex128Array from "@stdlib/array-complex128";
import StdlibNdarray from "@stdlib/ndarray-base-ctor";
import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import * as arrow from "apache-arrow";
import * as adapters from "bloscache/adapters";
import ndarray from "ndarray";
import * as ort from "onnxruntime-common";
import * as zarr from "zarrita";

export const libraries = { arrow, ndarray, ort, StdlibNdarray, tf, zarr };

/** One of every library. */
export const allAdapters = () => [
  adapters.scijsNdarray(ndarray),
  adapters.stdlibNdarray(StdlibNdarray, { Complex64Array, Complex128Array, BooleanArray }),
  adapters.arrow(arrow),
  adapters.tfjs(tf),
  adapters.onnxruntime(ort),
  adapters.zarrita(zarr),
];

const ramp = (length, TypedArray = Float64Array) => TypedArray.from({ length }, (_, i) => i + 0.5);

/** A store as scijs takes them: with methods instead of elements. */
const store = { length: 6, get: (index) => index * index, set() {} };

function stdlib(dtype, data, { shape, strides, offset = 0, order = "row-major" }) {
  return new StdlibNdarray(dtype, data, shape, strides, offset, order);
}

const scijsArrays = () => [
  [
    "a view that is transposed, stepped and cut",
    ndarray(ramp(60), [3, 4, 5]).hi(3, 4, 4).lo(1, 0, 1).step(1, -2, 1).transpose(2, 0, 1),
  ],
  ["a part of a typed array", ndarray(Int16Array.from(ramp(20)).subarray(3, 15), [3, 4])],
  ["rows in the middle", ndarray(ramp(20, Float32Array), [5, 4]).lo(2, 0)],
  ["big integers", ndarray(BigInt64Array.of(1n, -2n, 3n, 4n), [2, 2]).transpose(1, 0)],
  ["a Buffer", ndarray(Buffer.from("abcdef"), [2, 3]).transpose(1, 0)],
  ["clamped bytes", ndarray(Uint8ClampedArray.of(1, 2, 3), [3]).step(-1)],
  ["values of any kind", ndarray(["a", { b: 1 }, [2], undefined], [2, 2]).transpose(1, 0)],
  ["no dimensions", ndarray(Float64Array.of(3), [])],
  ["no elements", ndarray(new Float64Array(0), [0, 3])],
];

const stdlibArrays = () => [
  [
    "columns first",
    stdlib("float64", ramp(6), { shape: [2, 3], strides: [1, 2], order: "column-major" }),
  ],
  [
    "a window, backwards",
    stdlib("float32", ramp(24, Float32Array), { shape: [2, 3], strides: [-12, 2], offset: 13 }),
  ],
  [
    "complex numbers",
    stdlib("complex128", new Complex128Array(ramp(12)), {
      shape: [2, 2],
      strides: [1, 3],
      offset: 1,
    }),
  ],
  [
    "short complex numbers, columns first",
    stdlib("complex64", new Complex64Array(ramp(8, Float32Array)), {
      shape: [2, 2],
      strides: [1, 2],
      order: "column-major",
    }),
  ],
  [
    "booleans",
    stdlib("bool", new BooleanArray([true, false, false, true]), {
      shape: [2],
      strides: [2],
      offset: 1,
    }),
  ],
  ["anything", stdlib("generic", ["a", 1, null, { b: [2] }], { shape: [2, 2], strides: [1, 2] })],
  ["no dimensions", stdlib("int32", Int32Array.of(7, 8), { shape: [], strides: [0], offset: 1 })],
];

function table() {
  const made = new arrow.Table({
    id: arrow.vectorFromArray([1, 2, null, 4], new arrow.Int32()),
    name: arrow.vectorFromArray(
      ["a", null, "b", "a"],
      new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()),
    ),
    flag: arrow.vectorFromArray([true, false, null, true], new arrow.Bool()),
    when: arrow.vectorFromArray(
      [1, 2, 3, 4].map((s) => new Date(s * 1000)),
      new arrow.TimestampMillisecond("UTC"),
    ),
    list: arrow.vectorFromArray(
      [[1, 2], [], null, [3]],
      new arrow.List(new arrow.Field("item", new arrow.Float32(), true)),
    ),
    point: arrow.vectorFromArray(
      [{ x: 1, y: "u" }, null, { x: 2, y: null }, { x: 3, y: "v" }],
      new arrow.Struct([
        new arrow.Field("x", new arrow.Float64(), true),
        new arrow.Field("y", new arrow.Utf8(), true),
      ]),
    ),
  });
  made.schema.metadata.set("source", "sensor 4");
  return made;
}

const arrowArrays = () => [
  ["a table", table()],
  ["rows of a table", table().slice(1, 3)],
  ["a table of several batches", table().concat(table())],
  ["a table without rows", table().slice(0, 0)],
  ["numbers", arrow.makeVector(ramp(10).subarray(2, 8))],
  [
    "a slice of numbers with nulls",
    arrow.vectorFromArray([1, null, 3, null, 5], new arrow.Float64()).slice(1, 4),
  ],
  ["long integers", arrow.vectorFromArray([1n, -(2n ** 60n), null], new arrow.Int64())],
  [
    "strings in chunks",
    arrow
      .vectorFromArray(["a", "", null, "\u{1f600}"], new arrow.Utf8())
      .concat(arrow.vectorFromArray(["z"], new arrow.Utf8())),
  ],
  [
    "bytes",
    arrow.vectorFromArray([Uint8Array.of(1, 2), null, Uint8Array.of()], new arrow.Binary()),
  ],
  ["nothing but nulls", arrow.vectorFromArray([null, null], new arrow.Null())],
];

const tensors = () => [
  ["float32", tf.tensor(ramp(6, Float32Array), [2, 3])],
  ["int32", tf.tensor([1, 2, 3], [3, 1], "int32")],
  ["bool", tf.tensor([true, false], [2], "bool")],
  ["complex64", tf.complex([1, 2, 3], [4, 5, 6])],
  ["string", tf.tensor(["a", "\u00fc"], [1, 2], "string")],
  ["a scalar", tf.scalar(3)],
  ["no elements", tf.zeros([0, 2])],
];

const ortTensors = () => [
  ["float32", new ort.Tensor("float32", ramp(10, Float32Array).subarray(2, 8), [2, 3])],
  ["int64", new ort.Tensor("int64", BigInt64Array.of(1n, 2n), [2])],
  ["bool", new ort.Tensor("bool", Uint8Array.of(1, 0), [2])],
  ["float16", new ort.Tensor("float16", Uint16Array.of(0x3c00, 0x4000), [1, 2])],
  ["string", new ort.Tensor("string", ["a", "b"], [2])],
  ["no dimensions", new ort.Tensor("float32", Float32Array.of(1), [])],
];

const zarritaArrays = () => [
  [
    "a chunk of booleans",
    { data: new zarr.BoolArray([true, false, true, true]), shape: [2, 2], stride: [2, 1] },
  ],
  [
    "a chunk of text",
    { data: new zarr.UnicodeStringArray(3, ["abc", "\u{1f600}", ""]), shape: [3], stride: [1] },
  ],
  ["a chunk of bytes", { data: new zarr.ByteStringArray(2, ["ab", "c"]), shape: [2], stride: [1] }],
  ["a chunk of numbers", { data: ramp(6), shape: [2, 3], stride: [3, 1] }],
];

/** By library and name. */
export function arrays() {
  return Object.entries({
    ndarray: scijsArrays(),
    "@stdlib/ndarray": stdlibArrays(),
    "apache-arrow": arrowArrays(),
    "TensorFlow.js": tensors(),
    onnxruntime: ortTensors(),
    zarrita: zarritaArrays(),
  }).flatMap(([library, made]) => made.map(([name, array]) => [`${library}: ${name}`, array]));
}

/** What only makes arguments: a store of somebody else's cannot be restored. */
export const genericView = () => ndarray(store, [2, 3]).transpose(1, 0);

/** What tells an array from others, by what its library says of it, as JSON has it. */
export function described(value) {
  return JSON.parse(
    JSON.stringify(describe(value), (_, v) => (typeof v === "bigint" ? `${v}n` : v)),
  );
}

function describe(value) {
  if (value instanceof arrow.Table) return describeTable(value);
  if (value instanceof arrow.Vector)
    return { class: "Vector", type: String(value.type), values: [...value].map(describe) };
  if (value instanceof tf.Tensor) {
    return {
      class: "Tensor",
      dtype: value.dtype,
      shape: value.shape,
      values: [...value.dataSync()],
    };
  }
  if (value instanceof ort.Tensor) {
    const { type, dims, data } = value;
    return {
      class: "OrtTensor",
      type,
      dims,
      data: Array.from(data),
      holder: data.constructor.name,
    };
  }
  if (value instanceof StdlibNdarray) {
    const { dtype, shape, order, data } = value;
    return {
      class: "StdlibNdarray",
      dtype,
      shape,
      order,
      holder: data.constructor.name,
      values: elements(value),
    };
  }
  if (typeof value?.pick === "function") {
    const { dtype, shape, data } = value;
    return {
      class: "ndarray",
      dtype,
      shape,
      holder: data.constructor.name,
      values: elements(value),
    };
  }
  const packed = [zarr.BoolArray, zarr.ByteStringArray, zarr.UnicodeStringArray];
  if (packed.some((Packed) => value instanceof Packed)) {
    return { class: value.constructor.name, chars: value.chars, values: [...value] };
  }
  if (ArrayBuffer.isView(value)) return { class: value.constructor.name, values: [...value] };
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, describe(field)]));
}

function describeTable({ schema, numRows, batches }) {
  const fields = schema.fields.map(({ name, type, nullable }) => [name, String(type), nullable]);
  const columns = batches.map((batch) => batch.toArray().map(String));
  return { class: "Table", fields, metadata: [...schema.metadata], numRows, columns };
}

/** In row-major order, as the array's own `get` has them. */
function elements(array) {
  const count = array.shape.reduce((product, length) => product * length, 1);
  return Array.from({ length: count }, (_, n) => {
    let rest = n;
    const index = array.shape
      .toReversed()
      .map((length) => {
        const at = rest % length;
        rest = (rest - at) / length;
        return at;
      })
      .reverse();
    const value = array.get(...index);
    return typeof value?.re === "number" ? [value.re, value.im] : describe(value);
  });
}
