/** Keeping a cache within limits: which results go, which stay, and who is told. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CacheEvent, Memory, type MemoryOptions } from "bloscache";
import { describe, expect, it } from "vitest";
import { Lmdb } from "../../src/blosc/lmdb.ts";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

/** A file of some 80 KB on disk: noise is not compressed. */
const noise = (x: number) => {
  let state = x + 1;
  return Uint32Array.from({ length: 20_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  });
};

/** It, so many milliseconds later. */
function dear<T>(value: T, ms: number): T {
  for (const end = performance.now() + ms; performance.now() < end; );
  return value;
}

function cacheOf(options: Omit<MemoryOptions, "location"> = {}, location = temporaryFolder()) {
  const events: CacheEvent[] = [];
  const memory = new Memory({ location, onEvent: (event) => events.push(event), ...options });
  return {
    location,
    memory,
    evicted: () => events.filter((event) => event.type === "evict"),
    small: memory.memoize((x: number) => new Float64Array(50).fill(x), { id: "small" }),
    large: memory.memoize((x: number, ms = 0) => dear(noise(x), ms), {
      id: "large",
      ignore: [1],
    }),
    pinned: memory.memoize((x: number) => noise(x), { id: "pinned", pin: true }),
  };
}

const files = (location: string) =>
  readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".blp"),
  );

const settled = (isSo: () => boolean) => expect.poll(isSo, { timeout: 10_000 }).toBe(true);

describe("size", () => {
  it("is that of all results, of all that write, and follows what becomes of them", () => {
    const { memory, small, large, location } = cacheOf();
    expect(memory.size()).toEqual({ items: 0, bytes: 0 });
    for (let x = 0; x < 10; x++) small(x);
    const { bytes } = memory.size();
    expect(bytes).toBeGreaterThan(10 * 400);
    expect(bytes).toBeLessThan(10 * 2000);
    large(1);
    expect(memory.size().bytes - bytes).toBeGreaterThan(80_000);
    expect(memory.size().bytes - bytes).toBeLessThan(100_000);
    large.refresh(1);
    small.refresh(1);
    expect(new Memory(location).size()).toEqual(memory.size());
    expect(memory.size().items).toBe(11);
    large.invalidate(1);
    expect(memory.size()).toEqual({ items: 10, bytes });
    expect(memory.clear()).toBe(10);
    expect(memory.size()).toEqual({ items: 0, bytes: 0 });
    expect(new Memory(null).size()).toEqual({ items: 0, bytes: 0 });
  });
});

