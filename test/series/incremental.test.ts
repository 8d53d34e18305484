import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type CacheEvent, type IncrementalOptions, Memory } from "bloscache";
import { openSync } from "bloscache/format";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();
const fresh = () => new Memory(join(temporaryFolder(), "cache"));

/** 1, 2, 3, …, with a note of every range that was computed. */
function counting(memory: Memory, options: Partial<IncrementalOptions<unknown, "<f8">> = {}) {
  const runs: [number, number][] = [];
  const series = memory.incremental<unknown, "<f8">({
    id: "counting",
    version: 1,
    dtype: "<f8",
    extend({ from, to }) {
      runs.push([from, to]);
      return Float64Array.from({ length: to - from }, (_, i) => from + i + 1);
    },
    ...options,
  });
  return { series, runs };
}

const upTo = (length: number, from = 0) =>
  Float64Array.from({ length: length - from }, (_, i) => from + i + 1);

describe("asking by length", () => {
  it("computes what is missing, and only that", async () => {
    const { series, runs } = counting(fresh());
    expect(await series("a", { length: 10 })).toEqual(upTo(10));
    expect(await series("a", { length: 100_000 })).toEqual(upTo(100_000));
    expect(await series("a", { length: 25 })).toEqual(upTo(25));
    expect(await series("a", { length: 0 })).toEqual(upTo(0));
    expect(await series("b", { length: 3 })).toEqual(upTo(3));
    expect(runs).toEqual([
      [0, 10],
      [10, 100_000],
      [0, 3],
    ]);
    expect(series.stats()).toMatchObject({ hits: 2, misses: { absent: 2, incomplete: 1 } });
  });

  it("gives memory of its own", async () => {
    const { series } = counting(fresh());
    (await series("a", { length: 5000 })).fill(0);
    (await series("a", { length: 5000 })).fill(0);
    expect(await series("a", { length: 5000 })).toEqual(upTo(5000));
  });

  it("keeps what was given beyond the length", async () => {
    const { series, runs } = counting(fresh(), {
      *extend({ from }) {
        for (let at = from; ; at += 40) yield upTo(at + 40, at);
      },
    });
    expect(await series("a", { length: 50 })).toEqual(upTo(50));
    expect(series.lengthOf("a")).toBe(80);
    expect(runs).toEqual([]);
  });

  it("takes arrays, promises, generators, and asks again where they end early", async () => {
    const memory = fresh();
    const ways = {
      array: ({ from }: { from: number }) => upTo(from + 7, from),
      promise: async ({ from }: { from: number }) => ({ data: upTo(from + 7, from), state: from }),
      *generator({ from }: { from: number }) {
        yield upTo(from + 3, from);
        yield { data: upTo(from + 7, from + 3) };
      },
      async *asynchronous({ from }: { from: number }) {
        yield upTo(from + 7, from);
      },
    };
    for (const [id, extend] of Object.entries(ways)) {
      const { series } = counting(memory, { id, extend });
      expect(await series("a", { length: 30 })).toEqual(upTo(30));
    }
  });

  it("works without a cache", async () => {
    const { series, runs } = counting(new Memory(null));
    expect(await series("a", { length: 10 })).toEqual(upTo(10));
    expect(await series("a", { length: 10 })).toEqual(upTo(10));
    expect(runs).toHaveLength(2);
    expect([series.lengthOf("a"), series.info("a"), series.clear()]).toEqual([0, undefined, 0]);
  });
});

