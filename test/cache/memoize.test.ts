import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { KeyError, Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

/** A ramp, and how often it was computed. */
function counted(memory: Memory, id = "ramp") {
  let runs = 0;
  const ramp = memory.memoize(
    (length: number, step = 1): Float64Array => {
      runs++;
      return Float64Array.from({ length }, (_, i) => i * step);
    },
    { id },
  );
  return { ramp, runs: () => runs };
}

describe("a synchronous function", () => {
  it("runs once per arguments, and its results are typed arrays every time", () => {
    const { ramp, runs } = counted(new Memory(temporaryFolder()));
    for (const length of [10, 1000, 50_000]) {
      const computed = ramp(length);
      const stored = ramp(length);
      expect(stored).toEqual(computed);
      expect(stored).toBeInstanceOf(Float64Array);
      expect(stored).not.toBe(computed);
    }
    expect(runs()).toBe(3);
    ramp(10, 2);
    expect(runs()).toBe(4);
  });

  it("gives every caller memory of its own", () => {
    const { ramp } = counted(new Memory(temporaryFolder()));
    for (const length of [10, 50_000]) {
      ramp(length).fill(-1);
      ramp(length).fill(-2);
      expect(ramp(length)[9]).toBe(9);
    }
  });

  it("passes on what the function throws, and stores nothing", () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const failing = memory.memoize(function failing() {
      runs++;
      throw new RangeError("no luck");
    });
    expect(failing).toThrow(new RangeError("no luck"));
    expect(failing).toThrow(new RangeError("no luck"));
    expect(runs).toBe(2);
  });

  it("keeps its name and its number of parameters", () => {
    const memory = new Memory(temporaryFolder());
    function sum(a: number, b: number) {
      return a + b;
    }
    const memoized = memory.memoize(sum);
    expect([memoized.name, memoized.length]).toEqual(["sum", 2]);
    expect(memoized(1, 2)).toBe(3);
  });

  it("is keyed by the arguments as they are before it runs", () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const doubled = memory.memoize(function doubled(array: Float64Array) {
      runs++;
      for (let i = 0; i < array.length; i++) array[i] = (array[i] as number) * 2;
      return array.slice();
    });
    const array = Float64Array.of(1, 2);
    expect(doubled(array)).toEqual(Float64Array.of(2, 4));
    expect(doubled(array)).toEqual(Float64Array.of(4, 8));
    expect(doubled(Float64Array.of(1, 2))).toEqual(Float64Array.of(2, 4));
    expect(runs).toBe(2);
  });

  it("refuses an argument without a value before anything is computed", () => {
    const { ramp, runs } = counted(new Memory(temporaryFolder()));
    const call = () => ramp({ list: [1, () => 2] } as never);
    expect(call).toThrow(KeyError);
    expect(call).toThrow(/args\[0\]\.list\[1\]/);
    expect(runs()).toBe(0);
  });
});