describe("reduceSize", () => {
  it("keeps what is dear to compute for its size, and of the like what was used last", async () => {
    const { memory, small, large, evicted } = cacheOf();
    large(1, 400);
    for (let x = 2; x < 6; x++) large(x, 5);
    for (let n = 0; n < 50; n++) large(2);
    const { removed, remaining } = await memory.reduceSize({ limitItems: 2 });
    expect(removed.items).toBe(3);
    expect(remaining).toEqual(memory.size());
    expect(remaining.items).toBe(2);
    expect([1, 2, 3, 4, 5].filter((x) => large.has(x))).toEqual([1, 2]);
    expect(evicted()).toHaveLength(3);
    expect(memory.stats().functions["large"]).toMatchObject({ evictions: 3 });
    expect(small.stats().evictions).toBe(0);
  });

  it("by last use, where that is asked for", async () => {
    const { memory, large, location } = cacheOf({ eviction: "lru" });
    large(1, 60);
    for (let x = 2; x < 6; x++) large(x);
    await sleep(5);
    large(3);
    await memory.reduceSize({ limitBytes: "200K" });
    expect([1, 2, 3, 4, 5].filter((x) => large.has(x))).toEqual([3, 5]);
    expect(files(location)).toHaveLength(2);
    await memory.reduceSize({ limitItems: 1, eviction: "cost" });
    expect(memory.size().items).toBe(1);
  });

  it("by age; pinned results stay, and count", async () => {
    const { memory, small, large, pinned } = cacheOf();
    pinned(1);
    small(1);
    large(2);
    expect(large.pin(2)).toBe(true);
    expect(large.pin(3)).toBe(false);
    await sleep(30);
    small(3);
    const { removed } = await memory.reduceSize({ maxAgeMs: 20 });
    expect(removed.items).toBe(1);
    expect([small.has(1), small.has(3), large.has(2), pinned.has(1)]).toEqual([false, true, true, true]); // biome-ignore format: one line
    expect((await memory.reduceSize({ limitBytes: 0 })).remaining.items).toBe(2);
    // A pin outlives the result that it was put on, and not what takes it off.
    large.refresh(2);
    expect((await memory.reduceSize({ limitItems: 0 })).removed.items).toBe(0);
    expect(large.unpin(2)).toBe(true);
    expect(pinned.unpin(1)).toBe(true);
    expect(await memory.reduceSize({ limitItems: 0 })).toMatchObject({
      removed: { items: 2 },
      remaining: { items: 0, bytes: 0 },
    });
  });

  it("tells only, where that is asked for", async () => {
    const { memory, large, small } = cacheOf();
    for (let x = 0; x < 8; x++) large(x);
    await sleep(3000);
    for (let x = 0; x < 30; x++) small(x);
    const before = memory.size();
    const limits = { limitItems: 10, maxAgeMs: 2500 };
    const told = await memory.reduceSize({ ...limits, dryRun: true });
    expect(told).toMatchObject({ removed: { items: 28 }, remaining: { items: 10 } });
    expect(memory.size()).toEqual(before);
    expect(await memory.reduceSize(limits)).toEqual(told);
  });

  it("takes the cache's own limits where none are given, and does nothing where there are none", async () => {
    const { memory, small, location } = cacheOf();
    for (let x = 0; x < 20; x++) small(x);
    expect((await memory.reduceSize()).removed.items).toBe(0);
    const limited = new Memory({ location, limitItems: 7 });
    expect((await limited.reduceSize()).remaining.items).toBe(7);
    expect((await new Memory(null).reduceSize({ limitItems: 0 })).remaining.items).toBe(0);
  });

  it("is remembered: priorities, uses and pins outlive the process", async () => {
    const location = temporaryFolder();
    await inChild(
      `import { Memory } from "bloscache";
       const memory = new Memory(${JSON.stringify(location)});
       const large = memory.memoize((x, ms = 0) => {
         for (const end = performance.now() + ms; performance.now() < end; );
         return new Float64Array(5000).map(() => Math.random());
       }, { id: "large", ignore: [1] });
       for (let x = 0; x < 6; x++) large(x, x === 1 ? 80 : 1);
       large.pin(0);
       for (let n = 0; n < 200; n++) large(4);
       console.log(1)`,
    );
    const memory = new Memory(location);
    await memory.reduceSize({ limitItems: 3 });
    const left = Array.from(memory.entries(), ({ id, arguments: args }) => `${id} ${args[0]?.[1]}`);
    expect(left.sort()).toEqual(["large 0", "large 1", "large 4"]);
  });
});

