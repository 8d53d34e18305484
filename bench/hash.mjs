import { join } from "node:path";
import { Memory } from "bloscache";
import objectHash from "object-hash";
import { hash } from "ohash";
import { timed } from "./harness.mjs";
import { referenceLoop } from "./reference.mjs";
import { rawFile, series } from "./series.mjs";

export const title = "Hashing an argument: a Float64Array of 64 MiB";
export const unit = "ms";
export const inputs = Object.keys(series);
export const warmups = 1;
export const iterations = 3; // the slowest takes seconds for each

const LENGTH = 2 ** 23;

export const sides = {
  keyOf(input, folder) {
    const memory = new Memory(join(folder, "cache"));
    const { keyOf } = memory.memoize(function sum(array) {
      return array.reduce((total, value) => total + value, 0);
    });
    return timed(digesting(input, keyOf));
  },

  "joblib.hash": (input, folder) => referenceLoop("hash", rawFile(input, LENGTH, folder)),

  ohash: (input) => timed(digesting(input, hash)),

  "object-hash": (input) => timed(digesting(input, objectHash)),
};

function digesting(input, digest) {
  const array = series[input](LENGTH);
  return () => digest(array);
}
