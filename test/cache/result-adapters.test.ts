// Arrays of other libraries, and classes that opt in, as results: what comes back is of the same
// kind, in this process and the next, wherever an adapter is given; nothing is stored where not.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { keySymbol, Memory, type StorableClass, storeSymbol } from "bloscache";
import {
  type Adapter,
  arrow as arrowAdapter,
  scijsNdarray,
  stdlibNdarray,
} from "bloscache/adapters";
import { readMetadata } from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { allAdapters, arrays, described, genericView, libraries } from "./array-samples.mjs";
import { arrowTypes } from "./arrow-types.ts";

const { arrow, ndarray, StdlibNdarray, tf, zarr } = libraries;

const warnings = collectWarnings();

interface Reread {
  /** Of the hit; of the second run where there was none. */
  readonly value: unknown;
  readonly runs: number;
}

let made = 0;

/** Calls a function that gives `result` twice, on a cache of its own. */
function twice(result: unknown, adapters: readonly (Adapter | StorableClass)[]): Reread {
  let runs = 0;
  const give = new Memory({ location: temporaryFolder(), adapters }).memoize(
    () => {
      runs++;
      return result;
    },
    // A warning is given once per function.
    { id: `give${made++}`, version: 1 },
  );
  expect(give()).toBe(result);
  return { value: give(), runs };
}

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

class Grid {
  readonly #cells: Float64Array;
  readonly width: number;

  constructor(cells: Float64Array, width: number) {
    this.#cells = cells;
    this.width = width;
  }

  sum() {
    return this.#cells.reduce((sum, cell) => sum + cell, 0);
  }

  [storeSymbol]() {
    return { cells: this.#cells, width: this.width };
  }

  static [storeSymbol]({ cells, width }: { cells: Float64Array; width: number }) {
    return new Grid(cells, width);
  }

  [keySymbol]() {
    return this[storeSymbol]();
  }
}

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

describe("a class that has storeSymbol", () => {
  it("comes back as an instance", () => {
    const grid = new Grid(Float64Array.of(1, 2, 3), 3);
    const { value, runs } = twice({ a: grid, b: [grid] }, [Grid]);
    expect(runs).toBe(1);
    const { a, b } = value as { a: Grid; b: [Grid] };
    expect(a).toBeInstanceOf(Grid);
    expect(a).not.toBe(grid);
    expect(b[0]).toBe(a);
    expect([a.width, a.sum()]).toEqual([3, 6]);
  });

  it("may hold arrays and other such classes", () => {
    class Pair {
      left: unknown;
      right: unknown;

      constructor(left: unknown, right: unknown) {
        this.left = left;
        this.right = right;
      }

      [storeSymbol]() {
        return [this.left, this.right];
      }

      static [storeSymbol]([left, right]: [unknown, unknown]) {
        return new Pair(left, right);
      }
    }
    const inner = new Pair(ndarray(Int8Array.of(1, 2)), new Grid(Float64Array.of(4), 1));
    const { value, runs } = twice(new Pair(inner, inner), [Pair, Grid, ...allAdapters()]);
    expect(runs).toBe(1);
    const { left, right } = value as { left: Pair; right: Pair };
    expect(left).toBe(right);
    expect(described(left.left)).toEqual(described(inner.left));
    expect((left.right as Grid).sum()).toBe(4);
  });

  it("needs no import of this library", () => {
    const store = Symbol.for("bloscache.store");
    const Point = { Point: class {} }.Point as unknown as StorableClass & (new () => { x: number });
    Object.assign(Point, { [store]: (x: number) => Object.assign(new Point(), { x }) });
    Object.assign(Point.prototype, {
      [store](this: { x: number }) {
        return this.x;
      },
    });
    expect(store).toBe(storeSymbol);
    const { value, runs } = twice(Object.assign(new Point(), { x: 4 }), [Point]);
    expect(runs).toBe(1);
    expect(value).toBeInstanceOf(Point);
    expect(value).toEqual(Object.assign(new Point(), { x: 4 }));
  });

  it("is not stored unless it is given, nor is a subclass", async () => {
    class Finer extends Grid {}
    for (const [result, adapters] of [
      [new Grid(new Float64Array(1), 1), []],
      [new Finer(new Float64Array(1), 1), [Grid]],
    ] as const) {
      warnings.length = 0;
      expect(twice({ g: result }, adapters).runs).toBe(2);
      await nextTurn();
      const { name } = result.constructor;
      expect(warnings[0]?.message).toContain(
        `Cannot store result.g: it is an instance of class ${name}: give Memory { adapters: [${name}] }`,
      );
    }
  });

  it("is read in a process that has the class, and is a miss in one that has not", async () => {
    const location = temporaryFolder();
    const options = { id: "grid", version: 1 };
    const source = `import { Memory, storeSymbol } from "bloscache";
      class Grid {
        constructor(cells) { this.cells = cells; }
        [storeSymbol]() { return this.cells; }
        static [storeSymbol](cells) { return new Grid(cells); }
      }
      let runs = 0;
      const adapters = process.env.KNOWN === "yes" ? [Grid] : [];
      const memory = new Memory({ location: process.env.FOLDER, adapters });
      const made = memory.memoize(() => (runs++, new Grid(Int8Array.of(1, 2))), ${JSON.stringify(options)})();
      console.log(JSON.stringify([runs, made instanceof Grid, [...made.cells]]));`;
    const run = (KNOWN: string) => inChild(source, { FOLDER: location, KNOWN });
    expect(await run("yes")).toEqual([1, true, [1, 2]]);
    expect(await run("no")).toEqual([1, true, [1, 2]]);
    // The one that could neither read nor store it has left it as it was.
    expect(await run("yes")).toEqual([0, true, [1, 2]]);
  });
});

describe("an adapter of one's own", () => {
  class Celsius {
    degrees: number;

    constructor(degrees: number) {
      this.degrees = degrees;
    }
  }
  const adapter: Adapter = {
    name: "celsius",
    owns: (value) => value instanceof Celsius,
    take: ({ degrees }: Celsius) => degrees,
    restore: (degrees: number) => new Celsius(degrees),
  };

  it("stores what it owns", () => {
    const { value, runs } = twice([new Celsius(20)], [adapter]);
    expect(runs).toBe(1);
    expect(value).toEqual([new Celsius(20)]);
    expect((value as [unknown])[0]).toBeInstanceOf(Celsius);
  });

  it("that fails to take it apart costs the storing", async () => {
    const failing = {
      ...adapter,
      take() {
        throw new Error("too hot");
      },
    };
    expect(twice({ t: new Celsius(2000) }, [failing]).runs).toBe(2);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["UNSTORABLE_RESULT"]);
    expect(warnings[0]?.message).toContain("Cannot store result.t: reading it failed: too hot");
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      "fails to restore it",
      () => {
        throw new Error("too cold");
      },
      /"celsius" failed to restore a result: too cold/,
    ],
    ["restores no object", () => 20, /it gave 20, which is no object/],
  ])("that %s costs a computation, and nothing else", async (_name, restore, message) => {
    const location = temporaryFolder();
    let runs = 0;
    const measure = () => {
      runs++;
      return new Celsius(20);
    };
    const on = (one: Adapter) =>
      new Memory({ location, adapters: [one] }).memoize(measure, {
        id: "failing",
        version: 1,
        shouldCache: () => runs === 1,
      });
    on(adapter)();
    const failing = on({ ...adapter, restore: restore as never });
    expect(failing()).toEqual(new Celsius(20));
    expect(runs).toBe(2);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["RESTORE_FAILED"]);
    expect(warnings[0]?.message).toMatch(message);
    // What was stored is there for an adapter that works.
    expect(on(adapter)()).toEqual(new Celsius(20));
    expect(runs).toBe(2);
  });
});

