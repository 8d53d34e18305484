import { packNdarray, unpackNdarray } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { column, fields } from "../../src/format/columns.ts";
import type { Ndarray } from "../../src/format/ndarray.ts";
import { strings } from "../../src/format/strings.ts";

/** Reads what was written of an array of this dtype. */
function stored(dtype: string, data: Uint8Array, shape: number[], order: "C" | "F" = "C"): Ndarray {
  return unpackNdarray(packNdarray({ data, dtype, shape, order }));
}

/** Items of an int8 `a`, a gap, a big-endian float64 `b`, and an int16 `c` of shape (2,). */
const dtype = "[('a', '|i1'), ('', '|V3'), ('b', '>f8'), ('c', '<i2', (2,))]";

function items(count: number): Uint8Array {
  const bytes = new Uint8Array(count * 16).fill(0xee);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    view.setInt8(16 * i, -i);
    view.setFloat64(16 * i + 4, i + 0.5);
    view.setInt16(16 * i + 12, 10 * i, true);
    view.setInt16(16 * i + 14, 10 * i + 1, true);
  }
  return bytes;
}

describe("fields", () => {
  it("tells what an item is made of; padding is not told, and kept", () => {
    const array = stored(dtype, items(3), [3]);
    expect(array).toEqual({ data: items(3), dtype, shape: [3], order: "C" });
    expect(fields(array)).toEqual([
      { name: "a", dtype: "|i1", shape: [], offset: 0 },
      { name: "b", dtype: ">f8", shape: [], offset: 4 },
      { name: "c", dtype: "<i2", shape: [2], offset: 12 },
    ]);
  });

  it("tells titles, and names what has no name as numpy does", () => {
    const titled = "[(('A title', 'a'), '<i2'), ('', '<i2'), (\"it's\", '<i2')]";
    const array = stored(titled, new Uint8Array(6), [1]);
    expect(array.dtype).toBe(titled);
    expect(fields(array)).toEqual([
      { name: "a", title: "A title", dtype: "<i2", shape: [], offset: 0 },
      { name: "f1", dtype: "<i2", shape: [], offset: 2 },
      { name: "it's", dtype: "<i2", shape: [], offset: 4 },
    ]);
  });

  it("may have the name that numpy would give to the padding before them", () => {
    const array = stored("[('f1', '|u1'), ('', '|V1'), ('b', '<i2')]", items(1), [4]);
    expect(fields(array).map(({ name, offset }) => [name, offset])).toEqual([
      ["f1", 0],
      ["b", 2],
    ]);
  });

  it("are of structures only", () => {
    expect(() => fields(unpackNdarray(packNdarray(new Float64Array(1))))).toThrow(TypeError);
  });
});

describe("column", () => {
  it("copies a field in native order, with the array's shape and its own", () => {
    const array = stored(dtype, items(6), [2, 3]);
    expect(column(array, "a")).toEqual({
      data: Int8Array.of(0, -1, -2, -3, -4, -5),
      dtype: "|i1",
      shape: [2, 3],
      order: "C",
    });
    expect(column(array, "b")).toEqual({
      data: Float64Array.of(0.5, 1.5, 2.5, 3.5, 4.5, 5.5),
      dtype: "<f8",
      shape: [2, 3],
      order: "C",
    });
    const { data, shape } = column(array, "c");
    expect(shape).toEqual([2, 3, 2]);
    expect([...data]).toEqual([0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51]);
    expect([...(array.data as Uint8Array)]).toEqual([...items(6)]);
  });

  it("keeps order F, but for subarrays, whose own order is C", () => {
    const array = stored(dtype, items(6), [2, 3], "F");
    expect(column(array, "b")).toMatchObject({
      data: Float64Array.of(0.5, 1.5, 2.5, 3.5, 4.5, 5.5),
      order: "F",
    });
    expect(column(array, "c")).toEqual({
      data: Int16Array.of(0, 1, 20, 21, 40, 41, 10, 11, 30, 31, 50, 51),
      dtype: "<i2",
      shape: [2, 3, 2],
      order: "C",
    });
  });

  it("gives structures in structures, and text", () => {
    const nested = "[('p', [('x', '<i2'), ('y', '<i2')], (2,)), ('s', '|S3')]";
    const data = new Uint8Array(22);
    data.set([1, 0, 2, 0, 3, 0, 4, 0, 97, 98, 0]);
    data.set([5, 0, 6, 0, 7, 0, 8, 0, 99], 11);
    const array = stored(nested, data, [2]);
    const points = column(array, "p");
    expect(points).toMatchObject({ dtype: "[('x', '<i2'), ('y', '<i2')]", shape: [2, 2] });
    expect([...column(points, "y").data]).toEqual([2, 4, 6, 8]);
    expect(strings(column(array, "s"))).toEqual(["ab", "c"]);
  });

  it("is found by its title as well", () => {
    const array = stored("[(('A title', 'a'), '<i2')]", Uint8Array.of(1, 0), []);
    expect(column(array, "A title")).toEqual({
      data: Int16Array.of(1),
      dtype: "<i2",
      shape: [],
      order: "C",
    });
  });

  it("of no items, and of no bytes, is empty", () => {
    expect(column(stored(dtype, new Uint8Array(), [0]), "b").data).toEqual(new Float64Array());
    const none = column(stored("[('a', '<i4', (0,)), ('b', '|u1')]", items(1), [16]), "a");
    expect(none).toMatchObject({ data: new Int32Array(), shape: [16, 0] });
  });

  it("that is unknown is a RangeError that names the known ones", () => {
    const array = stored(dtype, items(1), [1]);
    expect(() => column(array, "z")).toThrow(/^The array has no field "z": it has a, b, c$/);
    expect(() => column(column(array, "a"), "a")).toThrow(TypeError);
  });
});
