/** Errors that are stored and thrown again, where cacheErrors says so. */
import { setTimeout as sleep } from "node:timers/promises";
import { type MemoizeOptions, Memory, StoreError } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

const failure = () =>
  Object.assign(new RangeError("too large", { cause: new Error("why") }), { code: "E_LARGE" });

/** A function that throws what `outcome` holds where that is an error, and how often it ran. */
function failing(options: MemoizeOptions<(x: number) => unknown>) {
  const state = { runs: 0, outcome: failure() as unknown };
  const give = (_x: number): unknown => {
    state.runs++;
    if (state.outcome instanceof Error) throw state.outcome;
    return state.outcome;
  };
  const memory = new Memory(temporaryFolder());
  const fn = memory.memoize(give, { id: "give", version: "1", ...options });
  return { fn, state, memory };
}

/** What a call throws. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("of a synchronous function", () => {
  it("an error is thrown again, whole, and not the same object", () => {
    const { fn, state } = failing({ cacheErrors: true });
    const first = thrownBy(() => fn(1));
    expect(first).toBe(state.outcome);
    const again = thrownBy(() => fn(1)) as RangeError;
    expect(again).not.toBe(first);
    expect(again).toBeInstanceOf(RangeError);
    expect(again).toMatchObject({ message: "too large", code: "E_LARGE" });
    expect(again.stack).toBe((first as Error).stack);
    expect(again.cause).toEqual(new Error("why"));
    expect(state.runs).toBe(1);
    expect([fn.has(1), fn.peek(1), fn.info(1)?.threw]).toEqual([true, undefined, true]);
    expect(fn.explain(1)).toMatchObject({ reason: "hit", text: expect.stringContaining("error") });
    expect(fn.stats()).toMatchObject({ hits: 1, stores: 1 });
    expect(() => fn.shelve(1)).toThrow("too large");
    expect(state.runs).toBe(1);
  });

  it("none is stored unless that is asked for, and none given when it no longer is", async () => {
    const { fn, state } = failing({});
    for (const _ of [1, 2]) expect(() => fn(1)).toThrow("too large");
    expect([state.runs, fn.has(1)]).toEqual([2, false]);
    const asked = failing({ cacheErrors: true });
    const { location } = asked.memory;
    expect(() => asked.fn(1)).toThrow("too large");
    const source = `
      import { Memory } from "bloscache";
      const memory = new Memory(${JSON.stringify(location)});
      const fn = memory.memoize((x) => x + 6, { id: "give", version: "1" });
      console.log(JSON.stringify([fn.explain(1).reason, fn(1), fn(1), fn.stats().misses.rejected]));`;
    expect(await inChild(source)).toEqual(["rejected", 7, 7, 1]);
  });

  it("has a time of its own", async () => {
    const { fn, state } = failing({ ttlMs: 3_600_000, cacheErrors: { ttlMs: 20 } });
    expect(() => fn(1)).toThrow("too large");
    await sleep(40);
    state.outcome = "fine";
    expect(fn.explain(1)).toMatchObject({ reason: "expired", text: /error is too old/ });
    expect([fn(1), fn(1), state.runs]).toEqual(["fine", "fine", 2]);
    expect(fn.info(1)?.threw).toBe(false);
  });

  it("is stored when `when` says so, and never when somebody gave up", async () => {
    const { fn, state } = failing({
      cacheErrors: { when: (error) => (error as Error).message === "for good" },
    });
    state.outcome = new Error("for now");
    for (const _ of [1, 2]) expect(() => fn(1)).toThrow("for now");
    state.outcome = new Error("for good");
    for (const _ of [1, 2]) expect(() => fn(1)).toThrow("for good");
    expect(state.runs).toBe(3);
    const aborted = failing({ cacheErrors: true });
    aborted.state.outcome = AbortSignal.abort().reason;
    for (const _ of [1, 2]) expect(() => aborted.fn(1)).toThrow(/aborted/);
    expect(aborted.state.runs).toBe(2);
    const broken = failing({
      cacheErrors: {
        when: () => {
          throw new Error("no opinion");
        },
      },
    });
    expect(() => broken.fn(1)).toThrow("too large");
    await nextTurn();
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("no opinion")]);
  });

  it("takes the place of no result that may be used", async () => {
    const { fn, state } = failing({ cacheErrors: true });
    state.outcome = "good";
    const handle = fn.shelve(1);
    state.outcome = failure();
    expect(() => fn.refresh(1)).toThrow("too large");
    expect([fn(1), handle.get()]).toEqual(["good", "good"]);
    fn.invalidate(1);
    expect(() => fn(1)).toThrow("too large");
    expect(() => handle.get()).toThrow(StoreError);
    expect(fn.set([1], "set")).toBe(true);
    expect(fn(1)).toBe("set");
  });

  it("of a class that cannot be restored is thrown, and not stored", async () => {
    class HttpError extends Error {}
    const { fn, state } = failing({ cacheErrors: true });
    state.outcome = new HttpError("404");
    for (const _ of [1, 2]) expect(thrownBy(() => fn(1))).toBeInstanceOf(HttpError);
    expect(state.runs).toBe(2);
    await nextTurn();
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("HttpError")]);
  });

  it("may be anything that can be thrown", () => {
    const memory = new Memory(temporaryFolder());
    const options = { id: "throws", cacheErrors: true } as const;
    const throws = memory.memoize((x: unknown) => {
      throw x;
    }, options);
    for (const x of [undefined, null, 0, "text", { array: new Float64Array(20_000).fill(3) }]) {
      expect(thrownBy(() => throws(x))).toBe(x);
      expect(thrownBy(() => throws(x))).toEqual(x);
    }
    expect(throws.stats()).toMatchObject({ hits: 5 });
  });
});

describe("of an asynchronous function", () => {
  it("an error rejects again, for each caller with its own", async () => {
    const memory = new Memory(temporaryFolder());
    let runs = 0;
    const reject = memory.memoize(
      async (_x: number) => {
        runs++;
        await sleep(5);
        throw failure();
      },
      { id: "reject", cacheErrors: true },
    );
    const errors = await Promise.all(Array.from({ length: 4 }, () => reject(1).catch((e) => e)));
    expect(new Set(errors).size).toBe(4);
    for (const error of errors) expect(error).toMatchObject({ code: "E_LARGE" });
    await expect(reject(1)).rejects.toThrow("too large");
    await expect(reject.shelve(1)).rejects.toThrow("too large");
    expect([runs, await reject.peek(1)]).toEqual([1, undefined]);
  });

  it("takes no place of the old one while that may be given once more", async () => {
    const memory = new Memory(temporaryFolder());
    let outcome: unknown = "old";
    const fn = memory.memoize(
      async (_x: number) => {
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
      {
        id: "grace",
        ttlMs: 0,
        staleWhileRevalidateMs: 3_600_000,
        cacheErrors: { ttlMs: 3_600_000 },
      },
    );
    await fn(1);
    await sleep(5);
    outcome = failure();
    for (const _ of [1, 2, 3]) {
      expect(await fn(1)).toBe("old");
      await sleep(5);
    }
  });
});

it("is thrown in another process", async () => {
  const location = temporaryFolder();
  const source = `
    import { Memory } from "bloscache";
    const fn = new Memory(${JSON.stringify(location)}).memoize(() => {
      throw new TypeError("made by " + process.pid);
    }, { id: "pid", version: "1", cacheErrors: true });
    try { fn(); } catch (error) { console.log(JSON.stringify([error.name, error.message])); }`;
  expect(await inChild(source)).toEqual(await inChild(source));
});

it("is an option that is checked", () => {
  const memory = new Memory(temporaryFolder());
  for (const cacheErrors of ["yes", null, 1, { ttl: 1 }, { ttlMs: -1 }, { when: 1 }]) {
    const options = { id: "x", cacheErrors } as never;
    expect(() => memory.memoize((x: number) => x, options)).toThrow(/cacheErrors/);
  }
});
