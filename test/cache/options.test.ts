/** Options of memoize: what of a call counts, how long its result is used, what is kept. */
import { spawnSync } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setTimeout as sleep } from "node:timers/promises";
import { runInNewContext } from "node:vm";
import {
  type CacheEvent,
  expiresAfter,
  type MemoizeOptions,
  Memory,
  type PackingOption,
} from "bloscache";
import { readInfo } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

// biome-ignore lint/suspicious/noExplicitAny: the tests pass arguments of all kinds
type Any = any;

/** A function of anything under some options, and how often it ran. */
function counted(options: MemoizeOptions<(...args: Any[]) => number>, memory = anyMemory()) {
  let runs = 0;
  const call = memory.memoize((..._args: Any[]): number => ++runs, { id: "call", ...options });
  return { call, runs: () => runs };
}

const anyMemory = () => new Memory(temporaryFolder());

describe("ignore", () => {
  it("leaves out arguments by position, and fields by path", () => {
    const { call, runs } = counted({ ignore: [1, "2.debug", "2.deep.log", "3.0"] });
    const first = call(1, "x", { debug: true, a: 1, deep: { log: 1, b: 2 } }, [1, 2]);
    expect(call(1, "y", { a: 1, debug: false, deep: { b: 2 } }, [9, 2])).toBe(first);
    expect(call(1, undefined, { a: 1, deep: { b: 2 } }, [undefined, 2])).toBe(first);
    expect(runs()).toBe(1);
    call(2, "x", { debug: true, a: 1, deep: { log: 1, b: 2 } }, [1, 2]);
    call(1, "x", { debug: true, a: 2, deep: { log: 1, b: 2 } }, [1, 2]);
    call(1, "x", { debug: true, a: 1, deep: { log: 1, b: 3 } }, [1, 2]);
    call(1, "x", { debug: true, a: 1, deep: { log: 1, b: 2 } }, [1, 3]);
    expect(runs()).toBe(5);
  });

  it("may name what cannot be hashed", () => {
    const { call, runs } = counted({ ignore: [0, "1.log"] });
    call(() => 1, { log: console.log, x: 1 });
    call(() => 2, { log: console.error, x: 1 });
    expect(runs()).toBe(1);
    expect(() => call(1, { other: console.log })).toThrow(/args\[1\].other/);
  });

  it("does not touch what the function gets", () => {
    const seen: unknown[] = [];
    const memoized = anyMemory().memoize((o: { debug?: boolean }) => seen.push(o), {
      id: "seen",
      ignore: ["0.debug"],
    });
    const argument = { debug: true };
    memoized(argument);
    expect(seen).toEqual([{ debug: true }]);
    expect(seen[0]).toBe(argument);
  });

  it("leaves everything else as it was: holes, named fields, __proto__, other realms", () => {
    const named = (list: unknown[], field: unknown) => Object.assign([...list], { groups: field });
    const withHole = [1, 2, 3];
    delete withHole[1];
    const proto = (text: string) => JSON.parse(`{"__proto__": ${text}, "debug": 1}`);
    const pairs: [ignore: string, a: unknown, b: unknown][] = [
      ["0.groups", named([1, 2], "x"), named([7, 2], "x")],
      ["0.length", [1, 2], [7, 2]],
      ["0.1", named([1, 2], 1), named([1, 2], 2)],
      ["0.0", withHole, [1, undefined, 3]],
      ["0.debug", proto("1"), proto("2")],
    ];
    for (const [path, a, b] of pairs) {
      const { call } = counted({ ignore: [path] });
      expect(call.keyOf(a), path).not.toBe(call.keyOf(b));
      expect(call.keyOf(a), path).toBe(call.keyOf(structuredClone(a)));
    }
    const { call } = counted({ ignore: ["0.log"] });
    const foreign = runInNewContext("({ log: () => 1, x: 1 })");
    expect(call.keyOf(foreign)).toBe(call.keyOf(Object.freeze({ x: 1, log: 2 })));
  });

  it("passes over what is not there, and over classes", () => {
    const { call, runs } = counted({ ignore: [5, "0.a.b", "1.size"] });
    for (const args of [[1], [{ a: 1 }], [null], ["text"], [0, new Map([["size", 1]])]])
      call(...args);
    call(0, new Map([["size", 2]]));
    expect(runs()).toBe(6);
  });
});

