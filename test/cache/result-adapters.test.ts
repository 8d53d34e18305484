// Classes that opt in, and adapters of one's own.
import { spawnSync } from "node:child_process";
import { keySymbol, Memory, type StorableClass, storeSymbol } from "bloscache";
import { type Adapter, scijsNdarray } from "bloscache/adapters";
import { describe, expect, it, test } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { allAdapters, described, libraries } from "./array-samples.mjs";
import { twice } from "./twice.ts";

const { ndarray } = libraries;

const warnings = collectWarnings();

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