describe("limits of a Memory", () => {
  it.each([
    ["limitItems", { limitItems: 20 }],
    ["limitBytes", { limitBytes: 1_000_000 }],
    ["maxAgeMs", { maxAgeMs: 10 }],
  ] as const)("%s holds behind the caller's back", async (name, limits) => {
    const { memory, large, location, evicted } = cacheOf(limits);
    for (let x = 0; x < 30; x++) {
      expect(large(x)).toEqual(noise(x));
      await nextTurn();
    }
    if (name === "maxAgeMs") {
      await sleep(1100);
      large(100);
    }
    await settled(() => {
      const { items, bytes } = memory.size();
      return name === "limitItems"
        ? items <= 20
        : name === "limitBytes"
          ? bytes <= 1e6
          : items === 1;
    });
    await settled(() => files(location).length === memory.size().items);
    expect(memory.size().items).toBeGreaterThan(0);
    const reason = { limitItems: "items", limitBytes: "bytes", maxAgeMs: "age" }[name];
    for (const event of evicted()) expect(event).toMatchObject({ id: "large", reason });
    expect(evicted().length).toBeGreaterThan(0);
    for (const { files: of } of memory.entries()) expect(of.every(existsSync)).toBe(true);
    expect(warnings).toEqual([]);
  });

  it("maxAgeMs holds in a cache that is only read", async () => {
    const location = temporaryFolder();
    const compute = (x: number) => noise(x);
    const filled = new Memory(location).memoize(compute, { id: "noise" });
    for (let x = 0; x < 3; x++) filled(x);
    const events: CacheEvent[] = [];
    const onEvent = (event: CacheEvent) => events.push(event);
    const memory = new Memory({ location, maxAgeMs: 100, onEvent });
    expect(memory.memoize(compute, { id: "noise" })(1)).toEqual(noise(1));
    await settled(() => memory.size().items === 0 && files(location).length === 0);
    expect(events.map(({ type }) => type)).toEqual(["hit", "evict", "evict", "evict"]);
  });

  it("hold in a program that never yields, and after its end", async () => {
    const location = temporaryFolder();
    const { most } = await inChild<{ most: number }>(
      `import { Memory } from "bloscache";
       const memory = new Memory({ location: ${JSON.stringify(location)}, limitBytes: "1M", eviction: "lru" });
       const fill = memory.memoize((x) => new Float64Array(3000).map(() => Math.random()), { id: "fill" });
       let most = 0;
       for (let x = 0; x < 200; x++) { fill(x); most = Math.max(most, memory.size().bytes); }
       console.log(JSON.stringify({ most }));`,
    );
    expect(most).toBeLessThan(1.15 * 2 ** 20);
    const { items, bytes } = new Memory(location).size();
    expect(bytes).toBeLessThanOrEqual(2 ** 20);
    expect(bytes).toBeGreaterThan(0.8 * 2 ** 20);
    expect(files(location)).toHaveLength(items);
  });

  it("have a result that does not fit by itself returned and not stored", async () => {
    const { memory, large, small } = cacheOf({ limitBytes: 50_000 });
    small(1);
    expect(large(1)).toEqual(noise(1));
    expect(large.has(1)).toBe(false);
    expect(small.has(1)).toBe(true);
    expect(memory.size().items).toBe(1);
    await nextTurn();
    expect(warnings).toMatchObject([{ code: "STORE_FAILED" }]);
    expect(warnings[0]?.message).toMatch(/it takes \d+ bytes, and limitBytes is 50000/);
  });

  it("and explain tells what went, until it is there again", async () => {
    const { memory, large } = cacheOf();
    large(1);
    await memory.reduceSize({ limitItems: 0 });
    expect(large.explain(1)).toMatchObject({ reason: "evicted", key: large.keyOf(1) });
    large(1);
    large.invalidate(1);
    expect(large.explain(1).reason).toBe("absent");
  });

  it("and explain tells what went last, 10,000 results", async () => {
    const { memory, small, evicted } = cacheOf();
    const argumentOf = new Map<string, number>();
    for (let x = 0; x < 10_050; x++) {
      argumentOf.set(small.keyOf(x), x);
      small(x);
    }
    await memory.reduceSize({ limitItems: 0 });
    const keys = evicted().map((event) => event.key as string);
    const reasonOf = (n: number) =>
      small.explain(argumentOf.get(keys[n] as string) as number).reason;
    expect(keys).toHaveLength(10_050);
    expect([0, 25, 49].map(reasonOf)).toEqual(["absent", "absent", "absent"]);
    expect([50, 5000, 10_049].map(reasonOf)).toEqual(["evicted", "evicted", "evicted"]);
  });

  it("are checked", async () => {
    const location = temporaryFolder();
    const making = (options: object) => () => new Memory({ location, ...options });
    expect(making({ limitBytes: "1X" })).toThrow(/limitBytes must be a number, or one with a unit/);
    expect(making({ limitBytes: -1 })).toThrow(/limitBytes must be a number of bytes/);
    expect(making({ limitItems: "3" })).toThrow(RangeError);
    expect(making({ maxAgeMs: Number.NaN })).toThrow(/maxAgeMs/);
    expect(making({ eviction: "fifo" })).toThrow(/eviction must be "cost" or "lru"/);
    const memory = new Memory(location);
    expect(() => memory.memoize((x: number) => x, { id: "x", pin: 1 as never })).toThrow(/pin/);
    await expect(memory.reduceSize({ limitByte: 1 } as never)).rejects.toThrow(TypeError);
    await expect(memory.reduceSize({ dryRun: 1 as never })).rejects.toThrow(/dryRun/);
  });
});

