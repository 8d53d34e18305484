import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { timed } from "./harness.mjs";
import { inputs as arrays } from "./inputs.mjs";

export const title = "A hit, against reading the raw bytes";
export const unit = "ms";
export const inputs = Object.keys(arrays);
export const warmups = 4;
export const iterations = 11;

export const sides = {
  bloscache(input, folder) {
    const memory = new Memory({ location: join(folder, "cache") });
    const load = memory.memoize(function load(name) {
      return arrays[name]();
    });
    return timed(() => load(input));
  },

  "fs.readFileSync"(input, folder) {
    const path = join(folder, "raw");
    writeFileSync(path, arrays[input]());
    return timed(() => readFileSync(path));
  },
};
