/** What can be asked of a memoized function beside calling it. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { KeyError, Memory, operationsOf } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings } from "../support/warnings.ts";

collectWarnings();

/** Synchronous and asynchronous functions with one body. */
function both(memory: Memory) {
  let runs = 0;
  const make = (length: number, step: number) => {
    runs++;
    return Float64Array.from({ length }, (_, i) => i * step);
  };
  return {
    sync: memory.memoize((length: number, step = 1) => make(length, step), { id: "sync" }),
    async: memory.memoize(async (length: number, step = 1) => make(length, step), { id: "async" }),
    runs: () => runs,
  };
}

/** Small results are in the index, large ones in files. */
describe.each([10, 50_000])("of %i elements", (length) => {
  const expected = (step = 1) => Float64Array.from({ length }, (_, i) => i * step);

  it("a synchronous function is asked synchronously", () => {
    const { sync, runs } = both(new Memory(temporaryFolder()));
    expect(sync.has(length)).toBe(false);
    expect(sync.peek(length)).toBeUndefined();
    expect(sync.info(length)).toBeUndefined();
    expect(sync.invalidate(length)).toBe(false);
    expect(runs()).toBe(0);
    sync(length);
    expect(sync.has(length)).toBe(true);
    expect(sync.has(length, 2)).toBe(false);
    expect(sync.peek(length)).toEqual(expected());
    expect(sync.bypass(length)).toEqual(expected());
    expect(runs()).toBe(2);
    expect(sync.refresh(length)).toEqual(expected());
    expect(runs()).toBe(3);
    expect(sync.invalidate(length)).toBe(true);
    expect(sync.has(length)).toBe(false);
    expect(sync.set([length], expected(7))).toBe(true);
    expect(sync(length)).toEqual(expected(7));
    expect(runs()).toBe(3);
  });

  it("an asynchronous function by promises", async () => {
    const { async, runs } = both(new Memory(temporaryFolder()));
    expect(async.has(length)).toBe(false);
    expect(await async.peek(length)).toBeUndefined();
    expect(async.invalidate(length)).toBe(false);
    expect(runs()).toBe(0);
    await async(length);
    expect(async.has(length)).toBe(true);
    const peeked = async.peek(length);
    expect(peeked).toBeInstanceOf(Promise);
    expect(await peeked).toEqual(expected());
    expect(await async.bypass(length)).toEqual(expected());
    expect(runs()).toBe(2);
    expect(await async.refresh(length)).toEqual(expected());
    expect(runs()).toBe(3);
    expect(async.invalidate(length)).toBe(true);
    expect(async.has(length)).toBe(false);
    expect(await async.set([length], expected(7))).toBe(true);
    expect(await async(length)).toEqual(expected(7));
    expect(runs()).toBe(3);
  });

  it("what was refreshed is stored anew, and read by another process", async () => {
    const folder = temporaryFolder();
    const { sync } = both(new Memory(folder));
    sync.set([length], expected(3));
    const read = await inChild<number>(`
      import { Memory } from "bloscache";
      const sync = new Memory(${JSON.stringify(folder)}).memoize(
        (length, step = 1) => { throw new Error("computed"); }, { id: "sync", version: "x" });
      console.log(JSON.stringify(sync.has(${length})));`);
    // Of another version there is nothing.
    expect(read).toBe(false);
    expect(sync.refresh(length)).toEqual(expected());
    expect(sync(length)).toEqual(expected());
  });

  it("info tells what is known", () => {
    const memory = new Memory(temporaryFolder());
    const { sync } = both(memory);
    const before = Date.now();
    sync(length);
    const info = sync.info(length);
    expect(info).toMatchObject({
      id: "sync",
      version: expect.stringMatching(/^f:[0-9a-f]{32}$/),
      key: sync.keyOf(length),
      isAsync: false,
      nbytes: length * 8,
    });
    expect(info?.created.getTime()).toBeGreaterThanOrEqual(before);
    expect(info?.durationMs).toBeGreaterThan(0);
    expect(info?.files).toHaveLength(length > 2048 ? 1 : 0);
    for (const file of info?.files ?? []) {
      expect(file.startsWith(join(memory.location as string, "objects"))).toBe(true);
      expect(file).toContain(info?.key);
      expect(existsSync(file)).toBe(true);
    }
    expect(Array.from(memory.entries())).toEqual([info]);
  });

  it("clear forgets all versions of one function, files too, and Memory.clear everything", () => {
    const folder = temporaryFolder();
    const memory = new Memory(folder);
    const of = (id: string, version: number) =>
      new Memory(folder).memoize((step: number) => expected(step), { id: `${id}`, version });
    const one = of("a", 1);
    for (const step of [1, 2, 3]) one(step);
    for (const version of [2, 3]) {
      // Another function under this id, as the next release of the program would have it.
      const info = memory.memoize((step: number) => expected(step), { id: `b${version}`, version });
      info(1);
    }
    expect([...memory.entries()]).toHaveLength(5);
    expect(one.clear()).toBe(3);
    expect(one.has(1)).toBe(false);
    expect([...memory.entries()].map(({ id }) => id).sort()).toEqual(["b2", "b3"]);
    expect(memory.clear()).toBe(2);
    expect([...memory.entries()]).toEqual([]);
    const left = readdirSync(join(folder, "objects"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });
});

describe("while a computation is under way", () => {
  /** A function that waits to be let go, and says which run it was. */
  function gated() {
    const gates: (() => void)[] = [];
    let runs = 0;
    const memory = new Memory(temporaryFolder());
    const fn = memory.memoize(
      async (_x: number): Promise<string> => {
        const run = ++runs;
        await new Promise<void>((resolve) => gates.push(resolve));
        return `run ${run}`;
      },
      { id: "gated" },
    );
    return { memory, fn, open: (n: number) => gates[n - 1]?.() };
  }

  it("a later refresh wins", async () => {
    const { fn, open } = gated();
    const first = fn(1);
    const second = fn.refresh(1);
    open(2);
    expect(await second).toBe("run 2");
    open(1);
    expect(await first).toBe("run 1");
    expect(await fn(1)).toBe("run 2");
  });

  it("a result that is set wins, and is found at once", async () => {
    const { fn, open } = gated();
    const first = fn(1);
    expect(await fn.set([1], "set")).toBe(true);
    expect(await fn(1)).toBe("set");
    open(1);
    expect(await first).toBe("run 1");
    expect(await fn(1)).toBe("set");
  });

  it.each(["invalidate", "clear", "clear all"])("%s has it not stored", async (how) => {
    const { memory, fn, open } = gated();
    const first = fn(1);
    if (how === "invalidate") fn.invalidate(1);
    else if (how === "clear") fn.clear();
    else memory.clear();
    open(1);
    expect(await first).toBe("run 1");
    expect(fn.has(1)).toBe(false);
  });

  it("a refresh that fails takes no result from others", async () => {
    let fails = false;
    let fail = () => {};
    const fn = new Memory(temporaryFolder()).memoize(
      async (_x: number): Promise<string> => {
        if (!fails) return "good";
        await new Promise<void>((resolve) => {
          fail = resolve;
        });
        throw new Error("down");
      },
      { id: "failing" },
    );
    await fn(1);
    fails = true;
    const refreshed = fn.refresh(1);
    const called = fn(1);
    fail();
    await expect(refreshed).rejects.toThrow("down");
    expect(await called).toBe("good");
  });
});

describe("asking", () => {
  it("refuses what a call refuses", () => {
    const { sync } = both(new Memory(temporaryFolder()));
    const wrong = (() => 1) as never;
    for (const ask of [sync.has, sync.peek, sync.keyOf, sync.info, sync.invalidate]) {
      expect(() => ask(wrong)).toThrow(KeyError);
    }
    expect(() => sync.set([wrong], new Float64Array(1))).toThrow(KeyError);
    expect(sync.bypass(3)).toEqual(Float64Array.of(0, 1, 2));
  });

  it("passes on what the function throws", async () => {
    const memory = new Memory(temporaryFolder());
    const failing = memory.memoize(
      (_x: number): number => {
        throw new RangeError("no luck");
      },
      { id: "failing" },
    );
    expect(() => failing.refresh(1)).toThrow("no luck");
    expect(() => failing.bypass(1)).toThrow("no luck");
    const rejecting = memory.memoize(
      async (_x: number): Promise<number> => {
        throw new RangeError("no luck");
      },
      { id: "rejecting" },
    );
    await expect(rejecting.refresh(1)).rejects.toThrow("no luck");
  });

  it("the key is that of the files, and of nobody else", () => {
    const { sync, async } = both(new Memory(temporaryFolder()));
    const keys = [sync.keyOf(1), sync.keyOf(2), sync.keyOf(1, 2), async.keyOf(1)];
    expect(new Set(keys).size).toBe(4);
    for (const key of keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
    expect(sync.keyOf(1)).toBe(keys[0]);
  });

  it("a function that gives promises without being declared async is asked by its results", async () => {
    const memory = new Memory(temporaryFolder());
    const later = memory.memoize((x: number) => Promise.resolve(x * 2), { id: "later" });
    expect(later.peek(1)).toBeUndefined();
    expect(await later(1)).toBe(2);
    expect(await later.peek(1)).toBe(2);
    expect(await later.set([2], Promise.resolve(5))).toBe(true);
    expect(await later(2)).toBe(5);
    expect(await later.refresh(2)).toBe(4);
  });

  it("a method is asked on its instance", () => {
    const memory = new Memory(temporaryFolder());
    class Grid {
      constructor(readonly scale: number) {}
      at(x: number): number {
        return x * this.scale;
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Grid.prototype, "at");
    Object.defineProperty(
      Grid.prototype,
      "at",
      memory.memoize(Grid.prototype, "at", descriptor as TypedPropertyDescriptor<Grid["at"]>),
    );
    const [two, three] = [new Grid(2), new Grid(3)];
    expect(two.at(5)).toBe(10);
    const at = operationsOf(Grid.prototype.at);
    expect(at.on(two).has(5)).toBe(true);
    expect(at.on(three).has(5)).toBe(false);
    expect(at.on(two).peek(5)).toBe(10);
    expect(at.on(three)(5)).toBe(15);
    expect(at.on(three).info(5)?.id).toMatch(/#Grid\.at$/);
    expect(() => operationsOf(() => 1)).toThrow(/not memoized/);
  });
});

describe("a cache that is disabled", () => {
  it("has the same API, computes every time and stores nothing", async () => {
    const memory = new Memory(null);
    expect(memory.location).toBeNull();
    const { sync, async, runs } = both(memory);
    expect(sync(3)).toEqual(sync(3));
    expect(await async(3)).toEqual(await async(3));
    expect(runs()).toBe(4);
    expect(sync.refresh(3)).toEqual(sync.bypass(3));
    expect(sync.has(3)).toBe(false);
    expect(sync.peek(3)).toBeUndefined();
    expect(await async.peek(3)).toBeUndefined();
    expect(sync.info(3)).toBeUndefined();
    expect(sync.set([3], new Float64Array(3))).toBe(false);
    expect(await async.set([3], new Float64Array(3))).toBe(false);
    expect(sync.invalidate(3)).toBe(false);
    expect([sync.clear(), memory.clear()]).toEqual([0, 0]);
    expect([...memory.entries()]).toEqual([]);
    expect(sync.keyOf(3)).toMatch(/^[0-9a-f]{32}$/);
  });

  it("is also asked for by the option", () => {
    expect(new Memory({ location: null }).location).toBeNull();
    expect(() => new Memory({ location: null, durability: "none" as never })).toThrow(/durability/);
  });
});

describe("stats", () => {
  it("count what happened, by function and in all", () => {
    const memory = new Memory(temporaryFolder());
    const { sync } = both(memory);
    const other = memory.memoize((x: number) => x, { id: "other" });
    for (const x of [1, 2, 1, 1]) sync(x);
    other(1);
    expect(sync.stats()).toMatchObject({
      hits: 2,
      misses: { absent: 2, expired: 0, rejected: 0, unreadable: 0 },
      stores: 2,
    });
    const stats = memory.stats();
    expect(stats).toMatchObject({ hits: 2, misses: { absent: 3 }, stores: 3 });
    expect(Object.keys(stats.functions).sort()).toEqual(["other", "sync"]);
    expect(stats.functions["sync"]).toEqual(sync.stats());
    expect(stats.computedMs).toBeGreaterThan(0);
    expect(sync.stats().savedMs).toBeGreaterThan(0);
    sync.has(1);
    sync.peek(9);
    expect(memory.stats()).toEqual(stats);
  });
});