describe("the option adapters", () => {
  const Other = { Grid: class extends Grid {} }.Grid;
  it.each<[string, unknown, RegExp]>([
    ["two of one name", [Grid, Other], /adapters has two called "Grid"/],
    ["two of one library", [scijsNdarray(ndarray), scijsNdarray(ndarray)], /two called "ndarray"/],
    [
      "a class without the methods",
      [Grid, class Plain {}],
      /adapters\[1\] must be an adapter, or a named class/,
    ],
    ["a class without a name", [class extends Grid {}], /adapters\[0\]/],
    ["the factory instead of the adapter", [scijsNdarray], /adapters\[0\]/],
    ["an object that is none", [{ name: "x" }], /adapters\[0\]/],
    ["nothing", [null], /adapters\[0\]/],
    ["no array", new Set([Grid]), /must be an array/],
  ])("refuses %s", (_name, adapters, message) => {
    expect(() => new Memory({ location: null, adapters: adapters as never })).toThrow(TypeError);
    expect(() => new Memory({ location: null, adapters: adapters as never })).toThrow(message);
  });
});

test("registerAdapters gives them to the default cache", () => {
  const code = `import { memoize, registerAdapters } from "bloscache";
    import { scijsNdarray } from "bloscache/adapters";
    import ndarray from "ndarray";
    registerAdapters(scijsNdarray(ndarray));
    let runs = 0;
    const f = memoize(() => (runs++, ndarray(Int8Array.of(1, 2, 3), [3]).step(-1)), { id: "f", version: 1 });
    f();
    console.log(runs, f().get(0), f().dtype);
    registerAdapters(scijsNdarray(ndarray));`;
  const env = { ...process.env, BLOSCACHE_DIR: temporaryFolder() };
  const cwd = new URL("../..", import.meta.url);
  const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], {
    cwd,
    env,
    encoding: "utf8",
  });
  expect(stdout).toBe("1 3 int8\n");
  expect(stderr).toContain('TypeError: Option adapters has two called "ndarray"');
});
