// Series in a cache that is kept within limits.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

/** On a cache of 2 MiB; 100,000 items take 800 kB, as they are not compressed. */
function small() {
  const memory = new Memory({
    location: join(temporaryFolder(), "cache"),
    ...({ limitBytes: "2M", eviction: "lru", clevel: 0 } as const),
  });
  const series = memory.incremental<string, "<f8">({
    ...({ id: "ramp", version: 1, dtype: "<f8", commitMs: 0 } as const),
    *extend({ from, to }) {
      for (let at = from; at < to; at += 10_000) yield ramp(Math.min(10_000, to - at), at);
    },
  });
  return { memory, series };
}

const ramp = (length: number, from = 0) => Float64Array.from({ length }, (_, i) => from + i);

it("those go that were not used for longest: reading is using", async () => {
  const { memory, series } = small();
  await series.extend("a", { length: 100_000 });
  await series.extend("b", { length: 100_000 });
  await sleep(5);
  await series.read("a", { start: -10 });
  await series.extend("c", { length: 100_000 });
  while (memory.size().items > 2) await sleep(5);
  expect(["a", "b", "c"].map((args) => series.lengthOf(args))).toEqual([100_000, 0, 100_000]);
  expect(memory.size().bytes).toBeLessThan(2 * 2 ** 20);
  expect(warnings).toEqual([]);
});

it("one that does not fit by itself is kept as far as it fits", async () => {
  const { memory, series } = small();
  const whole = await series("long", { length: 400_000 });
  expect(Buffer.from(whole.buffer).equals(Buffer.from(ramp(400_000).buffer))).toBe(true);
  await nextTurn();
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/it takes \d+ bytes, and limitBytes is 2097152/),
  ]);
  expect(series.lengthOf("long")).toBeGreaterThan(200_000);
  const kept = await series.read("long", { start: 200_000 });
  expect(kept).toEqual(ramp(kept.length, 200_000));
  expect((await memory.verify()).findings).toEqual([]);
});
