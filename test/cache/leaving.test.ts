/** AbortSignals: how one of several callers leaves, and when the work stops. */
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

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
    // What was computed in vain is not computed again.
    expect(await deaf(1)).toBe(1);
    expect(runs).toBe(1);
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
