// One series, used by several at once: Memory objects, handles, calls whose arguments change.
import { join } from "node:path";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

const upTo = (length: number, from = 0) =>
  Float64Array.from({ length: length - from }, (_, i) => from + i + 1);

/** 1, 2, 3, …, each bit of which is committed. */
const counting = {
  ...({ id: "counting", version: 1, dtype: "<f8", commitMs: 0 } as const),
  packing: { chunkSize: 4096 },
  async *extend({ from, to }: { from: number; to: number }) {
    for (let at = from; at < to; at += 700) {
      await nextTurn();
      yield upTo(Math.min(at + 700, to), at);
    }
  },
};

describe("two Memory objects of one folder", () => {
  it("extend a series in turns", async () => {
    const location = join(temporaryFolder(), "cache");
    const one = new Memory(location).incremental(counting);
    const other = new Memory(location).incremental(counting);
    for (let length = 5000; length < 60_000; length += 9000) {
      const both = await Promise.all([one("a", { length }), other("a", { length })]);
      expect(both).toEqual([upTo(length), upTo(length)]);
      expect(one.lengthOf("a")).toBe(length);
    }
    expect(await one.read("a")).toEqual(upTo(one.lengthOf("a")));
    expect(warnings).toEqual([]);
  });
});
