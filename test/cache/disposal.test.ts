/** `using` and `await using`: what is pending is done at the end of the block, and what is open closed. */
import { existsSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory, type MemoryOptions } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

function cacheOf(options: Omit<MemoryOptions, "location"> = {}) {
  const location = join(temporaryFolder(), "cache");
  const memory = new Memory({ ...options, location });
  let runs = 0;
  const noise = memory.memoize(
    (x: number) => {
      runs++;
      return Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i * i + x));
    },
    { id: "noise", version: 1 },
  );
  return { location, memory, noise, runs: () => runs };
}

const unsynced = (location: string) =>
  readdirSync(join(location, "marks")).filter((name) => name.startsWith("unsynced"));

const files = (location: string) =>
  readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".blp"),
  );

/** Files of the folder that this process has open. */
function openIn(location: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(location) && path.endsWith(".blp") ? [path] : [];
    } catch {
      return []; // that of the listing itself
    }
  });
}

const ways = [
  ["Symbol.dispose", async (memory: Memory) => memory[Symbol.dispose]()],
  ["Symbol.asyncDispose", (memory: Memory) => memory[Symbol.asyncDispose]()],
] as const;

describe.each(ways)("%s of a Memory", (_name, dispose) => {
  it("has the disk take the index", async () => {
    const { location, memory, noise } = cacheOf();
    noise(1);
    expect(unsynced(location)).toHaveLength(process.platform === "linux" ? 1 : 0);
    await dispose(memory);
    expect(unsynced(location)).toEqual([]);
  });

  it("writes which results were used", async () => {
    const { location, memory, noise } = cacheOf();
    noise(1);
    await sleep(5);
    noise(2);
    await sleep(5);
    noise(1);
    await dispose(memory);
    await new Memory(location).reduceSize({ limitItems: 1, eviction: "lru" });
    expect([noise.has(1), noise.has(2)]).toEqual([true, false]);
  });

  it("brings the cache within its limits, files as well", async () => {
    const { location, memory, noise } = cacheOf({ limitItems: 10 });
    for (let x = 0; x < 11; x++) noise(x);
    await dispose(memory);
    const { items } = new Memory(location).size();
    expect(items).toBeLessThanOrEqual(10);
    expect(files(location)).toHaveLength(items);
  });

  it("may be repeated, and everything works as before", async () => {
    const { location, memory, noise, runs } = cacheOf();
    await dispose(memory);
    expect(existsSync(location)).toBe(false);
    const first = noise(1);
    await dispose(memory);
    await dispose(memory);
    expect(noise(1)).toEqual(first);
    noise(2);
    expect(runs()).toBe(2);
    expect(new Memory(location).size().items).toBe(2);
    expect(memory.stats()).toMatchObject({ hits: 1, stores: 2 });
    await dispose(memory);
    rmSync(location, { recursive: true });
    noise(1);
    expect(runs()).toBe(3);
    expect(memory.size().items).toBe(1);
    await nextTurn();
    expect(warnings).toEqual([]);
  });

  it("is nothing where the cache is disabled, or only read", async () => {
    await dispose(new Memory(null));
    const { location, noise } = cacheOf();
    noise(1);
    const reading = new Memory({ location, readOnly: true });
    expect([...reading.entries()]).toHaveLength(1);
    await dispose(reading);
    expect([...reading.entries()]).toHaveLength(1);
  });
});

describe("await using", () => {
  it("waits for what is being computed and stored", async () => {
    const { memory, location } = cacheOf();
    const later = memory.memoize(async (x: number) => sleep(50, new Float64Array(5000).fill(x)), {
      id: "later",
      version: 1,
    });
    const series = memory.incremental({
      id: "series",
      dtype: "<f8",
      async *extend({ from, to }) {
        for (let at = from; at < to; at += 10) yield sleep(5, new Float64Array(10).fill(at));
      },
    });
    {
      await using own = memory;
      later(1);
      later(2);
      series("a", { length: 100 });
      expect(own.size().items).toBe(0);
    }
    expect([later.has(1), later.has(2), series.lengthOf("a")]).toEqual([true, true, 100]);
    expect(unsynced(location)).toEqual([]);
  });

  it("waits for a result that is computed again in the background", async () => {
    const { memory } = cacheOf();
    let runs = 0;
    const fresh = memory.memoize(async () => sleep(30, ++runs), {
      ...{ id: "fresh", version: 1, ttlMs: 20, staleWhileRevalidateMs: 60_000 },
    });
    await fresh();
    await sleep(40);
    expect(await fresh()).toBe(1);
    await memory[Symbol.asyncDispose]();
    expect(fresh.stats().stores).toBe(2);
  });

  it("leaves the thread to others while results are removed", async () => {
    const { location, memory, noise } = cacheOf({ limitItems: 10 });
    for (let x = 0; x < 11; x++) noise(x);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await memory[Symbol.asyncDispose]();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(5);
    expect(files(location)).toHaveLength(new Memory(location).size().items);
  });

  it("waits for failures too, and throws none", async () => {
    const { memory } = cacheOf();
    const fails = memory.memoize(
      async () => sleep(20).then(() => Promise.reject(new Error("no"))),
      {
        id: "fails",
      },
    );
    const call = fails();
    await memory[Symbol.asyncDispose]();
    await expect(call).rejects.toThrow("no");
  });
});