describe("what extend is told", () => {
  it("is the state and the last items, also in another process", async () => {
    const location = join(temporaryFolder(), "cache");
    const source = (length: number) => `
      import { Memory } from "bloscache";
      const told = [];
      const fibonacci = new Memory(${JSON.stringify(location)}).incremental({
        id: "fibonacci", version: 1, dtype: "<i8", itemShape: [2], tail: 2,
        *extend({ from, to, tail, state }) {
          told.push([from, [...tail].map(Number), state?.sums ? [...state.sums] : null]);
          let [a, b] = from === 0 ? [1n, 1n] : [tail.at(-1), tail.at(-1) + tail.at(-2)];
          const sums = state?.sums ?? new Float64Array(1);
          for (let at = from; at < to; at++) {
            sums[0] += Number(a);
            // The memory of both is used again.
            yield { data: BigInt64Array.of(a, b), state: { sums } };
            [a, b] = [b, a + b];
          }
        },
      });
      const items = await fibonacci("x", { length: ${length} });
      console.log(JSON.stringify({ told, items: [...items].map(Number) }));`;
    expect(await inChild(source(3))).toEqual({ told: [[0, [], null]], items: [1, 1, 1, 2, 2, 3] });
    expect(await inChild(source(5))).toEqual({
      told: [[3, [1, 2, 2, 3], [4]]],
      items: [1, 1, 1, 2, 2, 3, 3, 5, 5, 8],
    });
    expect(await inChild(source(4))).toMatchObject({ told: [] });
  });

  it("is as of the call before, when it is called again", async () => {
    const { series } = counting(fresh(), {
      tail: 2,
      extend: ({ tail, state }) => {
        const [a = 1, b = 0] = [tail.at(-1), tail.at(-2)];
        return { data: Float64Array.of(a + b), state: (Number(state) || 0) + 1 };
      },
    });
    expect([...(await series("a", { length: 8 }))]).toEqual([1, 1, 2, 3, 5, 8, 13, 21]);
    expect([...(await series("a", { length: 10 }))].slice(-2)).toEqual([34, 55]);
  });

  it("is the state of the last item that was given, whatever became of the object", async () => {
    const memory = fresh();
    const states: unknown[] = [];
    const { series } = counting(memory, {
      *extend({ from, state }) {
        states.push(state);
        const own = { at: from };
        for (let at = from; ; at++) {
          own.at = at + 1;
          if (at === from + 5 && from < 9) {
            own.at = -1;
            throw new Error("interrupted");
          }
          yield { data: upTo(at + 1, at), state: own };
        }
      },
    });
    await expect(series("a", { length: 20 })).rejects.toThrow("interrupted");
    expect(series.lengthOf("a")).toBe(5);
    await expect(series("a", { length: 20 })).rejects.toThrow("interrupted");
    expect(await series("a", { length: 20 })).toEqual(upTo(20));
    expect(states).toEqual([undefined, { at: 5 }, { at: 10 }]);
  });
});

describe("interrupted", () => {
  it("by a signal, keeps what has come", async () => {
    const { series } = counting(fresh(), {
      async *extend({ from, to }) {
        for (let at = from; at < to; at++) yield upTo(at + 1, at);
      },
    });
    const abort = new AbortController();
    const stream = series.stream("a", { signal: abort.signal });
    for (let i = 0; i < 6; i++) await stream.next();
    abort.abort(new Error("enough"));
    await expect(stream.next()).rejects.toThrow("enough");
    expect(series.lengthOf("a")).toBe(6);
    await expect(series("a", { length: 9, signal: abort.signal })).rejects.toThrow("enough");
    expect(await series("a", { length: 9 })).toEqual(upTo(9));
  });

  it("by leaving a stream, keeps what has come and closes the generator", async () => {
    let closed = 0;
    const { series } = counting(fresh(), {
      *extend({ from }) {
        try {
          for (let at = from; ; at += 10) yield upTo(at + 10, at);
        } finally {
          closed++;
        }
      },
    });
    const parts: number[] = [];
    for await (const part of series.stream("a", { start: 15 })) {
      parts.push(...part);
      if (parts.length >= 20) break;
    }
    expect(parts).toEqual([...upTo(40, 15)]);
    expect([series.lengthOf("a"), closed]).toEqual([40, 1]);
    const rest: number[] = [];
    for await (const part of series.stream("a", { stop: 43 })) rest.push(...part);
    expect(rest).toEqual([...upTo(43)]);
  });
});

