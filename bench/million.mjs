import { readFileSync } from "node:fs";
import { Memory } from "bloscache";
import { median, timed } from "./harness.mjs";
import { COUNT, filled } from "./million-cache.mjs";

export const title = `A cache of ${COUNT.toLocaleString("en")} results of 6 KB`;
export const unit = "ms, of memory MiB";
export const inputs = [`${COUNT.toLocaleString("en")} results`];
export const warmups = 0;
export const iterations = 1;

/** The median of hits all over the cache. */
function hits(folder, count) {
  const { cached } = filled(folder, count);
  const hit = (n) => timed(() => cached((n * 7919) % count))();
  return () => {
    for (let n = 0; n < 2000; n++) hit(n);
    return median(Array.from({ length: 20_000 }, (_, n) => hit(n)));
  };
}

/** Linux only: elsewhere 0. The system takes pages of the index back when somebody needs memory. */
function growth(folder, field) {
  const { cached, memory } = filled(folder, COUNT);
  memory.size();
  return () => {
    const before = statusMiB(field);
    for (let n = 0; n < 20_000; n++) cached((n * 7919) % COUNT);
    return statusMiB(field) - before;
  };
}

function statusMiB(field) {
  if (process.platform !== "linux") return 0;
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)[1]) / 1024;
}

export const sides = {
  "a hit, of 1,000 results": (_input, folder) => hits(folder, 1000),
  "a hit": (_input, folder) => hits(folder, COUNT),

  "memory that 20,000 hits take, of its own": (_input, folder) => growth(folder, "RssAnon"),
  "memory that 20,000 hits take, with pages of the index": (_input, folder) =>
    growth(folder, "VmRSS"),

  open(_input, folder) {
    const { location } = filled(folder, COUNT);
    return timed(() => new Memory({ location }).size());
  },

  "reduceSize by a tenth": (_input, folder) => async () => {
    const { memory } = filled(folder, COUNT);
    const limitItems = memory.size().items - COUNT / 10;
    const start = performance.now();
    await memory.reduceSize({ limitItems });
    return performance.now() - start;
  },
};