it("a process may end at once after it, and its uses are there", async () => {
  const { location } = cacheOf();
  await inChild(`
    import { Memory } from "bloscache";
    const memory = new Memory(${JSON.stringify(location)});
    const fn = memory.memoize((x) => new Float64Array(3000).fill(x), { id: "fn", version: 1 });
    for (const x of [1, 2]) { fn(x); await new Promise((resolve) => setTimeout(resolve, 5)); }
    fn(1);
    memory[Symbol.dispose]();
    process.stdout.write("0", () => process.kill(process.pid, "SIGKILL"));`).catch(
    ({ signal }: { signal: string }) => expect(signal).toBe("SIGKILL"),
  );
  const memory = new Memory(location);
  const fn = memory.memoize((x: number) => x as unknown, { id: "fn", version: 1 });
  await memory.reduceSize({ limitItems: 1, eviction: "lru" });
  expect([fn.has(1), fn.has(2)]).toEqual([true, false]);
});

describe("a handle that is disposed of", () => {
  const ramp = (n: number) => Float64Array.from({ length: n }, (_, i) => i);
  const refusal = new TypeError("The handle has been disposed of");

  it("reads no more; what is stored stays", () => {
    const { memory } = cacheOf();
    const fn = memory.memoize(ramp, { id: "ramp" });
    const sum = memory.memoize((handle: { readonly key: string }) => handle.key.length, {
      id: "sum",
    });
    const handle = fn.shelve(100_000);
    {
      using own = handle;
      expect(own.slice(0, 2)).toEqual(Float64Array.of(0, 1));
      sum(own);
    }
    handle[Symbol.dispose]();
    expect(() => handle.get()).toThrow(refusal);
    expect(() => handle.slice(1)).toThrow(refusal);
    expect(() => handle.chunks().next()).toThrow(refusal);
    expect(handle.info()).toEqual(fn.info(100_000));
    expect(handle.arrays()).toHaveLength(1);
    expect(sum.has(handle)).toBe(true);
    expect(memory.unshelve(handle.toJSON()).get()).toEqual(ramp(100_000));
    expect(fn.stats().misses.absent).toBe(1);
  });

  it("keeps no result that could not be stored", () => {
    const memory = new Memory(null);
    const handle = memory.memoize(ramp, { id: "ramp" }).shelve(10);
    expect(handle.get()).toEqual(ramp(10));
    handle[Symbol.dispose]();
    expect(() => handle.get()).toThrow(refusal);
  });

  it.runIf(process.platform === "linux")("closes the files of its parts", async () => {
    const { memory, location } = cacheOf();
    const handle = memory.memoize(ramp, { id: "ramp" }).shelve(500_000);
    const loops = [handle.chunks(), handle.chunks()];
    for (const loop of loops) loop.next();
    expect(openIn(location)).toHaveLength(2);
    handle[Symbol.dispose]();
    expect(openIn(location)).toEqual([]);
    expect(() => loops[0]?.next()).toThrow(refusal);
    const later = await memory
      .memoize(async (n: number) => ramp(n), { id: "later" })
      .shelve(500_000);
    const loop = later.chunks();
    await loop.next();
    expect(openIn(location)).toHaveLength(1);
    await later[Symbol.asyncDispose]();
    expect(openIn(location)).toEqual([]);
    await expect(loop.next()).rejects.toThrow(refusal);
    await expect(later.get()).rejects.toThrow(refusal);
  });

  it.runIf(process.platform === "linux")("has each loop close its file by itself", async () => {
    const { memory, location } = cacheOf();
    const handle = memory.memoize(ramp, { id: "ramp" }).shelve(500_000);
    {
      using parts = handle.chunks();
      parts.next();
      expect(openIn(location)).toHaveLength(1);
    }
    expect(openIn(location)).toEqual([]);
    expect(handle.slice(0, 1)).toEqual(Float64Array.of(0));
  });
});

describe("memoized generators", () => {
  it.each([false, true])("let others store when they are disposed of; disabled: %s", (disabled) => {
    const memory = new Memory(disabled ? null : temporaryFolder());
    let isClosed = false;
    function* counting() {
      try {
        for (let n = 0; ; n++) yield Float64Array.of(n);
      } finally {
        isClosed = true;
      }
    }
    const memoized = memory.memoize(counting, { id: "counting" });
    const generator = memoized();
    for (let n = 0; n < 3; n++) generator.next();
    // Types of Node 20 do not know it of generators.
    (generator as typeof generator & Disposable)[Symbol.dispose]();
    expect(isClosed).toBe(true);
    expect(generator.next().done).toBe(true);
    expect(memoized.info()?.nbytes).toBe(disabled ? undefined : 24);
  });

  it.each([false, true])("asynchronous ones too; disabled: %s", async (disabled) => {
    const memory = new Memory(disabled ? null : temporaryFolder());
    async function* counting() {
      for (let n = 0; ; n++) yield Float64Array.of(n);
    }
    const memoized = memory.memoize(counting, { id: "counting" });
    const generator = memoized();
    for (let n = 0; n < 3; n++) await generator.next();
    await (generator as typeof generator & AsyncDisposable)[Symbol.asyncDispose]();
    expect((await generator.next()).done).toBe(true);
    expect(memoized.info()?.nbytes).toBe(disabled ? undefined : 24);
  });
});