describe("calls at once", () => {
  it("compute nothing twice", async () => {
    const { series, runs } = counting(fresh(), {
      async *extend({ from, to }) {
        runs.push([from, to]);
        for (let at = from; at < to; at += 100) {
          yield upTo(at + 100, at);
          await nextTurn();
        }
      },
    });
    const lengths = [1000, 400, 2500, 1000];
    const wholes = await Promise.all(lengths.map((length) => series("a", { length })));
    expect(wholes).toEqual(lengths.map((length) => upTo(length)));
    expect(runs.reduce((sum, [from, to]) => sum + to - from, 0)).toBe(2500);
    expect(series.stats().computedMs).toBeGreaterThan(0);
  });

  it("wait for a stream until it is disposed of", async () => {
    const { series } = counting(fresh(), {
      *extend({ from }) {
        for (let at = from; ; at += 10) yield upTo(at + 10, at);
      },
    });
    const stream = series.stream("a");
    await stream.next();
    let isDone = false;
    const waiting = series("a", { length: 30 }).finally(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(isDone).toBe(false);
    await stream[Symbol.asyncDispose]();
    expect(await waiting).toEqual(upTo(30));
  });

  it("wait no longer than they are told, and then compute for themselves", async () => {
    const { series, runs } = counting(fresh(), { waitMs: 20, commitMs: 60_000 });
    const stream = series.stream("a", { stop: 10 });
    await stream.next();
    expect(await series("a", { length: 30 })).toEqual(upTo(30));
    expect(runs.length).toBeGreaterThan(1);
    await stream.return();
  });
});

describe("reading", () => {
  it("reads any part of what is stored, and computes nothing", async () => {
    const { series, runs } = counting(fresh(), { packing: { chunkSize: 4096 } });
    expect(await series.read("a")).toEqual(upTo(0));
    expect(await series.extend("a", { length: 10_000 })).toBe(10_000);
    const ranges = [[0, 1], [511, 513], [512, 1024], [9000, 20_000], [-3], [5, 2], [9_728]];
    for (const [start, stop] of ranges) {
      const range = {
        ...(start === undefined ? {} : { start }),
        ...(stop === undefined ? {} : { stop }),
      };
      expect(await series.read("a", range)).toEqual(upTo(10_000).slice(start, stop));
    }
    expect(runs).toHaveLength(1);
  });

  it("tells what there is", async () => {
    const memory = fresh();
    const { series } = counting(memory, {
      tags: ["runs"],
      itemShape: [2],
      extend: ({ from, to }) =>
        Float64Array.from({ length: 2 * (to - from) }, (_, i) => 2 * from + i),
    });
    expect(series.info({ seed: 1 })).toBeUndefined();
    await series.extend({ seed: 1 }, { length: 5000 });
    const info = series.info({ seed: 1 });
    expect(info).toMatchObject({ id: "counting", length: 5000, nbytes: 80_000, tags: ["runs"] });
    expect(info?.arguments).toEqual([["0.seed", "1"]]);
    expect(info?.key).toBe(series.keyOf({ seed: 1 }));
    const [file = ""] = info?.files ?? [];
    const reader = openSync(file, { as: "array" });
    expect([reader.dtype, reader.shape]).toEqual(["<f8", [5000, 2]]);
    reader.close();
    expect([...memory.entries()]).toMatchObject([{ id: "counting", nbytes: 80_000 }]);
    expect(memory.clear({ tag: "runs" })).toBe(1);
    expect(series.lengthOf({ seed: 1 })).toBe(0);
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });
});

describe("forgotten", () => {
  it("in its row, it does not come back either", async () => {
    const { series } = counting(fresh(), {
      commitMs: 0,
      async *extend({ from, to }) {
        for (let at = from; at < to; at++) {
          yield upTo(at + 1, at);
          if (at === 5) series.invalidate("a");
        }
      },
    });
    expect(await series("a", { length: 8 })).toEqual(upTo(8));
    expect(series.lengthOf("a")).toBe(0);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["STORE_FAILED"]);
  });

  it("is computed again, and does not come back while it is being extended", async () => {
    const { series } = counting(fresh(), {
      commitMs: 0,
      async *extend({ from, to }) {
        for (let at = from; at < to; at += 100) {
          yield upTo(at + 100, at);
          if (at === 5000) series.invalidate("a");
        }
      },
    });
    expect(await series("a", { length: 8000 })).toEqual(upTo(8000));
    expect(series.lengthOf("a")).toBe(0);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["STORE_FAILED"]);
    expect(series.invalidate("a")).toBe(false);
    await series.extend("a", { length: 100 });
    expect([series.clear(), series.lengthOf("a")]).toEqual([1, 0]);
  });
});

