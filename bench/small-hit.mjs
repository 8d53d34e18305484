import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { timed } from "./harness.mjs";

export const title = "A small hit, against reading the raw bytes";
export const unit = "µs";
export const inputs = ["1,536 Float32"];
export const warmups = 2000;
export const iterations = 10_000;

function compute(scale, shift, step) {
  return Float32Array.from({ length: 1536 }, (_, i) => Math.sin(i * step + shift) * scale);
}

export const sides = {
  bloscache(_input, folder) {
    const memory = new Memory({ location: join(folder, "cache") });
    const embedding = memory.memoize(function embedding(scale, shift, step) {
      return compute(scale, shift, step);
    });
    return timed(() => embedding(2, 0.5, 0.01), unit);
  },

  "fs.readFileSync"(_input, folder) {
    const path = join(folder, "raw");
    writeFileSync(path, compute(2, 0.5, 0.01));
    return timed(() => readFileSync(path), unit);
  },
};
