/**
 * What joblib tests its Memory with on coroutine functions (joblib 1.6.0,
 * `joblib/test/test_memory_async.py`), asked of ours on functions that give promises. Each test has
 * the original's name. Of 5 originals, 2 are ported as they are meant and 3 are adapted; there is
 * none that does not apply:
 *
 * | original | here | why |
 * | --- | --- | --- |
 * | memory_integration_async | ported | ways of packing for compression and mapping |
 * | no_memory_async | ported | |
 * | memory_numpy_check_mmap_mode_async | adapted | no mapped files: a miss gives what a hit gives |
 * | call_and_shelve_async | adapted | `get` gives a promise, too; clearing as of synchronous functions |
 * | memorized_func_call_async | adapted | `refresh`, and `info` for the metadata |
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory, Shelved, StoreError } from "bloscache";
import { describe, expect, it } from "vitest";
import { Project, useCache } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

/** Elements of an array that has a file of its own. */
const LARGE = 5000;

describe("calling", () => {
  it("memory_integration_async: a function runs once for each argument", async () => {
    let runs = 0;
    const identity = new Memory(temporaryFolder()).memoize(async function identity(x: number) {
      await sleep(5);
      runs++;
      return x;
    });
    for (const x of [0, 1, 2]) {
      for (const _again of [0, 1]) {
        expect(await identity(x)).toBe(x);
        expect(runs).toBe(x + 1);
      }
    }
  });

  it("memory_integration_async: a folder that disappears is made again, and clearing forgets", async () => {
    const location = temporaryFolder();
    let runs = 0;
    async function filled(x: number) {
      await sleep(5);
      runs++;
      return new Float64Array(LARGE).fill(x);
    }
    const packings = [{}, { clevel: 0 }, { cname: "zstd" }, { shuffle: "noshuffle" }] as const;
    for (const packing of packings) {
      const memory = new Memory({ location, ...packing });
      rmSync(location, { recursive: true });
      const memoized = memory.memoize(filled);
      await memoized(1);
      memoized.clear();
      const before = runs;
      const result = await memoized(1);
      expect(runs).toBe(before + 1);
      expect(existsSync(memoized.info(1)?.files[0] as string)).toBe(true);
      // Memoized and called in one go.
      expect(await memory.memoize(filled)(1)).toEqual(result);
      expect(runs).toBe(before + 1);
    }
    await nextTurn();
    expect(warnings).toEqual([]);
  });

  it("memory_integration_async: a function of the main module", async () => {
    const project = new Project();
    const lines = [useCache, "const f = memory.memoize(async function f(x) { ran(); return x; })"];
    const calls = "[await f(1), await f(1)]";
    expect(await project.answer(...lines, calls)).toEqual({ result: [1, 1], runs: 1 });
    expect(await project.answer(...lines, calls)).toEqual({ result: [1, 1], runs: 0 });
  });
});

it("no_memory_async: without a folder every call is computed", async () => {
  let runs = 0;
  const memoized = new Memory(null).memoize(async function identity(x: number) {
    await sleep(5);
    runs++;
    return x;
  });
  for (const before of [0, 1, 2, 3]) {
    expect(await memoized(1)).toBe(1);
    expect(runs).toBe(before + 1);
  }
});

it("memory_numpy_check_mmap_mode_async: a miss and a hit give the same, and damage is computed anew", async () => {
  const twice = new Memory(temporaryFolder()).memoize(async function twice(array: Float64Array) {
    return array.map((x) => x * 2);
  });
  const ones = new Float64Array(LARGE).fill(1);
  const twos = new Float64Array(LARGE).fill(2);
  const [miss, hit] = [await twice(ones), await twice(ones)];
  expect([miss, hit]).toEqual([twos, twos]);
  // Either is its caller's own.
  miss.fill(7);
  hit.fill(8);
  expect(await twice(ones)).toEqual(twos);
  const files = twice.info(ones)?.files ?? [];
  expect(files).toHaveLength(1);
  writeFileSync(files[0] as string, "garbage");
  expect(await twice(ones)).toEqual(twos);
  await nextTurn();
  expect(warnings).toMatchObject([{ code: "CACHE_DAMAGED" }]);
  expect(twice.stats()).toMatchObject({ misses: { absent: 1, unreadable: 1 }, stores: 2 });
  expect(await twice(ones)).toEqual(twos);
  expect(twice.stats().stores).toBe(2);
});

describe("handles", () => {
  const counted = (memory: Memory) => {
    let runs = 0;
    const memoized = memory.memoize(async function squarePlus(x: number, y = 1) {
      await sleep(5);
      runs++;
      return x ** 2 + y;
    });
    return { memoized, runs: () => runs };
  };

  it("call_and_shelve_async: a result that is not loaded, until it is cleared", async () => {
    const { memoized, runs } = counted(new Memory(temporaryFolder()));
    let handle = await memoized.shelve(2);
    for (const _again of [0, 1]) {
      expect(handle).toBeInstanceOf(Shelved);
      expect(await handle.get()).toBe(5);
      handle = await memoized.shelve(2);
    }
    expect(runs()).toBe(1);
    expect(handle.clear()).toBe(true);
    await expect(handle.get()).rejects.toThrow(StoreError);
    expect(handle.clear()).toBe(false);
  });

  it("call_and_shelve_async: of a cache that is disabled, it is in memory", async () => {
    const { memoized, runs } = counted(new Memory(null));
    for (const run of [1, 2]) {
      const handle = await memoized.shelve(2);
      expect(handle).toBeInstanceOf(Shelved);
      expect(await handle.get()).toBe(5);
      expect(runs()).toBe(run);
      expect(handle.clear()).toBe(true);
      await expect(handle.get()).rejects.toThrow(StoreError);
    }
  });
});

it("memorized_func_call_async: refresh runs the function, and stores the new result", async () => {
  async function count(x: number, counter: Map<number, number>) {
    await sleep(5);
    const times = (counter.get(x) ?? 0) + 1;
    counter.set(x, times);
    return times;
  }
  const memoized = new Memory(temporaryFolder()).memoize(count, { ignore: [1] });
  const counter = new Map<number, number>();
  expect([await memoized(2, counter), await memoized(2, counter)]).toEqual([1, 1]);
  expect(await memoized.refresh(2, counter)).toBe(2);
  expect(await memoized(2, counter)).toBe(2);
  expect(memoized.info(2, counter)).toMatchObject({
    key: memoized.keyOf(2, counter),
    created: expect.any(Date),
    durationMs: expect.any(Number),
    isAsync: true,
  });
});