describe("damage", () => {
  const damaged = async (change: (file: Buffer) => void) => {
    const { series, runs } = counting(fresh(), { packing: { chunkSize: 4096 } });
    await series.extend("a", { length: 9000 });
    const [file = ""] = series.info("a")?.files ?? [];
    const bytes = readFileSync(file);
    change(bytes);
    writeFileSync(file, bytes);
    expect(await series("a", { length: 9500 })).toEqual(upTo(9500));
    await nextTurn();
    return { runs, series };
  };

  it.each([
    ["in a chunk", (file: Buffer) => void file.writeUInt8(file.readUInt8(4000) ^ 1, 4000)],
    [
      "in an offset",
      (file: Buffer) => {
        // The last slot in use, but for that of the partial chunk: the free ones follow.
        const at = file.indexOf(Buffer.alloc(16, 0xff)) - 16;
        file.writeUInt8(file.readUInt8(at) ^ 1, at);
      },
    ],
  ])("%s has it computed again, with a warning", async (_where, change) => {
    const { runs, series } = await damaged(change);
    expect(runs.at(-1)).toEqual([0, 9500]);
    expect(warnings.map(({ code }) => code)).toEqual(["CACHE_DAMAGED"]);
    expect(series.lengthOf("a")).toBe(9500);
  });

  it("in what only others read is put right by reading", async () => {
    const { series, runs } = counting(fresh(), { packing: { chunkSize: 4096 } });
    await series.extend("a", { length: 9000 });
    const [file = ""] = series.info("a")?.files ?? [];
    const bytes = readFileSync(file);
    const shown = Buffer.from(bytes);
    // One chunk, and no partial one.
    bytes.writeInt32LE(4096, 12);
    bytes.writeInt32LE(1, 16);
    writeFileSync(file, bytes);
    expect(await series.read("a", { start: 8999 })).toEqual(upTo(9000, 8999));
    expect(readFileSync(file).equals(shown)).toBe(true);
    expect([runs.length, warnings.length]).toEqual([1, 0]);
  });
});

describe("events", () => {
  it("tell what was found and what was stored", async () => {
    const heard: string[] = [];
    const onEvent = (event: CacheEvent) =>
      void heard.push(event.type === "miss" ? `miss ${event.reason}` : event.type);
    const { series } = counting(new Memory({ location: temporaryFolder(), onEvent }));
    for (const length of [5, 3, 8]) await series("a", { length });
    expect(heard).toEqual(["miss absent", "store", "hit", "miss incomplete", "store"]);
  });
});

describe("mistakes", () => {
  const memory = new Memory(null);
  it.each([
    [{ dtype: "f8" }, "Option dtype must be one of"],
    [{ itemShape: [0] }, "Option itemShape must be an array of whole numbers, each at least 1"],
    [{ id: undefined }, "Option id must be given"],
    [{ extend: 1 }, "Option extend must be a function: got 1"],
    [{ tail: -1 }, "Option tail must be a whole number, at least 0: got -1"],
    [{ lenght: 1 }, 'Unknown option "lenght" of incremental'],
  ])("%j", (options, message) => {
    expect(() => counting(memory, options as never)).toThrow(message);
  });

  it.each([
    [
      new Float32Array(1),
      'Items of "counting" are given as Float64Array, or { data, state } with one: got Float32Array',
    ],
    [undefined, "got undefined"],
    [{ state: 1 }, "got undefined"],
    [
      new Float64Array(3),
      'Items of "counting" take 2 elements each: 3 are no whole number of items',
    ],
    [new Float64Array(0), 'extend of "counting" gave no items: there are 0, of 4'],
  ])("what is given: %o", async (given, message) => {
    const { series } = counting(memory, { itemShape: [2], extend: () => given as never });
    await expect(series("a", { length: 4 })).rejects.toThrow(message);
  });

  it("in a call", async () => {
    const { series } = counting(memory);
    await expect(series("a", { length: -1 })).rejects.toThrow(
      "Option length must be a whole number",
    );
    await expect(series(() => 1, { length: 1 })).rejects.toThrow("Cannot hash args[0]");
    await expect(series.read("a", { start: "1" as never })).rejects.toThrow(
      "Option start must be a number",
    );
  });

  it("a state that cannot be kept", async () => {
    const { series } = counting(fresh(), {
      extend: ({ from, to }) => ({ data: upTo(to, from), state: () => 1 }),
    });
    await expect(series("a", { length: 4 })).rejects.toThrow("Cannot store");
  });
});
