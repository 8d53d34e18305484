import { unpackNdarrayFromFileSync } from "bloscache/format";
import { timed } from "./harness.mjs";
import { referenceLoop, twoThreads } from "./reference.mjs";
import { packedFile, series } from "./series.mjs";

export const title = "Unpacking 80 MB of Float64 from a file, two threads";
export const unit = "ms";
export const inputs = Object.keys(series);
export const warmups = 4;
export const iterations = 11;
export const env = twoThreads;

const LENGTH = 10_000_000;

/** Both read the same file. */
export const sides = {
  unpackNdarrayFromFileSync(input, folder) {
    const path = packedFile(input, LENGTH, folder);
    return timed(() => unpackNdarrayFromFileSync(path));
  },

  "Python's bloscpack": (input, folder) =>
    referenceLoop("unpack", packedFile(input, LENGTH, folder)),
};
