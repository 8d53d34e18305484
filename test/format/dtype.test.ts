import {
  BloscpackError,
  packBytes,
  packNdarray,
  unpackBytes,
  unpackNdarray,
} from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datetimeUnit } from "../../src/format/datetime.ts";
import { halfToFloat32 } from "../../src/format/half.ts";
import type { Ndarray } from "../../src/format/ndarray.ts";
import { toOrder } from "../../src/format/order.ts";
import { strings } from "../../src/format/strings.ts";

/** A file whose metadata has this dtype field. */
function fileOf(dtype: unknown, bytes: Uint8Array, shape: readonly number[]): Uint8Array {
  const metadata = { dtype, shape, order: "C", container: "numpy" } as never;
  return packBytes(bytes, { metadata });
}

const zeros = (nbytes: number, shape = [1]) => ({ data: new Uint8Array(nbytes), shape });

describe("the dtype field", () => {
  it.each([
    ["'<f8'", "<f8"],
    ['"<f8"', "<f8"],
    ["<f8", "<f8"],
    ["|S8", "|S8"],
    ["'<M8[1s]'", "<M8[s]"],
    ["'<M8[μs]'", "<M8[us]"],
    ["'<m8[generic]'", "<m8"],
    ["[('a', '<i4'), ('b', '<f4')]", "[('a', '<i4'), ('b', '<f4')]"],
    [
      [
        ["a", "<i4"],
        ["b", "<i2", [2]],
      ],
      "[('a', '<i4'), ('b', '<i2', (2,))]",
    ],
    [[["a", [["b", "|S8"]]]], "[('a', [('b', '|S8')])]"],
  ])("%j is read", (field, dtype) => {
    expect(unpackNdarray(fileOf(field, new Uint8Array(8), [1])).dtype).toBe(dtype);
  });

  const deep = (depth: number): unknown => (depth === 0 ? "|u1" : [["a", deep(depth - 1)]]);

  it.each([
    [null, /neither text nor a list/],
    [8, /neither text nor a list/],
    [{ a: "<f8" }, /neither text nor a list/],
    ["", /expected a list.* at character 0/],
    ["f8", /expected a list/],
    ["'f8'", /"f8" is none of numpy's, byte order included/],
    ["'=f8'", /none of numpy's/],
    ["'|f8'", /none of numpy's/],
    ["'<u1'", /none of numpy's/],
    ["'<S3'", /none of numpy's/],
    ["'|U3'", /none of numpy's/],
    ["'<f3'", /none of numpy's/],
    ["'<f8[s]'", /none of numpy's/],
    ["'<M8[q]'", /none of numpy's/],
    ["'<M8[0s]'", /none of numpy's/],
    ["'<M8[2147483648s]'", /none of numpy's/],
    ["'<M4[s]'", /none of numpy's/],
    ["'|S0'", /take no bytes/],
    ["'|S2147483648'", /none of numpy's/],
    ["'<U536870912'", /none of numpy's/],
    ["'|O'", /Python objects/],
    ["'|O8'", /none of numpy's/],
    ["[('a', '|O')]", /Python objects/],
    ["[('a', [('b', '|O', (2,))])]", /Python objects/],
    [[["a", "|O"]], /Python objects/],
    ["[]", /take no bytes/],
    ["[('a', '|S0')]", /take no bytes/],
    ["('a', '<i4')", /neither a name nor a list/],
    ["[['a', '<i4']]", /field 0 is no tuple/],
    ["[('a',)]", /field 0 is no tuple/],
    ["[('a', '<i4', (2,), 3)]", /field 0 is no tuple/],
    ["[('a', '<i4', 2)]", /shape of field 0/],
    ["[('a', '<i4', (-2,))]", /shape of field 0/],
    ["[('a', '<i4', ('2',))]", /shape of field 0/],
    ["[(1, '<i4')]", /name of field 0/],
    ["[((1, 'a'), '<i4')]", /name of field 0/],
    ["[(('title', ''), '<i4')]", /name of field 0/],
    ["[('a', 4)]", /neither a name nor a list/],
    ["[('a', '<i4'), ('a', '<i4')]", /two fields are called 'a'/],
    ["[('a', '<i4'), (('a', 'b'), '<i4')]", /two fields are called 'a'/],
    ["[('f1', '<i4'), ('', '<i4')]", /two fields are called 'f1'/],
    ["[('a', '|u1', (65536, 65536))]", /an item is over 2147483647 bytes/],
    ["[('a', '|V2147483647'), ('b', '|u1')]", /an item is over/],
    [["<i4"], /field 0 is no tuple/],
    [[{ tuple: 5 }], /only lists, strings and numbers/],
    [[["a", null]], /only lists, strings and numbers/],
    [[["a", "<i4", [{}]]], /only lists, strings and numbers/],
    [deep(1000), /nested over 64 deep/],
  ])("%j is refused", (field, reason) => {
    const fault = { code: "NDARRAY_DTYPE", section: "ndarray", field: "dtype" };
    const read = () => unpackNdarray(fileOf(field, new Uint8Array(8), [1]));
    expect(read).toThrow(expect.objectContaining(fault));
    expect(read).toThrow(reason);
  });
});

describe("any other dtype field", () => {
  const read = (field: unknown) => {
    try {
      unpackNdarray(fileOf(field, new Uint8Array(8), [1]));
    } catch (error) {
      expect(error).toBeInstanceOf(BloscpackError);
      expect((error as BloscpackError).code).toMatch(/^NDARRAY_(DTYPE|SIZE)$/);
    }
  };

  it("is refused as one, be it JSON", () => {
    fc.assert(fc.property(fc.jsonValue(), read), { numRuns: 500 });
  });

  it("is refused as one, be it text that is nearly a dtype", () => {
    const part = fc.constantFrom(
      ...["[", "]", "(", ")", ",", " ", "'a'", "''", "'<i4'", "'|V4'", "'|O'", "0", "2", "-1"],
      ...[
        "('a', '<i4')",
        "('b', '|S4', (2,))",
        "(('t', 'c'), ",
        "('', '|V4')",
        "None",
        "9007199254740991",
      ],
    );
    const text = fc.array(part, { maxLength: 8 }).map((parts) => `[${parts.join("")}]`);
    fc.assert(fc.property(text, read), { numRuns: 2000 });
  });

  it("is refused as one, be its size no number", () => {
    const lengths = "9007199254740991, ".repeat(30);
    const file = fileOf(`[('a', '<i4', (${lengths}0)), ('b', '<i8')]`, new Uint8Array(8), [1]);
    expect(() => unpackNdarray(file)).toThrow(/^NDARRAY_DTYPE.*its items take no bytes/);
  });
});

describe("datetimeUnit", () => {
  it.each([
    ["<M8[ns]", { unit: "ns", count: 1 }],
    ["<M8[25s]", { unit: "s", count: 25 }],
    ["<m8[D]", { unit: "D", count: 1 }],
    ["<m8", { unit: "generic", count: 1 }],
  ])("%s", (dtype, unit) => {
    const data = BigInt64Array.of(1n, -(2n ** 63n));
    const read = unpackNdarray(packNdarray({ data, shape: [2], dtype }));
    expect(read).toEqual({ data, dtype, shape: [2], order: "C" });
    expect(datetimeUnit(read)).toEqual(unit);
  });

  it("is for moments and durations only", () => {
    expect(() => datetimeUnit({ dtype: "<i8" })).toThrow(TypeError);
  });
});

describe("halfToFloat32", () => {
  function numberOf(half: number): number {
    const sign = half < 32768 ? 1 : -1;
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }

  it("gives every half its value", () => {
    const halves = Uint16Array.from({ length: 65536 }, (_, half) => half);
    const values = halfToFloat32(halves);
    expect(halves.find((half) => !Object.is(values[half], numberOf(half)))).toBeUndefined();
  });

  it.runIf("Float16Array" in globalThis)("takes a Float16Array", () => {
    const Float16 = (globalThis as unknown as { Float16Array: typeof Float32Array }).Float16Array;
    expect(halfToFloat32(Float16.of(1.5, -0))).toEqual(Float32Array.of(1.5, -0));
  });

  it("refuses other arrays", () => {
    expect(() => halfToFloat32(new Uint8Array(2))).toThrow(TypeError);
  });
});

describe("strings", () => {
  const text = (array: object) => strings(array as Ndarray);

  it("reads S as Latin-1, without the padding", () => {
    const data = new Uint8Array(Buffer.from("abc\0\0\0\xff\0x\0b\0", "latin1"));
    const array = unpackNdarray(packNdarray({ data, shape: [4], dtype: "|S3" }));
    expect(strings(array)).toEqual(["abc", "", "\xff\0x", "\0b"]);
  });

  it("reads U in both byte orders, in C order", () => {
    const characters = [..."a😀éb"].flatMap((character) => [character.codePointAt(0) as number, 0]);
    const data = new Uint8Array(Uint32Array.from(characters).buffer);
    const little = { data, shape: [2, 2], order: "F", dtype: "<U2" } as const;
    const big = { ...little, data: new Uint8Array(Buffer.from(data).swap32()), dtype: ">U2" };
    for (const array of [little, big]) {
      const read = unpackNdarray(packNdarray(array));
      expect(read).toEqual(array);
      expect(strings(read)).toEqual(["a", "é", "😀", "b"]);
    }
  });

  it("is for text only", () => {
    expect(() => text({ ...zeros(8), dtype: "<f8" })).toThrow(TypeError);
    expect(() => text({ ...zeros(4), dtype: "[('a', '<U1')]" })).toThrow(TypeError);
    const data = new Uint8Array(Uint32Array.of(65, 0x110000).buffer);
    expect(() => text({ data, shape: [2], order: "C", dtype: "<U1" })).toThrow(
      /^Item 1 is no text/,
    );
  });

  it("reads a view that is not aligned", () => {
    const data = new Uint8Array(13).subarray(1, 9);
    data.set([65, 0, 0, 0, 66]);
    expect(text({ data, shape: [2], order: "C", dtype: "<U1" })).toEqual(["A", "B"]);
  });
});

describe("writing", () => {
  it.each(["|S3", "|V5", "<U3", ">U3", "<f16", ">f16", "<c32", ">f8", ">c16", ">M8[s]", "<i4"])(
    "%s as bytes",
    (dtype) => {
      const data = crypto.getRandomValues(new Uint8Array(960));
      const itemsize =
        { S: 3, V: 5, U: 12 }[dtype[1] as string] ?? Number.parseInt(dtype.slice(2), 10);
      const shape = [2, 480 / itemsize];
      const stored = packNdarray({ data, dtype, shape, order: "F" });
      expect(unpackNdarray(stored, { raw: true })).toEqual({ data, dtype, shape, order: "F" });
      expect(unpackBytes(stored).metadata).toMatchObject({ dtype: `'${dtype}'` });
    },
  );

  it("items over 255 bytes, with a typesize that C-Blosc can have", () => {
    for (const [dtype, itemsize, typesize] of [
      ["<U63", 252, 252],
      ["<U64", 256, 4],
      ["|S255", 255, 255],
      ["|S256", 256, 1],
      ["[('a', '<f8', (300,))]", 2400, 1],
    ] as const) {
      const data = new Uint8Array(itemsize * 3).map((_, i) => (i % 4 === 0 ? i : 0));
      const stored = packNdarray({ data, dtype, shape: [3] });
      expect(stored[7]).toBe(typesize);
      expect(unpackNdarray(stored)).toEqual({ data, dtype, shape: [3], order: "C" });
    }
  });

  it.each([
    [{ ...zeros(8), dtype: "|O" }, /dtype.*Python objects/],
    [{ ...zeros(8), dtype: "'<f8'" }, /dtype.*none of numpy's/],
    [{ ...zeros(8), dtype: "[('a', '<f8'" }, /dtype.*at character 12/],
    [{ ...zeros(8), dtype: 8 }, /dtype must be numpy's spelling/],
    [{ ...zeros(8), dtype: "|S0" }, /dtype.*take no bytes/],
    [{ data: new Float64Array(1), shape: [1], dtype: "<i8" }, /"<i8" goes with a BigInt64Array/],
    [{ data: new Float64Array(1), shape: [1], dtype: "|S8" }, /"\|S8" goes with.*Float64Array/],
    [{ data: new Float64Array(1), shape: [1], dtype: ">f8" }, /">f8" goes with its bytes/],
  ])("refuses %j", (input, reason) => {
    expect(() => packNdarray(input as never)).toThrow(TypeError);
    expect(() => packNdarray(input as never)).toThrow(reason);
  });

  it("knows the options of reading", () => {
    const stored = packNdarray(new Int8Array(1));
    expect(() => unpackNdarray(stored, { Raw: true } as never)).toThrow(/Unknown option "Raw"/);
  });
});

describe("toOrder", () => {
  const data = Int16Array.from({ length: 24 }, (_, i) => i);
  const array: Ndarray = { data, dtype: "<i2", shape: [4, 3, 2], order: "C" };

  it("keeps the values and changes their places", () => {
    const fortran = toOrder(array, "F");
    const at = (i: number, j: number, k: number) => fortran.data[i + 4 * (j + 3 * k)];
    expect(fortran.order).toBe("F");
    expect(at(0, 0, 1)).toBe(1);
    expect(at(1, 2, 0)).toBe(10);
    expect(at(3, 2, 1)).toBe(23);
    expect(toOrder(fortran, "C")).toEqual(array);
  });

  it.each([1, 2, 3, 4, 6, 8, 12, 16, 20])("moves items of %i bytes", (itemsize) => {
    const bytes = crypto.getRandomValues(new Uint8Array(1 + 5 * 7 * itemsize)).subarray(1);
    const one: Ndarray = { data: bytes, dtype: `|V${itemsize}`, shape: [5, 7], order: "C" };
    const fortran = toOrder(one, "F").data as Uint8Array;
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j < 7; j++) {
        const from = (7 * i + j) * itemsize;
        const to = (5 * j + i) * itemsize;
        expect(fortran.subarray(to, to + itemsize)).toEqual(bytes.subarray(from, from + itemsize));
      }
    }
  });

  it("gives the array itself where there is nothing to do", () => {
    expect(toOrder(array, "C")).toBe(array);
    const row: Ndarray = { data, dtype: "<i2", shape: [1, 24, 1], order: "C" };
    expect(toOrder(row, "F")).toBe(row);
    const empty: Ndarray = { data: new Int16Array(), dtype: "<i2", shape: [3, 0, 2], order: "C" };
    expect(toOrder(empty, "F")).toBe(empty);
  });

  it("refuses an order that is none, and an array that is none", () => {
    expect(() => toOrder(array, "K" as never)).toThrow(/Argument order/);
    expect(() => toOrder({ ...array, shape: [5] }, "F")).toThrow(RangeError);
  });
});