describe("normalize and key", () => {
  it("say what counts, and the function gets what was passed", () => {
    const seen: number[] = [];
    const rounded = anyMemory().memoize((x: number) => seen.push(x), {
      id: "rounded",
      normalize: ([x]) => [Math.round(x)],
    });
    expect([rounded(1.2), rounded(0.9), rounded(1.6)]).toEqual([1, 1, 2]);
    expect(seen).toEqual([1.2, 1.6]);
    const { call, runs } = counted({ key: (o: { id: number }) => o.id });
    call({ id: 1, connection: () => undefined });
    call({ id: 1 });
    call({ id: 2 });
    expect(runs()).toBe(2);
  });

  it("a key of other options is another key: the same values mean something else", () => {
    const memory = anyMemory();
    const keys = [
      {},
      { ignore: [1] },
      { ignore: [2] },
      { ignore: ["1.a"] },
      { normalize: (args: Any) => args },
      { key: (x: Any) => x },
      { key: (x: Any) => x + 0 },
    ].map((options, i) => {
      const fn = memory.memoize((x: number) => x, { id: `f${i}`, ...options });
      const same = new Memory(temporaryFolder()).memoize((x: number) => x, { id: "f", ...options });
      expect(fn.keyOf(1)).not.toBe(same.keyOf(1));
      return same.keyOf(1);
    });
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("pass on what they throw, and refuse what they cannot give", () => {
    const failing = () => {
      throw new RangeError("no key");
    };
    expect(() => counted({ key: failing }).call(1)).toThrow("no key");
    expect(() => counted({ key: () => failing }).call(1)).toThrow(/args\[0\]/);
    expect(() => counted({ normalize: () => 1 as never }).call(1)).toThrow(/normalize.*array/);
  });
});

describe("age", () => {
  it("ttlMs: older results are computed again", async () => {
    const memory = anyMemory();
    let runs = 0;
    const next = (_x: number) => ++runs;
    const hour = memory.memoize(next, { id: "next", ttlMs: 3_600_000 });
    const none = memory.memoize(next, { id: "next", ttlMs: 0 });
    expect([hour(1), hour(1)]).toEqual([1, 1]);
    await sleep(5);
    expect([hour.has(1), none.has(1)]).toEqual([true, false]);
    expect([hour.peek(1), none.peek(1)]).toEqual([1, undefined]);
    expect(none.info(1)).toEqual(hour.info(1));
    expect([none(1), hour(1)]).toEqual([2, 2]);
    // One function, memoized twice.
    expect(none.stats().misses).toMatchObject({ absent: 1, expired: 1 });
    expect(none.stats()).toEqual(hour.stats());
  });

  it("with({ maxAgeMs }): for one call", async () => {
    const { call, runs } = counted({});
    call(1);
    await sleep(20);
    expect(call.with({ maxAgeMs: 60_000 })(1)).toBe(1);
    expect(call.with({ maxAgeMs: 10 })(1)).toBe(2);
    expect(call(1)).toBe(2);
    expect(runs()).toBe(2);
  });

  it("asynchronous calls that come together share what one of them computes", async () => {
    let runs = 0;
    const fn = anyMemory().memoize(
      async (x: number) => {
        runs++;
        await sleep(20);
        return Float64Array.of(x);
      },
      { id: "together", ttlMs: 0 },
    );
    await Promise.all([fn(1), fn(1), fn(1)]);
    expect(runs).toBe(1);
    await sleep(5);
    await Promise.all([fn(1), fn(1)]);
    expect(runs).toBe(2);
  });

  it("staleWhileRevalidateMs: the old result at once, the new one for the next", async () => {
    let runs = 0;
    const gate: (() => void)[] = [];
    const next = async (_x: number) => {
      runs++;
      if (runs > 1) await new Promise<void>((resolve) => gate.push(resolve));
      return runs;
    };
    const options = { id: "next", ttlMs: 0, staleWhileRevalidateMs: 3_600_000 };
    const fn = anyMemory().memoize(next, options);
    expect(await fn(1)).toBe(1);
    await sleep(5);
    // Both before the new one is there; it is computed once.
    expect(await Promise.all([fn(1), fn(1)])).toEqual([1, 1]);
    expect(runs).toBe(2);
    const strict = fn.with({ maxAgeMs: 0 })(1);
    gate[0]?.();
    expect(await strict).toBe(2);
    await sleep(5);
    expect(await fn.peek(1)).toBeUndefined();
    expect(fn.info(1)).toBeDefined();
  });

  it("a failure to compute again is a warning, and the old result stays", async () => {
    let fails = false;
    const memoized = anyMemory().memoize(
      async (x: number) => {
        if (fails) throw new Error("service is down");
        return x;
      },
      { id: "service", ttlMs: 0, staleWhileRevalidateMs: 3_600_000 },
    );
    await memoized(1);
    await sleep(5);
    fails = true;
    expect(await memoized(1)).toBe(1);
    await sleep(5);
    expect(await memoized(1)).toBe(1);
    await nextTurn();
    expect(warnings).toMatchObject([{ code: "REVALIDATION_FAILED" }]);
    expect(warnings[0]?.message).toContain("service is down");
  });

  it("validate: is asked with what is known", () => {
    const seen: unknown[] = [];
    let fine = true;
    const { call, runs } = counted({
      validate: (info) => {
        seen.push(info);
        return fine;
      },
    });
    call(1);
    expect(seen).toEqual([]);
    call(1);
    expect(seen).toEqual([call.info(1)]);
    fine = false;
    call(1);
    expect(runs()).toBe(2);
    expect(call.stats().misses.rejected).toBe(1);
  });

  it("staleWhileRevalidateMs: not what validate refuses, and of every kind of promise", async () => {
    let [runs, fine] = [0, true];
    const options = { ttlMs: 0, staleWhileRevalidateMs: 3_600_000, validate: () => fine };
    const fn = anyMemory().memoize((_x: number) => Promise.resolve(++runs), {
      id: "f",
      ...options,
    });
    expect(await fn(1)).toBe(1);
    await sleep(5);
    expect(await fn(1)).toBe(1);
    await sleep(5);
    expect(runs).toBe(2);
    fine = false;
    expect(await fn(1)).toBe(3);
  });

  it("validate: is asked once by an asynchronous hit, too", async () => {
    let asked = 0;
    const validate = () => ++asked > 0;
    const fn = anyMemory().memoize(async (x: number) => x, { id: "asked", validate });
    await fn(1);
    await fn(1);
    expect(asked).toBe(1);
  });

  it("expiresAfter adds its units up", () => {
    const at = (ms: number) => ({ created: new Date(Date.now() - ms) }) as never;
    const hour = 3_600_000;
    expect(expiresAfter({ hours: 1 })(at(hour - 5000))).toBe(true);
    expect(expiresAfter({ hours: 1 })(at(hour + 5000))).toBe(false);
    const span = expiresAfter({ days: 1, hours: 2, minutes: 3, seconds: 4 });
    const ms = 26 * hour + 3 * 60_000 + 4000;
    expect([span(at(ms - 2000)), span(at(ms + 2000))]).toEqual([true, false]);
    expect(() => expiresAfter({ weeks: 1 } as never)).toThrow(/weeks/);
    expect(() => expiresAfter({ days: -1 })).toThrow(/days/);
    expect(() => expiresAfter({ hours: undefined, seconds: 1 } as never)).toThrow(/hours/);
  });
});

describe("shouldCache", () => {
  it("keeps a result out of the cache", async () => {
    const seen: number[] = [];
    const options = {
      shouldCache: (result: number, { durationMs }: { durationMs: number }) => {
        seen.push(durationMs);
        return result % 2 === 0;
      },
    };
    const { call, runs } = counted(options);
    call("a");
    expect(call.has("a")).toBe(false);
    expect(call("a")).toBe(2);
    expect(call("a")).toBe(2);
    expect(runs()).toBe(2);
    expect(seen).toHaveLength(2);
    const later = anyMemory().memoize(async (x: number) => x, { id: "later", ...options });
    await later(1);
    await later(2);
    expect([later.has(1), later.has(2)]).toEqual([false, true]);
  });
});

describe("code", () => {
  const one = (x: number) => x + 1;
  const two = (x: number) => x + 1 + 0;
  /** Two programs, of which the second has other code under the same id. */
  const results = (code: "key" | "warn" | "ignore") => {
    const folder = temporaryFolder();
    const run = (source: string) =>
      spawnSync(process.execPath, [
        "--input-type=module",
        "-e",
        `import { Memory } from "bloscache";
         const memory = new Memory(${JSON.stringify(folder)});
         const f = memory.memoize(${source}, { id: "f", code: ${JSON.stringify(code)} });
         f(1);
         console.log(f.stats().hits, f.info(1).version.slice(0, 2), f.explain(2).reason);`,
      ]);
    expect(run(String(one)).stdout.toString()).toMatch(/^0 /);
    const { stdout, stderr } = run(String(two));
    return [stdout.toString().trim(), /CODE_CHANGED/.test(stderr.toString())];
  };

  it("counts, is watched, or does not count", () => {
    expect(results("key")).toEqual(["0 f: arguments", false]);
    expect(results("warn")).toEqual(["1 an arguments", true]);
    expect(results("ignore")).toEqual(["1 an arguments", false]);
  });

  it("of a native function cannot be watched, but ignored", () => {
    const memory = anyMemory();
    const native = one.bind(null);
    expect(() => memory.memoize(native, { id: "n", code: "warn" })).toThrow(/native/);
    expect(memory.memoize(native, { id: "n", code: "ignore" })(1)).toBe(2);
  });
});

describe("packing", () => {
  const ramp = (Kind: typeof Float64Array | typeof Uint8Array) =>
    new Kind(100_000).map((_x: number, i: number) => i % 1000);

  it("says how arrays are compressed, all or each", async () => {
    const codecs = async (options: { packing?: PackingOption }) => {
      const pair = () => [ramp(Float64Array), ramp(Uint8Array)];
      const memoized = anyMemory().memoize(pair, { id: "pair", ...options });
      expect(memoized()).toEqual(memoized());
      const infos = memoized.info()?.files.map((file) => readInfo(file)) ?? [];
      return (await Promise.all(infos)).map(({ firstChunk }) => firstChunk?.codec);
    };
    expect(await codecs({})).toEqual(["lz4", "lz4"]);
    expect(await codecs({ packing: { cname: "zstd", chunkSize: 100_001 } })).toEqual([
      "zstd",
      "zstd",
    ]);
    const packing = (array: object) =>
      array instanceof Uint8Array ? { cname: "zlib" } : undefined;
    expect(await codecs({ packing })).toEqual(["lz4", "zlib"]);
  });

  it("that is wrong is refused, of a function when it has said so", async () => {
    expect(() => counted({ packing: { cname: "lzma" } })).toThrow(/cname/);
    expect(() => counted({ packing: { level: 5 } as never })).toThrow(/"level"/);
    const packing = () => ({ clevel: 11 });
    const fn = anyMemory().memoize(() => ramp(Float64Array), { id: "wrong", packing });
    expect(fn()).toEqual(ramp(Float64Array));
    expect(fn.has()).toBe(false);
    await nextTurn();
    expect(warnings[0]?.message).toMatch(/clevel/);
  });
});

describe("shouldCache that throws", () => {
  it("costs the cache a result, not the caller", async () => {
    const shouldCache = () => {
      throw new Error("no opinion");
    };
    const fn = anyMemory().memoize((x: number) => x, { id: "undecided", shouldCache });
    expect(fn(1)).toBe(1);
    expect(fn.has(1)).toBe(false);
    await nextTurn();
    expect(warnings).toMatchObject([{ code: "SHOULD_CACHE_FAILED" }]);
  });
});

describe("this: forbid", () => {
  it("refuses a call on an instance", () => {
    const { call } = counted({ this: "forbid" });
    expect(call(1)).toBe(1);
    expect(() => call.call({}, 1)).toThrow(TypeError);
  });
});

describe("events", () => {
  it("are given to onEvent and to the diagnostics channel", async () => {
    const events: CacheEvent[] = [];
    const published: unknown[] = [];
    const listen = (event: unknown) => published.push(event);
    subscribe("bloscache:event", listen);
    const memory = new Memory({ location: temporaryFolder(), onEvent: (e) => events.push(e) });
    const square = memory.memoize((x: number) => x * x, {
      id: "square",
      shouldCache: (result) => result < 100,
    });
    square(3);
    square(3);
    square(10);
    square.invalidate(3);
    unsubscribe("bloscache:event", listen);
    const [three, ten] = [square.keyOf(3), square.keyOf(10)];
    expect(events).toMatchObject([
      { type: "miss", id: "square", key: three, reason: "absent" },
      { type: "store", key: three, durationMs: expect.any(Number) },
      { type: "hit", key: three, savedMs: expect.any(Number) },
      { type: "miss", key: ten },
      { type: "unstored", key: ten, declined: true },
      { type: "invalidate", key: three },
    ]);
    expect(published).toEqual(events);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("bad listener");
      },
    ],
    [
      "rejects",
      async () => {
        throw new Error("bad listener");
      },
    ],
    [
      "throws what is no error",
      () => {
        throw Object.create(null);
      },
    ],
  ])("a listener that %s harms nobody", async (how, onEvent) => {
    const { call } = counted({ id: how }, new Memory({ location: temporaryFolder(), onEvent }));
    expect([call(1), call(1)]).toEqual([1, 1]);
    await nextTurn();
    expect(warnings).toMatchObject([{ code: "LISTENER_FAILED" }]);
  });
});