describe("an asynchronous function", () => {
  it("returns promises, computes once, and gives every caller memory of its own", async () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const slow = memory.memoize(async function slow(length: number) {
      runs++;
      await nextTurn();
      return new Float32Array(length).fill(runs);
    });
    const results = await Promise.all(Array.from({ length: 8 }, () => slow(9000)));
    expect(runs).toBe(1);
    expect(new Set(results).size).toBe(8);
    for (const result of results) expect(result).toEqual(new Float32Array(9000).fill(1));
    expect(await slow(9000)).toEqual(new Float32Array(9000).fill(1));
    expect(runs).toBe(1);
  });

  it("counts as such when it only returns promises", async () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const later = memory.memoize(
      (x: number) => {
        runs++;
        return Promise.resolve(Float64Array.of(x));
      },
      { id: "later" },
    );
    const all = [later(4), later(4), later(4)];
    for (const promise of all) expect(promise).toBeInstanceOf(Promise);
    expect(await Promise.all(all)).toEqual(Array(3).fill(Float64Array.of(4)));
    expect(later(4)).toBeInstanceOf(Promise);
    expect(await later(4)).toEqual(Float64Array.of(4));
    expect(runs).toBe(1);
  });

  it("rejects for every waiter as the function does, and tries again at the next call", async () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const flaky = memory.memoize(async function flaky() {
      await nextTurn();
      if (++runs === 1) throw new Error("first time");
      return 1;
    });
    const outcomes = await Promise.allSettled([flaky(), flaky(), flaky()]);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(3).fill("rejected"));
    expect(runs).toBe(1);
    expect(await flaky()).toBe(1);
  });

  it("rejects, not throws, for an argument without a value", async () => {
    const memory = new Memory(temporaryFolder());
    const identity = memory.memoize(async function identity(x: unknown) {
      return x;
    });
    const promise = identity(Promise.resolve());
    await expect(promise).rejects.toThrow(KeyError);
  });

  it("starts before it is awaited, so that its caller may change the arguments", async () => {
    const memory = new Memory(temporaryFolder());
    const copy = memory.memoize(async function copy(array: Float64Array) {
      return array.slice();
    });
    const array = Float64Array.of(1);
    const promise = copy(array);
    array[0] = 2;
    expect(await promise).toEqual(Float64Array.of(1));
    expect(await copy(Float64Array.of(1))).toEqual(Float64Array.of(1));
    expect(await copy(array)).toEqual(Float64Array.of(2));
  });

  it("is not cached when its arguments change while it runs, and says so", async () => {
    const memory = new Memory(temporaryFolder());
    const late = memory.memoize(async function late(array: Float64Array) {
      await nextTurn();
      return array.slice();
    });
    const array = Float64Array.of(1);
    const promise = late(array);
    array[0] = 2;
    expect(await promise).toEqual(Float64Array.of(2));
    expect(await late(Float64Array.of(1))).toEqual(Float64Array.of(1));
    await nextTurn();
    const about = warnings.filter(({ message }) => message.includes("late"));
    expect(about.map(({ code }) => code)).toEqual(["ARGUMENTS_CHANGED"]);
  });
});

describe("dependsOn", () => {
  it("notices a change of a memoized method that was never called", async () => {
    const LOCATION = temporaryFolder();
    const source = (value: number) => `
      import { Memory } from "bloscache";
      const memory = new Memory(process.env.LOCATION);
      const decorate = memory.memoize;
      class Model { f() { return ${value}; } }
      const context = { kind: "method", name: "f", private: false, static: false };
      Model.prototype.f = decorate(Model.prototype.f, context);
      const g = memory.memoize(function g() { return new Model().f(); }, { dependsOn: [Model.prototype.f] });
      console.log(g());`;
    expect(await inChild(source(1), { LOCATION })).toBe(1);
    expect(await inChild(source(2), { LOCATION })).toBe(2);
    expect(await inChild(source(1), { LOCATION })).toBe(1);
  });
});

describe("across processes", () => {
  const source = `
    import { Memory } from "bloscache";
    const memory = new Memory(process.env.LOCATION);
    let runs = 0;
    const grid = memory.memoize(function grid(n, scale) {
      runs++;
      const data = Float64Array.from({ length: n * n }, (_, i) => i * scale);
      return { data, shape: [n, n], note: "ü", nested: [{ mask: new Uint8Array(n) }] };
    });
    const { data, shape, note, nested } = grid(300, 0.5);
    console.log(JSON.stringify({ runs, sum: data.reduce((a, b) => a + b), shape, note,
      kinds: [data, nested[0].mask].map((array) => array.constructor.name) }));`;

  it("a result that one process has computed is a hit in the next", async () => {
    const LOCATION = temporaryFolder();
    const first = await inChild<{ runs: number }>(source, { LOCATION });
    const second = await inChild<{ runs: number }>(source, { LOCATION });
    expect(first).toMatchObject({ runs: 1, shape: [300, 300], note: "ü" });
    expect(second).toEqual({ ...first, runs: 0 });
  });

  it("a change of the function's code is a miss, a change of its comments is not", async () => {
    const LOCATION = temporaryFolder();
    await inChild(source, { LOCATION });
    const commented = source.replace("runs++;", "runs++; // counted\n");
    expect(await inChild(commented, { LOCATION })).toMatchObject({ runs: 0 });
    const changed = source.replace("i * scale", "i * scale * 1");
    expect(await inChild(changed, { LOCATION })).toMatchObject({ runs: 1 });
    expect(await inChild(source, { LOCATION })).toMatchObject({ runs: 0 });
  });
});

