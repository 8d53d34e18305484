// One series, used by several at once: Memory objects, handles, calls whose arguments change.
import { join } from "node:path";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
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

it("a call that does not wait is told a state and items that belong together", {
  timeout: 60_000,
}, async () => {
  const location = join(temporaryFolder(), "cache");
  const source = `
    import { Memory } from "bloscache";
    const options = {
      ...{ id: "states", version: 1, dtype: "<f8", commitMs: 0, tail: 0, waitMs: 0 },
      *extend({ from, to, state }) {
        if (from > 0 && state.at !== from) throw new Error("state of " + state.at + " at " + from);
        for (let at = from + 1; at <= to; at++) yield { data: Float64Array.of(at), state: { at } };
      },
    };
    const series = new Memory(process.env.LOCATION).incremental(options);`;
  const committing = inChild(
    `${source} for (let i = 1; i <= 10; i++) await series.extend("a", { length: i * 500 });
    console.log("1");`,
    { LOCATION: location },
  );
  const asking = inChild<number>(
    `${source} let asked = 0;
    for (let length = 0; length < 4900; length = series.lengthOf("a"), asked++) {
      await series("a", { length: length + 3 });
    }
    console.log(asked);`,
    { LOCATION: location },
  );
  await committing;
  expect(await asking).toBeGreaterThan(20);
});

describe("arguments that change meanwhile", () => {
  interface Told {
    readonly args: { by: number };
    readonly from: number;
    readonly to: number;
  }
  const changed = () => warnings.map(({ code }) => code);

  it("have the rest of a series given to that caller alone", async () => {
    const series = new Memory(join(temporaryFolder(), "cache")).incremental({
      ...({ id: "shifted", version: 1, dtype: "<f8", commitMs: 0 } as const),
      async *extend({ args, from, to }: Told) {
        for (let at = from; at < to; at += 10) {
          yield upTo(at + 10, at).map((item) => item + args.by);
        }
      },
    });
    const args = { by: 0 };
    const stream = series.stream(args, { stop: 50 });
    const parts = [(await stream.next()).value, (await stream.next()).value];
    args.by = 1000;
    for await (const part of stream) parts.push(part);
    expect(parts.map((part) => (part as Float64Array)[0])).toEqual([1, 11, 1021, 1031, 1041]);
    await nextTurn();
    expect(changed()).toEqual(["ARGUMENTS_CHANGED"]);
    expect(await series.read({ by: 0 })).toEqual(upTo(20));
    expect(await series({ by: 0 }, { length: 50 })).toEqual(upTo(50));
  });

  it("have the yields of a generator given to that caller alone", async () => {
    const frames = new Memory(join(temporaryFolder(), "cache")).memoize(
      function* frames(scene: { time: number }) {
        for (let i = 0; i < 3; i++) yield Float64Array.of(scene.time);
      },
      { version: 1 },
    );
    const scene = { time: 0 };
    const seen = Array.from(frames(scene), ([time]) => {
      scene.time++;
      return time;
    });
    expect(seen).toEqual([0, 1, 2]);
    await nextTurn();
    expect(changed()).toEqual(["ARGUMENTS_CHANGED"]);
    expect(frames.info({ time: 0 })).toBeUndefined();
    expect(Array.from(frames({ time: 0 }), ([time]) => time)).toEqual([0, 0, 0]);
  });
});
