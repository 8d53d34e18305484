// Arrays of other libraries as arguments: by what they hold, not by how it lies in memory.
import { readFileSync } from "node:fs";
import BooleanArray from "@stdlib/array-bool";
import Complex128Array from "@stdlib/array-complex128";
import { type KeyError, Memory } from "bloscache";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { arrays, genericView, libraries } from "./array-samples.mjs";

const { arrow, ndarray, ort, StdlibNdarray, tf, zarr } = libraries;
const { keyOf } = new Memory(null).memoize((_: unknown) => 0, { id: "arrays", version: 1 });

const fixture = new URL("../fixtures/array-keys.json", import.meta.url);
const golden = JSON.parse(readFileSync(fixture, "utf8")) as { [name: string]: string };

describe("the key of an array of every library", () => {
  test.each(arrays())("%s", (name, array) => {
    expect(keyOf(array)).toBe(golden[name]);
  });

  it("is the same in another process", async () => {
    const keys = await inChild(
      `import { Memory } from "bloscache";
       import { arrays } from "./test/cache/array-samples.mjs";
       const { keyOf } = new Memory(null).memoize((_) => 0, { id: "arrays", version: 1 });
       console.log(JSON.stringify(Object.fromEntries(arrays().map(([name, a]) => [name, keyOf(a)]))));`,
    );
    expect(keys).toEqual(golden);
  });

  it("is its own", () => {
    expect(new Set(Object.values(golden)).size).toBe(arrays().length);
  });

  it("is the same within objects, Maps and cycles", () => {
    const made = () => {
      const all = new Map(arrays());
      const list: unknown[] = [all, ndarray([all], [1])];
      list.push(list);
      return list;
    };
    expect(keyOf(made())).toBe(keyOf(made()));
  });
});

const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i);

describe("an ndarray of scijs", () => {
  it("counts by dtype, shape and elements", () => {
    const key = keyOf(ndarray(ramp(6), [2, 3]));
    expect(keyOf(ndarray(ramp(12), [2, 3], [3, 1], 0))).toBe(key);
    expect(keyOf(ndarray(ramp(6), [3, 2]))).not.toBe(key);
    expect(keyOf(ndarray(ramp(6), [6]))).not.toBe(key);
    expect(keyOf(ndarray(Float32Array.from(ramp(6)), [2, 3]))).not.toBe(key);
    expect(keyOf(ndarray(Array.from(ramp(6)), [2, 3]))).not.toBe(key);
    expect(keyOf(ndarray(ramp(7).subarray(1), [2, 3]))).not.toBe(key);
    expect(keyOf(ramp(6))).not.toBe(key);
  });

  it("may have a store of somebody else's", () => {
    expect(keyOf(genericView())).toBe(keyOf(genericView()));
    expect(keyOf(genericView())).not.toBe(keyOf(genericView().step(-1)));
  });

  it("without gaps is read without a copy", () => {
    const data = new Float64Array(20_000_000);
    const before = process.memoryUsage().arrayBuffers;
    keyOf(ndarray(data, [2000, 10_000]).lo(5, 0));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 2 ** 20);
  });
});

/** A layout within data of at most 120 elements, by a walk over a dense array of random axes. */
const layouts = fc
  .array(
    fc.record({
      length: fc.integer({ min: 0, max: 4 }),
      step: fc.integer({ min: 1, max: 2 }),
      backwards: fc.boolean(),
    }),
    { maxLength: 4 },
  )
  .chain((axes) =>
    fc.record({
      axes: fc.constant(axes),
      order: fc.shuffledSubarray([...axes.keys()], { minLength: axes.length }),
    }),
  )
  .map(({ axes, order }) => {
    const strides = new Array<number>(axes.length).fill(0);
    let size = 1;
    for (const axis of order) {
      const { length, step } = axes[axis] as (typeof axes)[number];
      strides[axis] = size * step;
      size *= Math.max(1, length * step);
    }
    let offset = 2;
    for (const [axis, { length, backwards }] of axes.entries()) {
      if (!backwards || length === 0) continue;
      offset += (length - 1) * (strides[axis] as number);
      strides[axis] = -(strides[axis] as number);
    }
    return { shape: axes.map(({ length }) => length), strides, offset, size: size + 2 };
  });

