/** AbortSignals: how one of several callers leaves, and when the work stops. */
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

interface Options {
  readonly signal?: AbortSignal;
}

/** A slow function that stops when it is told to, and what became of its runs. */
function slow(options: object = {}) {
  const runs: string[] = [];
  const work = async (x: number, { signal }: Options = {}) => {
    const n = runs.push("running") - 1;
    try {
      await sleep(100, undefined, signal === undefined ? {} : { signal });
      runs[n] = "done";
      return new Float64Array(5000).fill(x);
    } catch (error) {
      runs[n] = "stopped";
      throw error;
    }
  };
  const memory = new Memory(temporaryFolder());
  return { fn: memory.memoize(work, { id: "slow", ...options }), runs };
}

const left = new Error("left");

/** A caller's signal, and how it leaves. */
function caller() {
  const controller = new AbortController();
  return { signal: controller.signal, leave: () => controller.abort(left) };
}

describe("a caller who leaves", () => {
  it("is rejected with its reason, and the others get the result", async () => {
    const { fn, runs } = slow();
    const [first, second] = [caller(), caller()];
    const calls = [fn(1, { signal: first.signal }), fn(1, { signal: second.signal }), fn(1, {})];
    await sleep(10);
    first.leave();
    await expect(calls[0]).rejects.toBe(left);
    second.leave();
    await expect(calls[1]).rejects.toBe(left);
    expect((await calls[2])?.[0]).toBe(1);
    expect(runs).toEqual(["done"]);
    expect(fn.has(1, {})).toBe(true);
  });

  it("stops the work when it is the last, and who comes after begins anew", async () => {
    const { fn, runs } = slow({ cacheErrors: true });
    const all = [caller(), caller(), caller()];
    const calls = all.map(({ signal }) => fn(1, { signal }));
    await sleep(10);
    for (const { leave } of all) leave();
    const late = fn(1, {});
    for (const call of calls) await expect(call).rejects.toBe(left);
    expect((await late)[0]).toBe(1);
    expect(runs).toEqual(["stopped", "done"]);
  });

  it("may leave before it comes, and gets what is stored all the same", async () => {
    const { fn, runs } = slow();
    const gone = { signal: AbortSignal.abort(left) };
    await expect(fn(1, gone)).rejects.toBe(left);
    expect(runs).toEqual([]);
    await fn(1, {});
    expect((await fn(1, gone))[0]).toBe(1);
  });

  it("does not stop what is computed behind a result that is too old", async () => {
    const { fn, runs } = slow({ ttlMs: 0, staleWhileRevalidateMs: 3_600_000 });
    await fn(1, {});
    await sleep(5);
    const passer = caller();
    await fn(1, { signal: passer.signal });
    passer.leave();
    await expect.poll(() => runs).toEqual(["done", "done"]);
  });

  it("leaves a function that is not declared async, and one that gives no heed", async () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const deaf = memory.memoize(
      (x: number, _signal?: AbortSignal) => {
        runs++;
        return sleep(50, x);
      },
      { id: "deaf" },
    );
    const passer = caller();
    const call = deaf(1, passer.signal);
    passer.leave();
    await expect(call).rejects.toBe(left);
    // What it gave after it was told to stop may be a part.
    expect(await deaf(1)).toBe(1);
    expect(runs).toBe(2);
  });
});

it("a synchronous function sees whether its caller is gone", () => {
  const memory = new Memory(temporaryFolder());
  const seen: boolean[] = [];
  const fn = memory.memoize(
    (x: number, { signal }: Options) => {
      seen.push(signal?.aborted === true);
      return x;
    },
    { id: "sync" },
  );
  expect(fn(1, { signal: AbortSignal.abort() })).toBe(1);
  expect(fn(2, { signal: new AbortController().signal })).toBe(2);
  expect(seen).toEqual([true, false]);
});

