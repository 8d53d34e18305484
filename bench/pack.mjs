import { join } from "node:path";
import { packNdarrayToFileSync } from "bloscache/format";
import { timed } from "./harness.mjs";
import { referenceLoop, twoThreads } from "./reference.mjs";
import { lz4, rawFile, series } from "./series.mjs";

export const title = "Packing 80 MB of Float64 to a file, two threads";
export const unit = "ms";
export const inputs = Object.keys(series);
export const warmups = 3;
export const iterations = 11;
export const env = twoThreads;

const LENGTH = 10_000_000;

export const sides = {
  packNdarrayToFileSync(input, folder) {
    const array = series[input](LENGTH);
    const path = join(folder, "ours.blp");
    return timed(() => packNdarrayToFileSync(path, array, lz4));
  },

  "Python's bloscpack": (input, folder) =>
    referenceLoop("pack", rawFile(input, LENGTH, folder), join(folder, "theirs.blp")),
};
