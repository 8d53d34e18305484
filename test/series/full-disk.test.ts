// A series whose disk is full: what was committed stays, and the caller gets everything.
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { smallDisk } from "../support/small-disk.ts";

const disk = smallDisk(4);

/** Numbers that do not compress, more of them than the disk holds. */
const source = `
  import { Memory } from "bloscache";
  import { openSync } from "bloscache/format";
  const codes = [];
  process.on("warning", ({ code }) => codes.push(code));
  const noise = (from, to) =>
    Float64Array.from({ length: to - from }, (_, i) => Math.sin((from + i) * 12.9898) * 43758.5453);
  const isNoise = (items) => {
    const right = noise(0, items.length);
    return Buffer.compare(Buffer.from(items.buffer), Buffer.from(right.buffer)) === 0;
  };
  const series = new Memory(process.env.LOCATION).incremental({
    id: "noise", version: 1, dtype: "<f8", commitMs: 0, packing: { chunkSize: "16K" },
    *extend({ from, to }) { for (let at = from; at < to; at += 9_000) yield noise(at, at + 9_000); },
  });
  const given = await series("a", { length: 1_000_000 });
  const stored = series.lengthOf("a");
  const read = await series.read("a");
  const reader = openSync(series.info("a").files[0], { as: "array" });
  const shown = reader.slice().data;
  const more = await series("a", { length: stored + 10 });
  const right = [given, read, shown, more].map((items) => isNoise(items));
  const lengths = [given, read, shown, more].map(({ length }) => length);
  console.log(JSON.stringify({ stored, right, lengths, codes }));`;

it.runIf(disk)("keeps what it could store, and gives the rest", async () => {
  interface Outcome {
    readonly stored: number;
  }
  const outcome = await inChild<Outcome>(source, { LOCATION: disk as string });
  const { stored } = outcome;
  expect(stored).toBeGreaterThan(100_000);
  expect(stored).toBeLessThan(1_000_000);
  expect(outcome).toEqual({
    stored,
    right: [true, true, true, true],
    lengths: [1_000_000, stored, stored, stored + 10],
    codes: ["STORE_FAILED"],
  });
});