describe("a cache's folder", () => {
  it("may be given as a path, a file URL or an option", () => {
    const folder = temporaryFolder();
    expect(new Memory(folder).location).toBe(folder);
    expect(new Memory(pathToFileURL(folder)).location).toBe(folder);
    expect(new Memory({ location: folder }).location).toBe(folder);
  });

  it("is private, says what it is, and holds one file per array of a large result", () => {
    const folder = join(temporaryFolder(), "made", "when needed");
    const memory = new Memory(folder);
    expect(existsSync(folder)).toBe(false);
    memory.memoize(() => [new Float64Array(5000), new Int8Array(20_000)], { id: "Big one!" })();
    expect(readFileSync(join(folder, "CACHEDIR.TAG"), "utf8")).toMatch(
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
    expect(readFileSync(join(folder, ".gitignore"), "utf8")).toBe("*\n");
    const files = readdirSync(join(folder, "objects"), { recursive: true, encoding: "utf8" });
    const arrays = files.filter((name) => name.endsWith(".blp"));
    expect(arrays).toHaveLength(2);
    for (const name of files) expect(name).toMatch(/^[a-z0-9/._-]+$/);
    expect(readdirSync(join(folder, "tmp"))).toEqual([]);
  });

  it("keeps small results in the index", () => {
    const folder = temporaryFolder();
    const { ramp } = counted(new Memory(folder));
    ramp(2048);
    expect(readdirSync(join(folder, "objects"))).toEqual([]);
    ramp(2049);
    expect(readdirSync(join(folder, "objects"))).toHaveLength(1);
  });
});

describe("a chunk size that is no multiple of the items", () => {
  it("is rounded down", () => {
    let runs = 0;
    const memory = new Memory({ location: temporaryFolder(), chunkSize: 1001 });
    const ramp = memory.memoize(() => ++runs && new Float64Array(9000).fill(1), { id: "ramp" });
    expect([ramp(), ramp()]).toEqual([ramp(), ramp()]);
    expect(runs).toBe(1);
  });
});

describe("mistakes", () => {
  it.each([
    [() => new Memory("" as never), /location/],
    [() => new Memory(5 as never), /Memory/],
    [
      () => new Memory({ location: "x", durablity: "strict" } as never),
      /Unknown option "durablity"/,
    ],
    [() => new Memory({ location: "x", durability: "safe" } as never), /durability/],
    [() => new Memory({ location: "x", cname: "gzip" }), /cname/],
    [() => new Memory({ location: "x", clevel: 11 }), /clevel/],
    [() => new Memory({ location: "x", shuffle: "yes" } as never), /shuffle/],
    [() => new Memory({ location: "x", chunkSize: 0 }), /chunkSize/],
  ])("%s", (make, message) => {
    expect(make).toThrow(message);
  });

  it("an anonymous function needs an id", () => {
    const memory = new Memory(temporaryFolder());
    expect(() =>
      memory.memoize(
        (
          () => () =>
            1
        )(),
      ),
    ).toThrow(/anonymous.*id/);
    expect(
      memory.memoize(
        (
          () => () =>
            1
        )(),
        { id: "one" },
      )(),
    ).toBe(1);
  });

  it("two functions cannot share an id, one may be memoized twice", () => {
    const memory = new Memory(temporaryFolder());
    const make = (k: number) => () => k;
    const two = make(2);
    expect(memory.memoize(two, { id: "k" })()).toBe(2);
    expect(memory.memoize(two, { id: "k" })()).toBe(2);
    expect(() => memory.memoize(make(3), { id: "k" })).toThrow(TypeError);
    expect(new Memory(temporaryFolder()).memoize(make(3), { id: "k" })()).toBe(3);
  });

  it.each([
    [{ ids: "x" }, /Unknown option "ids"/],
    [{ this: "other" }, /"this"/],
    [{ id: "" }, /id/],
    [{ version: {} }, /version/],
  ])("memoize refuses %o", (options, message) => {
    const memory = new Memory(temporaryFolder());
    expect(() => memory.memoize(function fine() {}, options as never)).toThrow(TypeError);
    expect(() => memory.memoize(function fine() {}, options as never)).toThrow(message);
  });

  it("no mistake makes a warning", async () => {
    await nextTurn();
    expect(warnings).toEqual([]);
  });
});
