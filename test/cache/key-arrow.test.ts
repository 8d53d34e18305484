// Vectors and tables of Arrow as arguments: by their values, not by how they are chunked and encoded.
import { Memory } from "bloscache";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { libraries } from "./array-samples.mjs";
import { arrowTypes } from "./arrow-types.ts";

const { arrow } = libraries;
const { keyOf } = new Memory(null).memoize((_: unknown) => 0, { id: "arrow", version: 1 });

describe("a vector of Arrow", () => {
  const strings = () => new arrow.Utf8();

  it("counts by its values, however it is chunked and sliced", () => {
    const whole = arrow.vectorFromArray(["a", null, "bc", ""], strings());
    const padded = arrow.vectorFromArray(["x", "a", null, "bc", "", "y"], strings());
    const first = arrow.vectorFromArray(["a", null], strings());
    expect(keyOf(padded.slice(1, 5))).toBe(keyOf(whole));
    expect(keyOf(first.concat(arrow.vectorFromArray(["bc", ""], strings())))).toBe(keyOf(whole));
    expect(keyOf(arrow.vectorFromArray(["a", null, "b", "c"], strings()))).not.toBe(keyOf(whole));
    expect(keyOf(arrow.vectorFromArray(["a", "", "bc", ""], strings()))).not.toBe(keyOf(whole));
    const large = arrow.vectorFromArray(["a", null, "bc", ""], new arrow.LargeUtf8());
    expect(keyOf(large)).not.toBe(keyOf(whole));
  });

  it("does not count by what lies under its nulls", () => {
    const of = (data: Float64Array) =>
      new arrow.Vector([
        arrow.makeData({
          type: new arrow.Float64(),
          data,
          nullBitmap: Uint8Array.of(0b101),
          length: 3,
        }),
      ]);
    expect(keyOf(of(Float64Array.of(1, 2, 3)))).toBe(keyOf(of(Float64Array.of(1, 7, 3))));
    expect(keyOf(of(Float64Array.of(1, 2, 4)))).not.toBe(keyOf(of(Float64Array.of(1, 2, 3))));
  });

  it("does not count by the order of its dictionary", () => {
    const of = (words: string[], codes: number[]) =>
      new arrow.Vector([
        arrow.makeData({
          type: new arrow.Dictionary(strings(), new arrow.Int8()),
          data: Int8Array.from(codes),
          dictionary: arrow.vectorFromArray(words, strings()),
        }),
      ]);
    const key = keyOf(of(["a", "b"], [0, 1, 0]));
    expect(keyOf(of(["b", "unused", "a"], [2, 0, 2]))).toBe(key);
    expect(keyOf(of(["a", "b"], [1, 0, 1]))).not.toBe(key);
  });

  it.each(arrowTypes)("of type %s has the key of its parts put together", (_name, type, value) => {
    fc.assert(
      fc.property(
        fc.array(fc.option(value), { minLength: 1, maxLength: 20 }),
        fc.nat(20),
        fc.array(fc.option(value), { minLength: 1, maxLength: 3 }),
        (values, cut, others) => {
          const at = Math.min(cut, values.length);
          const vectorOf = (list: unknown[]) => arrow.vectorFromArray(list, type());
          const key = keyOf(vectorOf(values));
          const longer = vectorOf([...others, ...values, ...others]);
          const slice = longer.slice(others.length, others.length + values.length);
          expect(keyOf(slice)).toBe(key);
          expect(keyOf(slice.slice(0, at).concat(slice.slice(at)))).toBe(key);
          // Another length is another value.
          expect(keyOf(longer)).not.toBe(key);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("of a union counts by the type and value of each element", () => {
    const of = (ids: number[], ints: number[], words: string[]) =>
      new arrow.Vector([
        arrow.makeData({
          type: new arrow.SparseUnion(
            [5, 7],
            [new arrow.Field("i", new arrow.Int32(), true), new arrow.Field("s", strings(), true)],
          ),
          typeIds: Int8Array.from(ids),
          children: [
            arrow.vectorFromArray(ints, new arrow.Int32()).data[0],
            arrow.vectorFromArray(words, strings()).data[0],
          ],
        } as never),
      ]);
    const key = keyOf(of([5, 7], [1, 0], ["", "b"]));
    expect(keyOf(of([5, 7], [1, 9], ["unused", "b"]))).toBe(key);
    expect(keyOf(of([5, 7], [2, 0], ["", "b"]))).not.toBe(key);
    expect(keyOf(of([7, 5], [1, 0], ["", "b"]))).not.toBe(key);
  });
});

describe("a table of Arrow", () => {
  const tableOf = (...parts: number[][]) => {
    const tables = parts.map((part) => arrow.tableFromArrays({ x: Float64Array.from(part) }));
    return tables.reduce((whole, part) => whole.concat(part));
  };

  it("counts by rows, names, types and metadata, not by batches", () => {
    const key = keyOf(tableOf([1, 2, 3]));
    expect(keyOf(tableOf([1], [2, 3]))).toBe(key);
    expect(keyOf(tableOf([0, 1], [2, 3, 4]).slice(1, 4))).toBe(key);
    expect(keyOf(arrow.tableFromIPC(arrow.tableToIPC(tableOf([1, 2, 3]))))).toBe(key);
    expect(keyOf(tableOf([1, 2, 4]))).not.toBe(key);
    expect(keyOf(arrow.tableFromArrays({ y: Float64Array.of(1, 2, 3) }))).not.toBe(key);
    const annotated = tableOf([1, 2, 3]);
    annotated.schema.metadata.set("unit", "m");
    expect(keyOf(annotated)).not.toBe(key);
  });
});