/** The index without what was not in it at first. */
function forgetBooks(location: string) {
  const options = { mapSize: 64 * 1024 ** 3, maxReaders: 1024, nearSize: 2 ** 26, sync: false };
  const lmdb = new Lmdb(join(location, "index"), options);
  const keys = Array.from(lmdb.scan(new Uint8Array()), ({ key }) => key.slice());
  lmdb.write([{ delete: keys.filter((key) => key.byteLength !== 24) }]);
}

describe("reduceSize that is watched", () => {
  it("tells what has been removed, and stops where it is told to", async () => {
    const { memory, small, large, location } = cacheOf();
    for (let x = 0; x < 3000; x++) small(x);
    for (let x = 0; x < 5; x++) large(x);
    const before = memory.size();
    const controller = new AbortController();
    const told: number[] = [];
    const stopped = memory.reduceSize({
      limitItems: 0,
      signal: controller.signal,
      onProgress({ items }) {
        told.push(items);
        controller.abort(new Error("enough"));
      },
    });
    await expect(stopped).rejects.toThrow("enough");
    expect(told).toHaveLength(1);
    expect(told[0]).toBeGreaterThan(0);
    expect(memory.size().items).toBe(before.items - (told[0] as number));
    expect(memory.size().items).toBeGreaterThan(0);

    told.length = 0;
    const onProgress = ({ items }: { items: number }) => told.push(items);
    const { removed, remaining } = await memory.reduceSize({ limitItems: 3, onProgress });
    expect(remaining.items).toBe(3);
    expect(told.at(-1)).toBe(removed.items);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    const kept = [...memory.entries()].flatMap((info) => info.files);
    expect(files(location)).toHaveLength(kept.length);
  });

  it("that is aborted before does nothing", async () => {
    const { memory, small } = cacheOf();
    small(1);
    for (const dryRun of [true, false]) {
      const signal = AbortSignal.abort(new Error("never"));
      const reduced = memory.reduceSize({ limitItems: 0, signal, dryRun });
      await expect(reduced).rejects.toThrow("never");
    }
    expect(memory.size().items).toBe(1);
  });
});

describe("a cache of before there were limits", () => {
  it("is read, counted, and kept within them", async () => {
    const { memory, large, small, location } = cacheOf();
    for (let x = 0; x < 200; x++) small(x);
    for (let x = 0; x < 5; x++) large(x);
    await memory.reduceSize({ limitItems: 1000 });
    const before = memory.size();
    forgetBooks(location);
    expect(small(7)).toEqual(new Float64Array(50).fill(7));
    const after = new Memory(location);
    expect(await after.reduceSize({ limitItems: 1000 })).toEqual({
      removed: { items: 0, bytes: 0 },
      remaining: before,
    });
    forgetBooks(location);
    small.refresh(3);
    large.invalidate(2);
    expect((await new Memory(location).reduceSize({ limitItems: 100 })).removed.items).toBe(104);
    expect(memory.clear()).toBe(100);
    expect(memory.size()).toEqual({ items: 0, bytes: 0 });
  });
});
