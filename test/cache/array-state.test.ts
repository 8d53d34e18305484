// What is known of other libraries' arrays is all there is to them: no key leaves out a field, and
// no result comes back without one.
import { type KeyError, Memory } from "bloscache";
import { afterEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { allAdapters, described, libraries } from "./array-samples.mjs";
import { twice } from "./twice.ts";

const { arrow, ndarray, ort, StdlibNdarray, tf, zarr } = libraries;
const { keyOf } = new Memory(null).memoize((_: unknown) => 0, { id: "state", version: 1 });
const warnings = collectWarnings();

const numbers = (length: number) => Float64Array.from({ length }, (_, i) => i);

const makers: [string, () => object][] = [
  ["an ndarray", () => ndarray(numbers(4), [2, 2])],
  ["a view of an ndarray", () => ndarray(numbers(9), [3, 3]).lo(1, 1).transpose(1, 0)],
  ["an ndarray of one element", () => ndarray(numbers(4), [2, 2]).pick(1, 1)],
  [
    "an ndarray of @stdlib",
    () => new StdlibNdarray("float64", numbers(4), [2, 2], [2, 1], 0, "row-major"),
  ],
  ["a vector", () => arrow.makeVector(numbers(4))],
  ["a vector in chunks", () => arrow.makeVector(numbers(4)).concat(arrow.makeVector(numbers(2)))],
  ["a memoized vector", () => arrow.vectorFromArray(["a", "b"], new arrow.Utf8()).memoize()],
  ["a table", () => arrow.tableFromArrays({ x: numbers(4) })],
  ["a tensor of TensorFlow.js", () => tf.tensor([1, 2])],
  ["a kept tensor", () => tf.keep(tf.reshape(tf.tensor([1, 2]), [2, 1]))],
  ["a tensor of onnxruntime", () => new ort.Tensor("float64", numbers(4), [4])],
  ["booleans", () => new zarr.BoolArray([true, false])],
  ["text", () => new zarr.UnicodeStringArray(2, ["ab", "c"])],
  ["bytes", () => new zarr.ByteStringArray(2, ["ab", "c"])],
];

function refusalOf(value: unknown): KeyError {
  try {
    keyOf(value);
  } catch (error) {
    return error as KeyError;
  }
  throw new Error("it was hashed");
}

async function expectUnstored(result: unknown, path: string, reason: RegExp): Promise<void> {
  warnings.length = 0;
  expect(twice(result, allAdapters()).runs).toBe(2);
  await nextTurn();
  expect(warnings.map(({ code }) => code)).toEqual(["UNSTORABLE_RESULT"]);
  expect(warnings[0]?.message).toContain(`Cannot store ${path}: `);
  expect(warnings[0]?.message).toMatch(reason);
}

describe.each(makers)("%s", (_name, make) => {
  it("is hashed and stored as it is made", () => {
    expect(keyOf(make())).toBe(keyOf(make()));
    const { value, runs } = twice(make(), allAdapters());
    expect(runs).toBe(1);
    expect(described(value)).toEqual(described(make()));
  });

  it.each<[string, PropertyKey, boolean]>([
    ["enumerable", "units", true],
    ["hidden", "units", false],
    ["named by a symbol", Symbol("units"), true],
    ["hidden and named by a symbol", Symbol.for("units"), false],
  ])("with a field of its own that is %s is refused", async (_kind, key, enumerable) => {
    const made = Object.defineProperty(make(), key, { value: "m", enumerable });
    const reason = /with a field of its own, (Symbol\(units\)|"units")/;
    expect(refusalOf([made])).toMatchObject({ code: "UNHASHABLE_ARGUMENT", path: "args[0][0]" });
    expect(refusalOf([made]).reason).toMatch(reason);
    await expectUnstored({ made }, "result.made", reason);
  });
});

const OrtTensor = ort.Tensor as unknown as new (...parts: unknown[]) => object;

/** With state that nobody sees. */
class ScaledTensor extends OrtTensor {
  readonly #scale: number;

  constructor(scale: number) {
    super("uint8", Uint8Array.of(1, 2), [2]);
    this.#scale = scale;
  }

  scale() {
    return this.#scale;
  }
}

class NamedTable extends (arrow.Table as unknown as new (columns: object) => object) {}

class Flags extends zarr.BoolArray {}

class Layer extends (tf.Tensor as unknown as new (...parts: unknown[]) => object) {
  constructor() {
    const { shape, dtype, dataId, id } = tf.tensor([1, 2]);
    super(shape, dtype, dataId, id);
  }
}

class Grid extends StdlibNdarray {
  constructor() {
    super("float64", numbers(2), [2], [1], 0, "row-major");
  }
}

class View {
  data = numbers(2);
  shape = [2];
  stride = [1];
  offset = 0;
  dtype = "float64";
  dimension = 1;
  get() {}
  set() {}
  pick() {}
  lo() {}
  hi() {}
  transpose() {}
}

/** By the fields and the method that an onnxruntime tensor had once. */
class QuantizedTensor {
  data = Uint8Array.of(1, 2);
  dims = [2];
  type = "uint8";
  size = 2;
  scale: number;

  constructor(scale: number) {
    this.scale = scale;
  }

  reshape() {}
}

describe("an instance of", () => {
  it.each<[string, () => object]>([
    ["a subclass of onnxruntime's tensor", () => new ScaledTensor(2)],
    ["a subclass of a table", () => new NamedTable({ x: arrow.makeVector(numbers(2)) })],
    ["a subclass of booleans", () => new Flags([true])],
    ["a subclass of a tensor", () => new Layer()],
    ["a subclass of an ndarray", () => new Grid()],
    ["a class like an ndarray", () => new View()],
    ["a class like a tensor", () => new QuantizedTensor(2)],
  ])("%s is no array of the library", async (_name, make) => {
    expect(refusalOf([make()])).toMatchObject({
      code: "UNHASHABLE_ARGUMENT",
      path: "args[0][0]",
      reason: expect.stringMatching(/instance of class|with a field of its own/),
    });
    await expectUnstored([make()], "result[0]", /instance of class|with a field of its own/);
  });
});

describe("an adapter", () => {
  afterEach(() => {
    warnings.length = 0;
  });

  it("does not take what another copy of its library made", async () => {
    const { createRequire } = await import("node:module");
    const require = createRequire(import.meta.url);
    const path = require.resolve("ndarray");
    delete require.cache[path];
    const other = require("ndarray") as typeof ndarray;
    expect(other).not.toBe(ndarray);
    const array = other(numbers(2), [2]);
    expect(keyOf(array)).toBe(keyOf(ndarray(numbers(2), [2])));
    await expectUnstored([array], "result[0]", /not of the very library that scijsNdarray/);
  });

  it("may be of a Memory that both hashes and stores such arrays", () => {
    const memory = new Memory({ location: temporaryFolder(), adapters: allAdapters() });
    const turned = memory.memoize((a: ReturnType<typeof ndarray>) => a.transpose(1, 0), {
      id: "turned",
      version: 1,
    });
    const array = ndarray(numbers(6), [2, 3]);
    turned(array);
    expect(turned.has(array)).toBe(true);
    expect(described(turned(array))).toEqual(described(array.transpose(1, 0)));
  });
});
