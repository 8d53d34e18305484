/** Tags: results of any functions that are forgotten together. */
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

it("results with a tag are forgotten, those of one function or of all", () => {
  const memory = new Memory(temporaryFolder());
  const one = memory.memoize((x: number) => x, { id: "one", tags: ["all", "all"] });
  const two = memory.memoize((x: number) => new Float64Array(9000).fill(x), {
    id: "two",
    tags: (x) => ["all", x > 1 ? "large" : "small"],
  });
  const three = memory.memoize((x: number) => x, { id: "three" });
  for (const x of [1, 2, 3]) for (const fn of [one, two, three]) fn(x);
  expect(two.info(3)?.tags).toEqual(["all", "large"]);
  expect([one.info(1)?.tags, three.info(1)?.tags]).toEqual([["all"], []]);
  expect(memory.clear({ tag: "large" })).toBe(2);
  expect([two.has(1), two.has(2), one.has(2)]).toEqual([true, false, true]);
  expect(memory.clear({ tag: "large" })).toBe(0);
  expect(memory.clear({ id: "one", tag: "small" })).toBe(0);
  expect(memory.clear({ id: "one", tag: "all" })).toBe(3);
  expect(memory.clear({ tag: "all" })).toBe(1);
  expect(memory.clear({ id: "three" })).toBe(3);
  expect([...memory.entries()]).toEqual([]);
});

it("are of other processes as well", async () => {
  const location = temporaryFolder();
  await inChild(`
    import { Memory } from "bloscache";
    const memory = new Memory(${JSON.stringify(location)});
    memory.memoize((x) => x, { id: "one", version: "1", tags: ["théâtre 1"] })(1);
    console.log(1);`);
  const memory = new Memory(location);
  expect([...memory.entries()].map(({ tags }) => tags)).toEqual([["théâtre 1"]]);
  expect(memory.clear({ tag: "théâtre 1" })).toBe(1);
});

it("what is being computed is not stored after its tag was cleared", async () => {
  const memory = new Memory(temporaryFolder());
  const options = { tags: (x: number) => [`tag ${x}`] };
  const slow = memory.memoize(async (x: number) => sleep(30, x), { id: "slow", ...options });
  const [one, two] = [slow(1), slow(2)];
  await sleep(5);
  memory.clear({ tag: "tag 1" });
  expect([await one, await two]).toEqual([1, 2]);
  expect([slow.has(1), slow.has(2)]).toEqual([false, true]);
});

it("that cannot be told leave the result uncached, with a warning", async () => {
  const memory = new Memory(temporaryFolder());
  const wrong = memory.memoize((x: unknown) => x, { id: "wrong", tags: (x) => [x] as string[] });
  const throws = memory.memoize((x: unknown) => x, {
    id: "throws",
    tags: () => {
      throw new Error("no tags today");
    },
  });
  expect([wrong(1), throws(1), wrong("fine")]).toEqual([1, 1, "fine"]);
  expect([wrong.has(1), throws.has(1), wrong.has("fine")]).toEqual([false, false, true]);
  await nextTurn();
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining("must be an array of strings"),
    expect.stringContaining("no tags today"),
  ]);
});

it("must be strings, and so must be what is cleared", () => {
  const memory = new Memory(temporaryFolder());
  for (const tags of ["text", [1], [""], 7, null]) {
    expect(() => memory.memoize((x: number) => x, { id: "x", tags } as never)).toThrow(/tags/);
  }
  const fn = memory.memoize((x: number) => x, { id: "fn" });
  fn(1);
  for (const choice of [{ tag: undefined }, { id: 1 }, { tags: ["x"] }, null, "x"]) {
    expect(() => memory.clear(choice as never)).toThrow(TypeError);
  }
  expect(fn.has(1)).toBe(true);
});