/** Every index, in row-major order. */
function indices(shape: number[]): number[][] {
  return shape.reduce<number[][]>(
    (found, length) => found.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}

describe("a view of any strides has the key of its copy", () => {
  it("in scijs", () => {
    fc.assert(
      fc.property(layouts, ({ shape, strides, offset, size }) => {
        const view = ndarray(ramp(size), shape, strides, offset);
        const copy = Float64Array.from(indices(shape), (index) => view.get(...index));
        expect(keyOf(view)).toBe(keyOf(ndarray(copy, shape)));
      }),
      { numRuns: 500 },
    );
  });

  it("in @stdlib, complex numbers too", () => {
    const rowMajor = (shape: number[]) =>
      shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
    const orZero = (strides: number[]) => (strides.length === 0 ? [0] : strides);
    fc.assert(
      fc.property(layouts, fc.boolean(), ({ shape, strides, offset, size }, isComplex) => {
        const dtype = isComplex ? "complex128" : "float64";
        const data = isComplex ? new Complex128Array(ramp(2 * size)) : ramp(size);
        const view = new StdlibNdarray(
          dtype,
          data as never,
          shape,
          orZero(strides),
          offset,
          "column-major",
        );
        const items = indices(shape).map((index) => view.get(...index));
        const copied = isComplex ? new Complex128Array(items) : Float64Array.from(items);
        const copy = new StdlibNdarray(
          dtype,
          copied as never,
          shape,
          orZero(rowMajor(shape)),
          0,
          "row-major",
        );
        expect(keyOf(view)).toBe(keyOf(copy));
      }),
      { numRuns: 500 },
    );
  });
});

describe("arrays of two libraries", () => {
  it("are apart", () => {
    const data = Float32Array.of(1, 2);
    const same = [
      ndarray(data, [2]),
      new StdlibNdarray("float32", data, [2], [1], 0, "row-major"),
      tf.tensor(data, [2], "float32"),
      new ort.Tensor("float32", data, [2]),
      arrow.makeVector(data),
      { data, shape: [2], stride: [1] },
      data,
    ];
    expect(new Set(same.map((array) => keyOf(array))).size).toBe(same.length);
  });
});

describe("a tensor", () => {
  it("of TensorFlow.js counts by dtype, shape and values", () => {
    const key = keyOf(tf.tensor([1, 0], [2], "int32"));
    expect(keyOf(tf.reshape(tf.tensor([[1, 0]], [1, 2], "int32"), [2]))).toBe(key);
    expect(keyOf(tf.slice(tf.tensor([0, 1, 0, 0], [4], "int32"), [1], [2]))).toBe(key);
    expect(keyOf(tf.tensor([1, 0], [2], "bool"))).not.toBe(key);
    expect(keyOf(tf.tensor([1, 0], [2, 1], "int32"))).not.toBe(key);
  });

  it("of onnxruntime counts by type, dims and data", () => {
    const key = keyOf(new ort.Tensor("uint8", Uint8Array.of(1, 0), [2]));
    expect(keyOf(new ort.Tensor("uint8", Uint8Array.of(9, 1, 0).subarray(1), [2]))).toBe(key);
    expect(keyOf(new ort.Tensor("bool", Uint8Array.of(1, 0), [2]))).not.toBe(key);
    expect(keyOf(new ort.Tensor("uint8", Uint8Array.of(1, 0), [1, 2]))).not.toBe(key);
  });
});

describe("a chunk of zarrita", () => {
  it("is the plain object that it looks like: its stride counts, and the order of its data", () => {
    const data = new Float32Array(6).fill(1);
    const strides = [
      [3, 1],
      [1, 2],
      [1, 3],
      [2, 2],
      [-1, 2],
    ];
    const keys = strides.map((stride) => keyOf({ data, shape: [2, 3], stride }));
    expect(new Set(keys).size).toBe(strides.length);
    const columns = { data: Int32Array.of(1, 4, 2, 5, 3, 6), shape: [2, 3], stride: [1, 2] };
    const rows = { data: Int32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], stride: [3, 1] };
    expect(keyOf(columns)).not.toBe(keyOf(rows));
  });

  it("never gives a function of such an object the result of another", () => {
    const second = new Memory(temporaryFolder()).memoize(
      ({ data }: { data: Float32Array; shape: number[]; stride: number[] }) => data[1],
      { id: "second", version: 1 },
    );
    expect(second({ data: Float32Array.of(1, 2, 3, 4), shape: [2, 2], stride: [2, 1] })).toBe(2);
    expect(second({ data: Float32Array.of(1, 3, 2, 4), shape: [2, 2], stride: [1, 2] })).toBe(3);
  });

  it("may hold booleans and text", () => {
    const of = (values: boolean[]) => ({
      data: new zarr.BoolArray(values),
      shape: [2],
      stride: [1],
    });
    expect(keyOf(of([true, false]))).toBe(keyOf(of([true, false])));
    expect(keyOf(of([true, false]))).not.toBe(keyOf(of([true, true])));
    const text = keyOf(new zarr.UnicodeStringArray(2, ["a", "b"]));
    expect(keyOf(new zarr.UnicodeStringArray(3, ["a", "b"]))).not.toBe(text);
    expect(keyOf(new zarr.ByteStringArray(2, ["a", "b"]))).not.toBe(text);
  });
});

describe("an array that cannot be read is refused, and named:", () => {
  const disposed = tf.tensor([1]);
  disposed.dispose();
  const elsewhere = new ort.Tensor({
    location: "gpu-buffer",
    gpuBuffer: {},
    type: "float32",
    dims: [1],
  } as never);
  const gone = new ort.Tensor("float32", Float32Array.of(1), [1]);
  gone.dispose();
  test.each<[string, unknown, string, RegExp]>([
    ["a disposed tensor", { x: disposed }, "args[0].x", /disposed/],
    ["a variable", [tf.variable(tf.scalar(1))], "args[0][0]", /variable\.clone\(\)/],
    [
      "a tensor on a GPU",
      new Map([["t", elsewhere]]),
      'args[0].get("t")',
      /at "gpu-buffer", not on the CPU: await tensor\.getData\(\)/,
    ],
    ["a disposed tensor of onnxruntime", gone, "args[0]", /it was disposed/],
    ["strides that lead out", ndarray(ramp(3), [2, 2]), "args[0]", /strides lead out of its data/],
    ["an ndarray of nothing", ndarray([1, 2], [2]).pick(0).pick(), "args[0]", /no element/],
    ["a function in an ndarray", ndarray([1, () => 1], [2]), "args[0].data[1]", /function/],
    [
      "strange data",
      new StdlibNdarray("generic", new BooleanArray([true]) as never, [1], [1], 0, "row-major"),
      "args[0]",
      /class BooleanArray/,
    ],
  ])("%s", (_name, value, path, reason) => {
    const failure = (() => {
      try {
        keyOf(value);
      } catch (error) {
        return error as KeyError;
      }
      return undefined;
    })();
    expect(failure).toMatchObject({ code: "UNHASHABLE_ARGUMENT", path });
    expect(failure?.reason).toMatch(reason);
  });
});
