/** Why a call has to be computed, and what a row says of the arguments. */
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type MemoizeOptions, Memory } from "bloscache";
import ndarray from "ndarray";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

// biome-ignore lint/suspicious/noExplicitAny: the tests pass arguments of all kinds
type Any = any;

/** A function of one id; every Memory on a folder stands for a program of its own. */
function memoized(
  folder: string,
  options: MemoizeOptions<(...args: Any[]) => Float64Array> = {},
  fn = (..._args: Any[]) => new Float64Array(5000),
) {
  return new Memory(folder).memoize(fn, { id: `f${folder}`, version: 1, ...options });
}

describe("explain", () => {
  it("says what is stored, and what nobody has called", () => {
    const f = memoized(temporaryFolder());
    expect(f.explain(1)).toMatchObject({
      reason: "absent",
      key: f.keyOf(1),
      text: expect.stringMatching(/in version v:1 has no results/),
    });
    f(1);
    expect(f.explain(1)).toMatchObject({ reason: "hit", other: f.info(1) });
  });

  it("names the arguments in which the nearest call differs", () => {
    const f = memoized(temporaryFolder());
    const array = Float64Array.from({ length: 100_000 }, (_, i) => i);
    f(array, { seed: 1, model: { name: "a", depth: 2 } });
    f(new Float64Array(3), { seed: 2 });
    const { reason, differs, other, text } = f.explain(array, {
      seed: 2,
      model: { name: "a", depth: 2 },
    });
    expect(reason).toBe("arguments");
    expect(differs).toEqual([{ place: "args[1].seed", here: "2", there: "1" }]);
    expect(other?.key).toBe(f.keyOf(array, { seed: 1, model: { name: "a", depth: 2 } }));
    expect(text).toContain("args[1].seed is 2, there 1");
    const changed = array.slice();
    changed[5] = -1;
    expect(f.explain(changed, { seed: 1, model: { name: "a", depth: 2 } }).differs).toEqual([
      {
        place: "args[0]",
        here: expect.stringMatching(/^Float64Array\(100000\) /),
        there: expect.any(String),
      },
    ]);
    // Of another library's array what it holds.
    f(ndarray(array, [100, 1000]));
    expect(f.explain(ndarray(array, [1000, 100])).differs).toEqual([
      { place: "args[0].shape", here: expect.any(String), there: expect.any(String) },
    ]);
    // The samples at both ends are the same.
    const middle = array.slice();
    middle[50_000] = -1;
    const unseen = f.explain(middle, { seed: 1, model: { name: "a", depth: 2 } });
    expect(unseen).toMatchObject({ reason: "arguments", differs: [] });
  });

  it("names the version that has the result", () => {
    const folder = temporaryFolder();
    const fn = (..._args: Any[]) => new Float64Array(3);
    const memory = new Memory(folder);
    const old = memory.memoize(fn, { id: "g", version: 1 });
    old(1, "x");
    const now = memory.memoize(fn, { id: "g", version: 2 });
    expect(now.explain(1, "x")).toMatchObject({ reason: "version", other: { version: "v:1" } });
    expect(now.explain(2)).toMatchObject({ reason: "absent" });
    now(1, "x");
    expect(now.explain(2, "x")).toMatchObject({
      reason: "arguments",
      differs: [{ place: "args[0]", here: "2", there: "1" }],
    });
  });

  it("says what is stale, and what is gone", async () => {
    const folder = temporaryFolder();
    const fn = (..._args: Any[]) => new Float64Array(50_000);
    const memory = new Memory(folder);
    const plain = memory.memoize(fn, { id: "g", version: 1 });
    const short = memory.memoize(fn, { id: "g", version: 1, ttlMs: 0 });
    const strict = memory.memoize(fn, { id: "g", version: 1, validate: () => false });
    plain(1);
    await sleep(5);
    expect(short.explain(1).reason).toBe("expired");
    expect(strict.explain(1).reason).toBe("rejected");
    const files = plain.info(1)?.files ?? [];
    for (const file of files) rmSync(file);
    const explanation = plain.explain(1);
    expect(explanation.reason).toBe("unreadable");
    expect(explanation.text).toContain(files[0]);
  });

  it("of a disabled cache, is that nothing is stored", () => {
    const f = new Memory(null).memoize((x: number) => x, { id: "f", version: 1 });
    f(1);
    expect(f.explain(1).reason).toBe("absent");
  });
});

describe("the arguments in info", () => {
  it("are told in brief", () => {
    const f = memoized(temporaryFolder());
    const of = (...args: Any[]) => {
      f(...args);
      return f.info(...args)?.arguments;
    };
    expect(of(1, -0, "two", null, undefined, 3n, true)).toEqual([
      ["0", "1"],
      ["1", "-0"],
      ["2", '"two"'],
      ["3", "null"],
      ["4", "undefined"],
      ["5", "3n"],
      ["6", "true"],
    ]);
    expect(of({ a: { b: { c: { d: 1 } } }, empty: {} })).toEqual([
      ["0.a.b.c", expect.stringMatching(/^\{…\} [0-9a-f]{8}$/)],
      ["0.empty", expect.stringMatching(/^\{…\} [0-9a-f]{8}$/)],
    ]);
    expect(of("x".repeat(100_000))).toEqual([
      ["0", expect.stringMatching(/^string\(100000\) [0-9a-f]{8}$/)],
    ]);
    const others = of([1, 2], new Map([[1, 2]]), new Date(0), new Uint8Array(3), 10n ** 60n);
    expect(others?.map(([, text]) => (text as string).replace(/ [0-9a-f]{8}$/, ""))).toEqual([
      "Array(2)",
      "Map",
      "Date",
      "Uint8Array(3)",
      "61 digits",
    ]);
  });

  it("are those of before the function changed them", () => {
    const doubled = new Memory(temporaryFolder()).memoize(
      (o: { x: number }) => {
        o.x *= 2;
        return new Float64Array(1);
      },
      { id: "doubled" },
    );
    doubled({ x: 1 });
    expect(doubled.info({ x: 1 })?.arguments).toEqual([["0.x", "1"]]);
  });

  it("are few, however many there are", () => {
    const f = memoized(temporaryFolder());
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
    f(many, many);
    expect(f.info(many, many)?.arguments).toHaveLength(32);
  });

  it("leave out what does not count, hashable or not", () => {
    const f = memoized(temporaryFolder(), { ignore: [1] });
    f(1, () => 2);
    expect(f.info(1, () => 3)?.arguments).toEqual([
      ["0", "1"],
      ["1", "undefined"],
    ]);
  });
});