describe("what is cut short is nobody else's", () => {
  /** Counts until it is told to stop, and gives what it has. */
  const counting = async (n: number, { signal }: Options) => {
    let sum = 0;
    for (let i = 0; i < n && signal?.aborted !== true; i++) {
      sum++;
      await sleep(5);
    }
    return sum;
  };

  it("a part of a result is not stored, and who comes after it gets the whole", async () => {
    const count = new Memory(temporaryFolder()).memoize(counting, { id: "count" });
    const only = caller();
    const call = count(20, { signal: only.signal });
    await sleep(20);
    only.leave();
    const late = count(20, {});
    await expect(call).rejects.toBe(left);
    expect(await late).toBe(20);
    expect(await count(20, {})).toBe(20);
  });

  it("nor is an error, wherever the signal stands", async () => {
    const memory = new Memory(temporaryFolder());
    const nested = memory.memoize(
      async (job: { id: number; by: Map<string, AbortSignal> }) => {
        await sleep(40);
        for (const signal of job.by.values()) signal.throwIfAborted();
        return "done";
      },
      { id: "nested", cacheErrors: true },
    );
    const first = caller();
    const calls = [
      nested({ id: 1, by: new Map([["a", first.signal]]) }),
      nested({ id: 1, by: new Map() }),
    ];
    first.leave();
    const [gone, stays] = await Promise.allSettled(calls);
    expect(gone).toEqual({ status: "rejected", reason: left });
    expect(stays).toEqual({ status: "fulfilled", value: "done" });
  });

  it("a signal deep in options is replaced as one at the top is, and all else is as it was", async () => {
    const tag = Symbol("tag");
    const seen: unknown[] = [];
    const fn = new Memory(temporaryFolder()).memoize(
      async (job: { readonly deep: readonly [{ readonly signal: AbortSignal }] }) => {
        seen.push(job);
        await sleep(30, undefined, { signal: job.deep[0].signal });
        return 1;
      },
      { id: "deep" },
    );
    const [first, second] = [caller(), caller()];
    const inner = Object.create(null, {
      signal: { value: first.signal, enumerable: true },
      hidden: { value: 1, enumerable: false },
      [tag]: { value: 2, enumerable: false },
    }) as { signal: AbortSignal };
    const calls = [fn({ deep: [inner] }), fn({ deep: [{ signal: second.signal }] })];
    first.leave();
    await expect(calls[0]).rejects.toBe(left);
    expect(await calls[1]).toBe(1);
    const given = (seen[0] as { deep: [{ signal: AbortSignal; hidden: number; [tag]: number }] })
      .deep[0];
    expect(seen).toHaveLength(1);
    expect(given.signal).not.toBe(first.signal);
    expect([Object.getPrototypeOf(given), given.hidden, given[tag]]).toEqual([null, 1, 2]);
  });

  it("what is thrown at once at a caller who has left is not stored", async () => {
    const fn = new Memory(temporaryFolder()).memoize(
      (x: number, { signal }: Options) => {
        signal?.throwIfAborted();
        return Promise.resolve(2 * x);
      },
      { id: "fn", cacheErrors: true },
    );
    expect(() => fn(1, { signal: AbortSignal.abort(left) })).toThrow("left");
    expect(await fn(1, {})).toBe(2);
  });

  it("a result of arguments that changed is for the caller who changed them", async () => {
    const fn = new Memory(temporaryFolder()).memoize(
      async (a: number[]) => {
        await sleep(20);
        if (a[0] === 3) throw new Error("three");
        return a[0];
      },
      { id: "fn" },
    );
    for (const changed of [2, 3]) {
      const a = [1];
      const mine = fn(a).catch((error: Error) => error.message);
      a[0] = changed;
      expect(await fn([1])).toBe(1);
      expect(await mine).toBe(changed === 2 ? 2 : "three");
      fn.clear();
    }
  });
});

it("many calls may leave by one signal, without a warning", async () => {
  const { fn, runs } = slow();
  const crowd = caller();
  const calls = Array.from({ length: 50 }, (_, n) => fn(n % 25, { signal: crowd.signal }));
  crowd.leave();
  for (const call of calls) await expect(call).rejects.toBe(left);
  await expect.poll(() => new Set(runs)).toEqual(new Set(["stopped"]));
  await nextTurn();
  expect(warnings).toEqual([]);
});
