import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callKey, keyHex } from "../../src/cache/key.ts";
import { referenceCall, referenceDigest } from "./key-reference.ts";

const identity = { id: "properties", version: "v:1", slug: "properties" };
const keyOf = (value: unknown) => keyHex(callKey(identity, [value]));

const typedArray = fc.oneof(
  fc.float64Array(),
  fc.float32Array(),
  fc.int8Array(),
  fc.uint8ClampedArray(),
  fc.uint16Array(),
  fc.int32Array(),
  fc.bigInt64Array(),
);
const scalar = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.date({ noInvalidDate: false }),
  typedArray,
);
/** Values of every kind that a structured clone keeps. */
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 4, withCrossShrink: true }, scalar, tie("holder")),
  holder: fc.oneof(
    fc.array(tie("value"), { maxLength: 5 }),
    fc.sparseArray(tie("value"), { maxLength: 8 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5 }),
    fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((e) => new Map(e)),
    fc.array(tie("value"), { maxLength: 4 }).map((members) => new Set(members)),
  ),
}));

/** The same value with all fields, entries and members in the opposite order. */
function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = new Array(value.length);
    for (const index of Object.keys(value)) copy[Number(index)] = reversed(value[Number(index)]);
    return copy;
  }
  if (value instanceof Map) {
    return new Map([...value].reverse().map(([k, v]) => [reversed(k), reversed(v)]));
  }
  if (value instanceof Set) return new Set([...value].reverse().map(reversed));
  if (value instanceof Date) return value;
  const fields = Object.entries(value).map(([key, v]): [string, unknown] => [key, reversed(v)]);
  return Object.fromEntries(fields.reverse());
}

describe("keys", () => {
  test("of a value and of its structured clone are equal", () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(keyOf(structuredClone(v))).toBe(keyOf(v));
      }),
      { numRuns: 1000 },
    );
  });

  test("do not depend on any order but that of arrays", () => {
    fc.assert(
      fc.property(value, (v) => {
        expect(keyOf(reversed(v))).toBe(keyOf(v));
      }),
      { numRuns: 1000 },
    );
  });

  test("are what docs/keys.md says", () => {
    const isGiven = (v: unknown) => v !== undefined;
    fc.assert(
      fc.property(value.filter(isGiven), (v) => {
        expect(keyOf(v)).toBe(referenceDigest(referenceCall("properties", "v:1", [v])));
      }),
      { numRuns: 500 },
    );
  });

  test("of two encodings that differ, differ; neither encoding begins with the other", () => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const left = referenceCall("", "", [a, 0]).subarray(0, -9);
        const right = referenceCall("", "", [b, 0]).subarray(0, -9);
        const shorter = Math.min(left.length, right.length);
        const same = left.equals(right);
        expect(keyOf(a) === keyOf(b)).toBe(same);
        expect(left.subarray(0, shorter).equals(right.subarray(0, shorter))).toBe(same);
      }),
      { numRuns: 1000 },
    );
  });

  test("change with one bit of an array, wherever it is", () => {
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(7), (array, at, bit) => {
        const index = at % array.length;
        const changed = array.slice();
        changed[index] = (changed[index] ?? 0) ^ (1 << bit);
        expect(keyOf(changed)).not.toBe(keyOf(array));
      }),
    );
  });

  test("change with one field more, one element more, one value replaced", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), fc.string(), value, (object, name, v) => {
        fc.pre(!Object.hasOwn(object, name));
        const more = { ...object };
        Object.defineProperty(more, name, { value: v, enumerable: true });
        const key = keyOf(object);
        expect(keyOf(more)).not.toBe(key);
        const values = Object.values(object);
        expect(keyOf([...values, v])).not.toBe(keyOf(values));
        expect(keyOf([...values, { v }])).not.toBe(keyOf([...values, [v]]));
      }),
    );
  });
});
