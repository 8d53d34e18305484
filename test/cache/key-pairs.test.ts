/**
 * Pairs of values that other memoizers confuse, or fail to recognise as equal. The first table is
 * what six npm packages were measured on; the second is what joblib tests its hash with.
 */

import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { callKey, keyHex } from "../../src/cache/key.ts";

const identity = { id: "pairs", version: "v:1", slug: "pairs" };
const keyOf = (...args: unknown[]) => keyHex(callKey(identity, args));

type Pair = [name: string, left: unknown, right: unknown];

const f64 = Float64Array.of(1, 2);
const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const shared = (byte: number) => {
  const buffer = new SharedArrayBuffer(8);
  new Uint8Array(buffer).fill(byte);
  return buffer;
};
const cyclic = (value: unknown) => {
  const object: Record<string, unknown> = { value };
  object["self"] = object;
  return object;
};
const twin = { a: [1] };
const inRealm = (code: string): unknown => runInNewContext(code);

const different: Pair[] = [
  ["Float64Array, Float32Array", f64, Float32Array.of(1, 2)],
  ["Float64Array, plain object", f64, { 0: 1, 1: 2 }],
  ["Float64Array, Array", f64, [1, 2]],
  ["Uint8Array, Uint8ClampedArray", bytes, new Uint8ClampedArray(bytes)],
  ["Uint8Array, Int8Array", bytes, new Int8Array(bytes)],
  ["BigInt64Array contents", BigInt64Array.of(1n), BigInt64Array.of(2n)],
  ["BigInt64Array, Float64Array of the same bytes", new BigInt64Array(1), new Float64Array(1)],
  ["ArrayBuffer contents", new ArrayBuffer(8), bytes.buffer],
  ["ArrayBuffer, Uint8Array", bytes.buffer, bytes],
  ["DataView contents", new DataView(new ArrayBuffer(8)), new DataView(bytes.buffer)],
  ["DataView windows", new DataView(bytes.buffer, 0, 4), new DataView(bytes.buffer, 4, 4)],
  ["SharedArrayBuffer contents", shared(0), shared(1)],
  ["SharedArrayBuffer, ArrayBuffer", shared(0), new ArrayBuffer(8)],
  ["NaN, Infinity in an array", Float64Array.of(Number.NaN), Float64Array.of(Infinity)],
  ["0, -0 in an array", Float64Array.of(0), Float64Array.of(-0)],
  ["0, -0", 0, -0],
  ["NaN, null", Number.NaN, null],
  ["1, '1'", 1, "1"],
  ["1, 1n", 1, 1n],
  ["1, true", 1, true],
  ["null, undefined", [null], [undefined]],
  ["Map contents", new Map([[1, 2]]), new Map([[1, 3]])],
  ["Set contents", new Set([1]), new Set([2])],
  ["Set, Array", new Set([1]), [1]],
  ["Map, entries", new Map([[1, 2]]), [[1, 2]]],
  ["RegExp source", /a/, /b/],
  ["RegExp flags", /a/, /a/i],
  ["Error messages", new Error("a"), new Error("b")],
  ["Error causes", new Error("a", { cause: 1 }), new Error("a", { cause: 2 })],
  ["Error codes", Object.assign(new Error("a"), { code: 1 }), new Error("a")],
  ["AggregateError errors", new AggregateError([1], "a"), new AggregateError([2], "a")],
  ["Map of number, object of text", new Map([[1, "x"]]), { 1: "x" }],
  ["Dates", new Date(0), new Date(1)],
  ["nested Dates", { at: new Date(0) }, { at: new Date(1) }],
  ["Date, its ISO text", new Date(0), new Date(0).toISOString()],
  ["quotes in values", { a: "x',b:'y" }, { a: "x", b: "y" }],
  ["syntax in names", { "a:1,b": 2 }, { a: 1, b: 2 }],
  ["undefined field, no field", { a: undefined }, {}],
  ["hole, undefined", Array.from({ length: 1 }), new Array(1)],
  ["URLSearchParams", new URLSearchParams("a=1"), new URLSearchParams("a=2")],
  ["URLs", new URL("https://a.b/1"), new URL("https://a.b/2")],
  ["boxed, primitive", Object(1), 1],
  ["ndarray dtypes", { data: f64, shape: [2] }, { data: Float32Array.of(1, 2), shape: [2] }],
  ["ndarray shapes", { data: f64, shape: [2, 1] }, { data: f64, shape: [1, 2] }],
  ["bounds of neighbours", [f64, Float64Array.of(3)], [Float64Array.of(1), Float64Array.of(2, 3)]],
  ["bounds of strings", ["ab", "c"], ["a", "bc"]],
  ["nesting", [[1], 2], [[1, 2]]],
  ["cycles with other contents", cyclic(1), cyclic(2)],
  ["fields of an array", Object.assign([1], { columns: ["a"] }), [1]],
  ["fields of a match", "xa".match(/a/), "xxa".match(/a/)],
  [
    "fields of a long array",
    Object.assign(new Array(200).fill(0), { x: 1 }),
    new Array(200).fill(0),
  ],
];

