// What a function returns is what a hit returns: equal, and of the same types.
import { Memory } from "bloscache";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();
const memory = new Memory(temporaryFolder());

let made = 0;

/** The result of a hit, and how often the function ran for it. */
function storeAndRead(result: unknown): { value: unknown; runs: number } {
  let runs = 0;
  const fn = memory.memoize(
    () => {
      runs++;
      return result;
    },
    { id: `f${made++}` },
  );
  fn();
  return { value: fn(), runs };
}

const typedArrays = [
  Int8Array.of(-1, 2),
  Uint8Array.of(1, 255),
  Uint8ClampedArray.of(1, 255),
  Int16Array.of(-1, 2),
  Uint16Array.of(1, 65535),
  Int32Array.of(-1, 2),
  Uint32Array.of(1, 2 ** 32 - 1),
  Float32Array.of(0.5, Number.NaN, -0),
  Float64Array.of(0.1, Number.NaN, -0, Number.POSITIVE_INFINITY),
  BigInt64Array.of(-1n, 2n ** 62n),
  BigUint64Array.of(1n, 2n ** 64n - 1n),
  Buffer.from("bytes"),
  new Float64Array(0),
];

describe("a result", () => {
  it.each(typedArrays.map((array) => [array.constructor.name, array] as const))(
    "%s stays what it is, small and large",
    (_name, array) => {
      const large = new (array.constructor as typeof Float64Array)(20_000);
      (large as { set(from: unknown): void }).set(array);
      for (const result of [array, Buffer.isBuffer(array) ? Buffer.from(large) : large]) {
        const { value, runs } = storeAndRead(result);
        expect(value).toStrictEqual(result);
        expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(result));
        expect(runs).toBe(1);
      }
    },
  );

  it("that is a view keeps its part only", () => {
    const whole = Float64Array.from({ length: 20_000 }, (_, i) => i);
    for (const view of [whole.subarray(5, 9), whole.subarray(100, 15_000)]) {
      const { value } = storeAndRead(view);
      expect(value).toEqual(view);
      expect((value as Float64Array).buffer.byteLength).toBe(view.byteLength);
    }
  });

  it.each([
    undefined,
    null,
    true,
    0,
    -0,
    Number.NaN,
    Number.NEGATIVE_INFINITY,
    0.1,
    12n ** 40n,
    -5n,
    "",
    "ü\ud800",
    "long".repeat(20_000),
    [],
    // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
    [1, , undefined, 3],
    {},
    { a: undefined, b: { c: [null] } },
    { $: ["array", 0] },
    JSON.parse('{"__proto__": 1, "constructor": 2}'),
    Object.assign(Object.create(null), { x: 1 }),
    new Date(86_400_000),
    new Date(Number.NaN),
    new Map<unknown, unknown>([
      ["k", Float32Array.of(1)],
      [{ o: 1 }, new Set([1, "1", Uint8Array.of(1)])],
    ]),
    new Uint16Array([7, 8]).buffer,
    { data: new Float64Array(6000), shape: [60, 100], order: "F" },
    { model: { weights: [new Float32Array(9000), { bias: Float32Array.of(1) }] }, loss: 0.25 },
  ])("%o", (result) => {
    const { value, runs } = storeAndRead(result);
    expect(value).toStrictEqual(result);
    expect(runs).toBe(1);
  });

  it("reads each of its fields once", () => {
    let reads = 0;
    const result = {
      get data() {
        reads++;
        return new Float64Array(4).fill(reads);
      },
      shape: [2, 2],
    };
    const { value } = storeAndRead(result);
    expect(reads).toBe(1);
    expect(value).toEqual({ data: new Float64Array(4).fill(1), shape: [2, 2] });
  });

  it("that holds one array twice gives one array twice", () => {
    const array = new Float64Array(4000).fill(3);
    const { value } = storeAndRead({ first: array, again: [array] });
    const { first, again } = value as { first: unknown; again: unknown[] };
    expect(again[0]).toBe(first);
    expect(first).toEqual(array);
  });

  it("nested in any way is the same again", () => {
    const leaf = fc.oneof(
      fc.double(),
      fc.string({ unit: "binary" }),
      fc.bigInt(),
      fc.constantFrom(null, undefined, true, false),
      fc.date({ noInvalidDate: false }),
      fc.float64Array({ maxLength: 50 }),
      fc.int16Array({ maxLength: 50 }),
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie("tree"), { maxKeys: 4 }),
        fc.array(fc.tuple(tie("tree"), tie("tree")), { maxLength: 3 }).map((list) => new Map(list)),
        fc.array(tie("tree"), { maxLength: 3 }).map((list) => new Set(list)),
      ),
    }));
    fc.assert(
      fc.property(tree, (result) => {
        expect(storeAndRead(result)).toStrictEqual({ value: result, runs: 1 });
      }),
      { numRuns: 300 },
    );
  });
});

describe("a result that cannot be stored", () => {
  class Model {
    weights = new Float32Array(3);
  }
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;

  it.each([
    [{ model: { fn: () => 1 } }, "result.model.fn"],
    [[1, Symbol("s")], "result[1]"],
    [{ "a key": new Model() }, 'result["a key"]'],
    [new WeakMap(), "result"],
    [cyclic, "result.self"],
    [Object.assign([1], { named: 1 }), "result"],
    [Object.assign(new Float64Array(2), { unit: "m" }), "result"],
    [new (class Vector extends Float64Array {})(3), "result"],
    [new Map([["k", Promise.resolve()]]), 'result.get("k")'],
    [Object.assign(new Map(), { unit: "m" }), "result"],
    [Object.assign(new Date(), { zone: 1 }), "result"],
    [Object.assign(new ArrayBuffer(8), { unit: "m" }), "result"],
    [Object.assign([1], { [Symbol.for("s")]: 1 }), "result"],
  ])("%o reaches the caller, with one warning that names %s", async (result, path) => {
    const { value, runs } = storeAndRead(result);
    expect(value).toBe(result);
    expect(runs).toBe(2);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["UNSTORABLE_RESULT"]);
    expect(warnings[0]?.message).toContain(`Cannot store ${path}: `);
  });

  it("does not keep the others waiting", async () => {
    let runs = 0;
    const handlers = memory.memoize(async function handlers() {
      runs++;
      await nextTurn();
      return { close() {} };
    });
    const all = await Promise.all([handlers(), handlers()]);
    expect(all[0]).toBe(all[1]);
    expect(runs).toBe(1);
  });
});
