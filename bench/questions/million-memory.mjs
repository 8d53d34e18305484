import { readFileSync } from "node:fs";
import { COUNT, filled } from "../data/million.mjs";

export const title = `Memory for a cache of ${COUNT.toLocaleString("en")} results`;
export const about =
  "By how much 20,000 hits all over the cache have resident memory grow: without and with the pages of the index, which the system takes back when somebody needs memory. Linux only: elsewhere 0.";
export const unit = "MiB";
export const inputs = ["20,000 hits"];
export const data = () => [];
export const warmups = 0;
export const iterations = 1;
export const compare = "none";

const growth = (field) => (_input, folder) => {
  const { cached, memory } = filled(folder, COUNT);
  memory.size();
  return {
    measure() {
      const before = statusMiB(field);
      for (let n = 0; n < 20_000; n++) cached((n * 7919) % COUNT);
      return statusMiB(field) - before;
    },
  };
};

function statusMiB(field) {
  if (process.platform !== "linux") return 0;
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)[1]) / 1024;
}

export const sides = {
  "of its own": growth("RssAnon"),
  "with pages of the index": growth("VmRSS"),
};
