import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { packNdarrayToFileSync, unpackNdarrayFromFileSync } from "bloscache/format";
import { arraysOf, readDataset } from "../data/files.mjs";
import { median } from "../harness/statistics.mjs";
import { atMost } from "../report/targets.mjs";

export const title = "Our default settings and the best of lz4";
export const about =
  "Size on disk by the cache's default settings, and the smallest by any level, shuffle and chunk size for lz4 that is as fast: at most 5 % slower to write and 5 % slower to read, medians of 5.";
export const unit = "MB";
export const inputs = ["arange", "noisy", "random", "airports", "flights", "embeddings"];
export const warmups = 0;
export const iterations = 1;
export const trials = 3; // each takes 10 s

const byDefault = { cname: "lz4", clevel: 5, shuffle: "shuffle", chunkSize: "1M" };

const others = [1, 3, 5, 7, 9].flatMap((clevel) =>
  ["shuffle", "bitshuffle"].flatMap((shuffle) =>
    ["256K", "512K", "1M"].map((chunkSize) => ({ cname: "lz4", clevel, shuffle, chunkSize })),
  ),
);

export const sides = {
  "by default": (input, folder) => ({
    measure: async () => (await packed(arraysOf(readDataset(input)), folder, byDefault)).size,
  }),

  "best of lz4": (input, folder) => ({
    async measure() {
      const arrays = arraysOf(readDataset(input));
      await packed(arrays, folder, byDefault); // what is slow the first time
      const ours = await packed(arrays, folder, byDefault);
      const tried = [];
      for (const settings of others) tried.push(await packed(arrays, folder, settings));
      const asFast = tried.filter(
        ({ writing, reading }) => writing <= ours.writing * 1.05 && reading <= ours.reading * 1.05,
      );
      return Math.min(ours.size, ...asFast.map(({ size }) => size));
    },
  }),
};

/** `{ size, writing, reading }`: MB of the files of all arrays, and ms that they take. */
async function packed(arrays, folder, settings) {
  const path = join(folder, `packed-${process.pid}.blp`);
  let size = 0;
  let writing = 0;
  let reading = 0;
  for (const [, array] of arrays) {
    const times = [];
    for (let i = 0; i < 5; i++) {
      const write = timed(() => packNdarrayToFileSync(path, array, settings));
      const read = timed(() => unpackNdarrayFromFileSync(path));
      times.push([write, read]);
      await setImmediate(); // in which the memory of what was read comes back
    }
    writing += median(times.map(([write]) => write));
    reading += median(times.map(([, read]) => read));
    size += statSync(path).size / 1e6;
  }
  rmSync(path);
  return { size, writing, reading };
}

function timed(run) {
  const start = performance.now();
  run();
  return performance.now() - start;
}

export const targets = atMost(inputs, { "best of lz4": 1.05 });
