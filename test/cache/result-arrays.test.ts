// Arrays of other libraries as results: what comes back is of the same kind, in this process and the
// next, where its adapter is given; nothing is stored where it is not.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { arrow as arrowAdapter, scijsNdarray, stdlibNdarray } from "bloscache/adapters";
import { readMetadata } from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { allAdapters, arrays, described, genericView, libraries } from "./array-samples.mjs";
import { arrowTypes } from "./arrow-types.ts";
import { twice } from "./twice.ts";

const { arrow, ndarray, StdlibNdarray, tf, zarr } = libraries;

const warnings = collectWarnings();

describe("an array of every library", () => {
  const location = temporaryFolder();
  const results = new Map(arrays());
  const options = { id: "array", version: 1 };
  const memory = new Memory({ location, adapters: allAdapters() });
  let runs = 0;
  const array = (name: string) => {
    runs++;
    return results.get(name);
  };
  const compute = memory.memoize(array, options);

  test.each(arrays())("%s", (name, expected) => {
    expect(compute(name)).toBe(results.get(name));
    runs = 0;
    const value = compute(name);
    expect(runs).toBe(0);
    expect(described(value)).toEqual(described(expected));
    expect(Object.getPrototypeOf(value)).toBe(Object.getPrototypeOf(expected));
    expect(compute.keyOf(value as never)).toBe(compute.keyOf(expected as never));
  });

  it("is the same in another process, and by an asynchronous function", async () => {
    const load = memory.memoize(async (name: string) => results.get(name), {
      ...options,
      id: "load",
    });
    for (const [name] of arrays()) await load(name);
    const found = await inChild(
      `import { Memory } from "bloscache";
       import { allAdapters, arrays, described } from "./test/cache/array-samples.mjs";
       const memory = new Memory({ location: process.env.FOLDER, adapters: allAdapters() });
       const fail = () => { throw new Error("it was not stored"); };
       const sync = memory.memoize(fail, { id: "array", version: 1 });
       const later = memory.memoize(async () => fail(), { id: "load", version: 1 });
       const found = [];
       for (const [name] of arrays()) found.push([name, described(sync(name)), described(await later(name))]);
       console.log(JSON.stringify(found));`,
      { FOLDER: location },
    );
    expect(found).toEqual(
      arrays().map(([name, expected]) => [name, described(expected), described(expected)]),
    );
  });

  it("is a miss, and no damage, where its adapter is missing", async () => {
    const [name] = arrays()[0] as [string, unknown];
    const bare = new Memory(location).memoize(array, { ...options, shouldCache: () => false });
    runs = 0;
    expect(bare(name)).toBe(results.get(name));
    await nextTurn();
    expect(warnings).toEqual([]);
    expect(bare.stats().misses.unreadable).toBe(1);
    expect(described(compute(name))).toEqual(described(results.get(name)));
    expect(runs).toBe(1);
  });
});

