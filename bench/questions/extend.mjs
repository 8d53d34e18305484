import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { noisy } from "../data/datasets.mjs";
import { atMost } from "../report/targets.mjs";

export const title = "Extending a series";
export const about =
  "A series of Float64 gets 1 MiB more, by its length. Every trial has a series of its own, which grows by what it is extended by.";
export const unit = "ms";
export const inputs = ["noisy"];
export const data = () => [];
export const warmups = 10;
export const iterations = 101;

const MIB = 2 ** 20 / 8;

const side = (mebibytes) => async (input, folder) => {
  const next = noisy(MIB);
  const memory = new Memory(mkdtempSync(join(folder, "series-")));
  const grown = memory.incremental({
    id: "grown",
    version: 1,
    dtype: "<f8",
    extend: ({ from, to }) => next.subarray(0, Math.min(MIB, to - from)),
  });
  await grown.extend(input, { length: mebibytes * MIB });
  return { run: () => grown.extend(input, { length: grown.lengthOf(input) + MIB }) };
};

export const sides = {
  "at 1 GiB": side(1024),
  "at 10 MiB": side(10),
};

export const targets = atMost(inputs, { "at 10 MiB": 1.3 });
