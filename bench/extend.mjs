import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { twoThreads } from "./reference.mjs";
import { series } from "./series.mjs";

export const title = "Extending a series by 1 MiB of Float64, by its length";
export const unit = "ms";
export const inputs = ["noisy"];
export const warmups = 10;
export const iterations = 101;
export const env = twoThreads;

const MIB = 2 ** 20 / 8;

/** Every trial has a series of its own, which grows by what it is extended by. */
const side = (mebibytes) => async (input, folder) => {
  const next = series[input](MIB);
  const memory = new Memory(mkdtempSync(join(folder, "series-")));
  const grown = memory.incremental({
    id: "grown",
    version: 1,
    dtype: "<f8",
    extend: ({ from, to }) => next.subarray(0, Math.min(MIB, to - from)),
  });
  await grown.extend(input, { length: mebibytes * MIB });
  return async () => {
    const length = grown.lengthOf(input) + MIB;
    const start = performance.now();
    await grown.extend(input, { length });
    return performance.now() - start;
  };
};

export const sides = {
  "at 10 MiB": side(10),
  "at 1 GiB": side(1024),
};