describe("a result with arrays", () => {
  it("holds them in anything, and where it holds one twice, twice", () => {
    const view = ndarray(Float64Array.of(1, 2, 3, 4), [2, 2]);
    const list: unknown[] = [view, new Map([["view", view]])];
    list.push(list, ndarray([list, view], [2]));
    const { value, runs } = twice({ list, raw: view.data }, [scijsNdarray(ndarray)]);
    expect(runs).toBe(1);
    const { list: read, raw } = value as { list: never[]; raw: unknown };
    const [first, map, itself, holder] = read as unknown as [
      typeof view,
      Map<string, unknown>,
      unknown,
      ReturnType<typeof ndarray>,
    ];
    expect(described(first)).toEqual(described(view));
    expect(map.get("view")).toBe(first);
    expect(itself).toBe(read);
    expect(holder.get(0)).toBe(read);
    expect(holder.get(1)).toBe(first);
    // What had the same memory has it again: its data was stored as one array.
    expect(first.data).toBe(raw);
  });

  it("stores of a view what is in view", async () => {
    const location = temporaryFolder();
    const view = ndarray(new Float64Array(1e6), [1000, 1000]).hi(100, 50).transpose(1, 0);
    const memory = new Memory({ location, adapters: [scijsNdarray(ndarray)] });
    const give = memory.memoize(() => view, { id: "view" });
    give();
    expect([...memory.entries()].map(({ nbytes }) => nbytes)).toEqual([view.size * 8]);
    const [file] = readdirSync(join(location, "objects"), {
      recursive: true,
      encoding: "utf8",
    }).filter((name) => name.endsWith(".blp"));
    expect(await readMetadata(join(location, "objects", file as string))).toMatchObject({
      shape: [50, 100],
      order: "C",
    });
  });

  it("keeps columns first where they were, also in the file", async () => {
    const data = Float64Array.from({ length: 4000 }, (_, i) => i);
    const columns = new StdlibNdarray("float64", data, [50, 80], [1, 50], 0, "column-major");
    const chunk = { data, shape: [80, 50], stride: [1, 80] };
    for (const [result, shape] of [
      [columns, [50, 80]],
      [chunk, [80, 50]],
    ]) {
      const location = temporaryFolder();
      const adapters = [stdlibNdarray(StdlibNdarray)];
      new Memory({ location, adapters }).memoize(() => result, { id: "columns" })();
      const [file] = readdirSync(join(location, "objects"), {
        recursive: true,
        encoding: "utf8",
      }).filter((name) => name.endsWith(".blp"));
      expect(await readMetadata(join(location, "objects", file as string))).toMatchObject({
        shape,
        order: "F",
      });
    }
  });

  it("may be an ndarray of a store that has an adapter itself", () => {
    const store = new zarr.BoolArray([true, false, true, false, true, false]);
    const view = ndarray(store as never, [2, 3]).transpose(1, 0);
    const { value, runs } = twice(view, allAdapters());
    expect(runs).toBe(1);
    expect(described(value)).toEqual(described(view));
  });

  it.each<[string, () => unknown, string, RegExp]>([
    [
      "ndarray",
      () => [ndarray([1])],
      "result[0]",
      /an ndarray: .*scijsNdarray\(ndarray\).*"bloscache\/adapters"/,
    ],
    [
      "@stdlib",
      () => ({ a: new StdlibNdarray("generic", [1], [1], [1], 0, "row-major") }),
      "result.a",
      /stdlibNdarray\(ndarray\)/,
    ],
    [
      "Arrow",
      () => new Map([["t", arrow.tableFromArrays({ x: [1] })]]),
      'result.get("t")',
      /arrow\(arrow\)/,
    ],
    ["TensorFlow.js", () => tf.scalar(1), "result", /tfjs\(tf\)/],
    ["onnxruntime", () => new libraries.ort.Tensor(["a"], [1]), "result", /onnxruntime\(ort\)/],
    [
      "zarrita",
      () => ({ data: new zarr.BoolArray([true]), shape: [1], stride: [1] }),
      "result.data",
      /zarrita\(zarr\)/,
    ],
  ])(
    "of %s without its adapter is not stored, and says which",
    async (_name, make, path, advice) => {
      expect(twice(make(), []).runs).toBe(2);
      await nextTurn();
      expect(warnings.map(({ code }) => code)).toEqual(["UNSTORABLE_RESULT"]);
      expect(warnings[0]?.message).toContain(`Cannot store ${path}: `);
      expect(warnings[0]?.message).toMatch(advice);
    },
  );

  const parts: unknown[] = [];
  const self = ndarray(parts, [1], [1], 0);
  parts.push([self]);
  const disposed = tf.scalar(1);
  disposed.dispose();
  it.each<[string, unknown, string, RegExp]>([
    ["is disposed", [disposed], "result[0]", /disposed/],
    ["is part of itself", self, "result.data[0][0]", /part of itself/],
    ["has a store of its own", { v: genericView() }, "result.v.data.get", /a function/],
    ["holds a function", ndarray([() => 1]), "result.data[0]", /a function/],
  ])("is not stored if one %s", async (_name, result, path, reason) => {
    expect(twice(result, allAdapters()).runs).toBe(2);
    await nextTurn();
    expect(warnings[0]?.message).toContain(`Cannot store ${path}: `);
    expect(warnings[0]?.message).toMatch(reason);
  });

  it("says which constructor a complex array needs", async () => {
    const { default: Complex128Array } = await import("@stdlib/array-complex128");
    const array = new StdlibNdarray(
      "complex128",
      new Complex128Array(2) as never,
      [2],
      [1],
      0,
      "row-major",
    );
    expect(twice(array, [stdlibNdarray(StdlibNdarray)]).runs).toBe(2);
    await nextTurn();
    expect(warnings[0]?.message).toContain("stdlibNdarray(ndarray, { Complex128Array })");
  });
});

describe("a vector of Arrow, sliced and chunked at random,", () => {
  const { take, restore } = arrowAdapter(arrow);
  const { keyOf } = new Memory(null).memoize((_: unknown) => 0, { id: "arrow", version: 1 });

  it.each(arrowTypes)("of type %s is stored as what is in view", (_name, type, value) => {
    const lists = fc.array(fc.option(value), { maxLength: 20 });
    fc.assert(
      fc.property(lists, lists, fc.nat(20), fc.nat(20), (first, second, start, length) => {
        const vectorOf = (list: unknown[]) => arrow.vectorFromArray(list, type());
        const slice = vectorOf(first)
          .concat(vectorOf(second))
          .slice(start, start + length);
        for (const stored of [slice, new arrow.Table({ v: slice })]) {
          const read = restore(take(stored as never) as never);
          expect(keyOf(read)).toBe(keyOf(stored));
          expect(described(read)).toEqual(described(stored));
        }
      }),
      { numRuns: 60 },
    );
  });
});
