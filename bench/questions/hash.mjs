import { join } from "node:path";
import { Memory } from "bloscache";
import { readDataset } from "../data/files.mjs";
import { inPython } from "../harness/side.mjs";
import { copierOf } from "../peers/memcpy.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Hashing a large argument";
export const about = "A Float64Array of 64 MiB: the key of a call that has it as its argument.";
export const unit = "ms";
export const inputs = ["arange", "noisy"];
export const warmups = 1;
export const iterations = 11;

const LENGTH = 2 ** 23;

/** Unequal for arrays that differ in their last element, and equal for a copy. */
const hashing = (hash) => (input) => {
  const array = readDataset(input, LENGTH);
  return {
    run: () => hash(array),
    check() {
      const copy = array.slice();
      if (hash(copy) !== hash(array)) throw new Error("Equal arrays have different hashes");
      copy[LENGTH - 1] += 1;
      if (hash(copy) === hash(array)) throw new Error("Different arrays have the same hash");
    },
  };
};

export const sides = {
  bloscache(input, folder) {
    const memory = new Memory(join(folder, "cache"));
    return hashing(
      memory.memoize(function same(array) {
        return array;
      }).keyOf,
    )(input);
  },
  memcpy: (input) => ({ run: copierOf(readDataset(input, LENGTH)) }),
  ohash: async (input) => hashing((await import("ohash")).hash)(input),
  "object-hash": async (input) => hashing((await import("object-hash")).default)(input),
  "joblib.hash": inPython("hash", "joblib.hash"),
};

export const targets = atLeast(inputs, {
  memcpy: 0.5,
  "joblib.hash": 8,
  ohash: 6,
  "object-hash": 50,
});

export const quick = { inputs: ["arange"], sides: ["memcpy", "joblib.hash"] };