describe("verbose", () => {
  const narrated = (verbose: number) =>
    spawnSync(process.execPath, [
      "--input-type=module",
      "-e",
      `import { Memory } from "bloscache";
       const memory = new Memory({ location: ${JSON.stringify(temporaryFolder())}, verbose: ${verbose} });
       const square = memory.memoize((x) => x * x, { id: "square" });
       square(3); square(3); square.invalidate(3);`,
    ]).stderr.toString();

  it("says on stderr what is done, as much as is asked for", () => {
    expect(narrated(0)).toBe("");
    const computed =
      /^bloscache: square [0-9a-f]{8}: computing \(absent\)\n.* stored, took \d+\.\d ms\n/;
    expect(narrated(1)).toMatch(computed);
    expect(narrated(1).split("\n")).toHaveLength(4);
    expect(narrated(2)).toMatch(/: found, \d+\.\d ms saved\nbloscache: .*: removed\n$/);
  });
});

describe("wrong options", () => {
  it.each([
    [{ ignore: "0" }, /ignore/],
    [{ ignore: ["debug"] }, /"debug"/],
    [{ ignore: [-1] }, /-1/],
    [{ ignore: ["0..a"] }, /0\.\.a/],
    [{ normalize: 1 }, /normalize/],
    [{ key: "x" }, /key/],
    [{ key: () => 1, ignore: [1] }, /leave out/],
    [{ ttlMs: -1 }, /ttlMs/],
    [{ ttlMs: "1h" }, /ttlMs/],
    [{ validate: true }, /validate/],
    [{ shouldCache: 1 }, /shouldCache/],
    [{ this: "shared" }, /"this"/],
    [{ code: "watch" }, /code/],
    [{ staleWhileRevalidateMs: -1 }, /staleWhileRevalidateMs/],
    [{ ttl: 5 }, /"ttl"/],
  ])("%o", (options, message) => {
    expect(() => counted(options as never)).toThrow(message);
  });

  it("of a Memory", () => {
    const location = temporaryFolder();
    expect(() => new Memory({ location, onEvent: 1 as never })).toThrow(/onEvent/);
    expect(() => new Memory({ location, verbose: 3 as never })).toThrow(/verbose/);
    expect(() => counted({}).call.with({ maxAgeMs: -1 })).toThrow(/maxAgeMs/);
    expect(() => counted({}).call.with({ maxAge: 1 } as never)).toThrow(/"maxAge"/);
  });
});
