// What is in rows on disk keeps its meaning: these skeletons are written so, and read so, for ever.
import { describe, expect, it } from "vitest";
import { Adapters, storeSymbol } from "../../src/cache/result-adapters.ts";
import { putTogether } from "../../src/cache/result-reader.ts";
import { takeApart } from "../../src/cache/result-writer.ts";
import { difference } from "./difference.mjs";

class Grid {
  cells: unknown;

  constructor(cells: unknown) {
    this.cells = cells;
  }

  [storeSymbol]() {
    return this.cells;
  }

  static [storeSymbol](cells: unknown) {
    return new Grid(cells);
  }
}

const adapters = new Adapters([Grid]);

const shared = { a: 1 };
const circular: unknown[] = [shared];
circular.push(circular, shared);

const error = Object.assign(new TypeError("no", { cause: 1 }), { code: "E" });
error.stack = "here";

const sparse: unknown[] = [];
sparse[1000] = "x";

const skeletons: readonly [text: string, value: unknown][] = [
  [
    '{"data":{"$":["array",0]},"n":[1,"a",null,true]}',
    { data: Int8Array.of(1), n: [1, "a", null, true] },
  ],
  // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
  ['[{"$":["undefined"]},{"$":["hole"]},0]', [undefined, , 0]],
  [
    '[{"$":["number","-0"]},{"$":["number","NaN"]},{"$":["number","-Infinity"]}]',
    [-0, Number.NaN, -Infinity],
  ],
  ['[{"$":["bigint","-12"]},{"$":["bigint","-0x10000000000000000"]}]', [-12n, -(2n ** 64n)]],
  ['[{"$":["date",5]},{"$":["date",null]}]', [new Date(5), new Date(Number.NaN)]],
  ['{"$":["map",[["a",{"$":["set",[1]]}]]]}', new Map([["a", new Set([1])]])],
  ['{"$":["object",[["$",1]],true]}', { $: 1 }],
  ['{"$":["object",[["a",1]],false]}', Object.assign(Object.create(null), { a: 1 })],
  // The list begins first.
  ['[{"a":1},{"$":["ref",0]},{"$":["ref",1]}]', circular],
  ['{"$":["regexp","a\\\\/","g",3]}', Object.assign(/a\//g, { lastIndex: 3 })],
  [
    '[{"$":["url","data:,x"]},{"$":["params","a=1"]}]',
    [new URL("data:,x"), new URLSearchParams("a=1")],
  ],
  ['[{"$":["boxed",{"$":["number","-0"]}]},{"$":["boxed","a"]}]', [Object(-0), Object("a")]],
  ['{"$":["list",1,[[0,"a"]],[["index",2]]]}', Object.assign(["a"], { index: 2 })],
  ['{"$":["list",1001,[[1000,"x"]],[]]}', sparse],
  [
    '{"$":["error","TypeError",[["stack","here"],["message","no"],["cause",1]],[["code","E"]]]}',
    error,
  ],
  // A grid begins before its parts.
  [
    '[{"$":["adapted","Grid",{"a":1}]},{"$":["ref",2]},{"$":["ref",1]}]',
    (() => {
      const grid = new Grid(shared);
      return [grid, shared, grid];
    })(),
  ],
];

describe("a skeleton", () => {
  it.each(skeletons)("%s", (text, value) => {
    const { skeleton, arrays } = takeApart(value, adapters);
    expect(skeleton).toBe(text);
    const plains = arrays.map(({ input }) => new Uint8Array(input as Uint8Array).buffer);
    const kinds = arrays.map(({ kind }) => kind);
    expect(difference(value, putTogether(text, kinds, plains, adapters)?.value)).toBeUndefined();
  });

  it("of an earlier layout, with copies for shared objects, is read", () => {
    const read = putTogether(
      '{"a":{"x":[1]},"b":{"x":[1]},"c":{"$":["bigint","18446744073709551616"]}}',
      [],
      [],
      adapters,
    );
    expect(read?.value).toEqual({ a: { x: [1] }, b: { x: [1] }, c: 2n ** 64n });
  });

  it("of a later release or runtime is a miss", () => {
    expect(putTogether('{"$":["adapted","Mesh",1]}', [], [], adapters)).toBeUndefined();
    expect(putTogether('[{"$":["matrix",1]}]', [], [], adapters)).toBeUndefined();
    expect(putTogether('{"$":["regexp","a","gZ",0]}', [], [], adapters)).toBeUndefined();
    expect(putTogether('{"$":["error","LaterError",[],[]]}', [], [], adapters)).toBeUndefined();
    expect(putTogether('{"$":["array",0]}', [200], [new ArrayBuffer(1)], adapters)).toBeUndefined();
  });

  it("that has fields called like an object's own makes fields of them", () => {
    const read = putTogether('{"__proto__":{"polluted":1}}', [], [], adapters);
    expect(Object.getPrototypeOf(read?.value)).toBe(Object.prototype);
    expect(Object.hasOwn(read?.value as object, "__proto__")).toBe(true);
  });
});