const equal: Pair[] = [
  ["order of fields", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["order of fields that look like indices", { b: 1, 2: 1, 10: 1 }, { 10: 1, b: 1, 2: 1 }],
  [
    "order of a Map",
    new Map([
      [1, 2],
      [3, 4],
    ]),
    new Map([
      [3, 4],
      [1, 2],
    ]),
  ],
  ["order of a Set", new Set(["a", {}, 1]), new Set([1, "a", {}])],
  ["order in a Map of Maps", new Map([["m", new Set([1, 2])]]), new Map([["m", new Set([2, 1])]])],
  ["shared reference, copy", [twin, twin], [twin, structuredClone(twin)]],
  ["view, copy", new Float64Array([9, 1, 2, 9]).subarray(1, 3), f64],
  ["odd window, copy", bytes.subarray(3, 6), Uint8Array.of(4, 5, 6)],
  ["Buffer, Uint8Array", Buffer.from(bytes), bytes],
  ["view of shared memory, of plain", new Uint8Array(shared(3)), new Uint8Array(8).fill(3)],
  ["two NaNs", Number.NaN, new Float64Array(new BigUint64Array([0xfff8000000000001n]).buffer)[0]],
  ["no prototype, plain", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["array in doubles, in small integers", [3, 1.5], [...new Float64Array([3, 1.5])]],
  ["integer from a double array", [3], [Float64Array.of(3)[0]]],
  ["one-byte, two-byte string", "aa", "é€aa".slice(2)],
  ["concatenated, literal string", "abcdefghijklmnop", ["abcdefgh", "ijklmnop"].join("")],
  ["sliced, literal string", "aaZ".slice(0, 2), "aa"],
  ["frozen, not", Object.freeze({ a: 1 }), { a: 1 }],
  ["errors made in two places", new Error("a"), new Error("a")],
  ["AbortSignal field, none", { a: 1, signal: AbortSignal.abort() }, { a: 1 }],
  ["AbortSignal in an array, undefined", [AbortSignal.abort(), 1], [undefined, 1]],
  ["AbortSignal in a Map, no entry", new Map([["s", AbortSignal.abort()]]), new Map()],
  [
    "a getter, its value",
    {
      get a() {
        return 1;
      },
    },
    { a: 1 },
  ],
  ["equal cycles", cyclic(1), cyclic(1)],
  ["objects of another realm", inRealm("({ a: [1, { b: 2 }] })"), { a: [1, { b: 2 }] }],
  [
    "a Map of another realm",
    inRealm("new Map([['a', new Set([1])]])"),
    new Map([["a", new Set([1])]]),
  ],
  ["typed array of another realm", inRealm("Float64Array.of(1, 2)"), f64],
  ["Date of another realm", inRealm("new Date(5)"), new Date(5)],
  ["error of another realm", inRealm("new TypeError('x')"), new TypeError("x")],
];

describe("different values have different keys", () => {
  test.each(different)("%s", (_name, left, right) => {
    expect(keyOf(left)).not.toBe(keyOf(right));
  });
});

describe("equal values have one key", () => {
  test.each(equal)("%s", (_name, left, right) => {
    expect(keyOf(left)).toBe(keyOf(right));
  });
});

test("a resizable buffer is its present bytes", () => {
  const Resizable = ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer;
  const buffer = new Resizable(4, { maxByteLength: 8 }) as ArrayBuffer & {
    resize(n: number): void;
  };
  expect(keyOf(buffer)).toBe(keyOf(new ArrayBuffer(4)));
  const tracking = new Uint8Array(buffer);
  buffer.resize(6);
  expect(keyOf(buffer)).toBe(keyOf(new ArrayBuffer(6)));
  expect(keyOf(tracking)).toBe(keyOf(new Uint8Array(6)));
});

test.runIf("Float16Array" in globalThis)("Float16Array is a type of its own", () => {
  const { Float16Array } = globalThis as unknown as { Float16Array: Uint16ArrayConstructor };
  expect(keyOf(Float16Array.of(1))).not.toBe(keyOf(Uint16Array.of(0x3c00)));
  expect(keyOf(Float16Array.of(1))).toBe(keyOf(Float16Array.of(1)));
});

describe("a list of arguments", () => {
  test("undefined and AbortSignals at its end do not count", () => {
    const key = keyOf(1);
    expect(keyOf(1, undefined, undefined)).toBe(key);
    expect(keyOf(1, AbortSignal.abort())).toBe(key);
    expect(keyOf(1, undefined, AbortSignal.timeout(1e6), undefined)).toBe(key);
  });

  test("elsewhere they keep their place", () => {
    expect(keyOf(undefined, 1)).not.toBe(keyOf(1));
    expect(keyOf(AbortSignal.abort(), 1)).toBe(keyOf(undefined, 1));
  });

  test("is not one argument that is an array", () => {
    expect(keyOf(1, 2)).not.toBe(keyOf([1, 2]));
  });
});

test("an array of four billion holes is hashed without each being looked at", () => {
  // Or the test would take minutes, and more than it may.
  const sparse: unknown[] = [1];
  sparse[4_000_000_000] = { a: 1 };
  const key = keyOf(sparse);
  sparse[3_999_999_999] = undefined;
  expect(keyOf(sparse)).not.toBe(key);
});
