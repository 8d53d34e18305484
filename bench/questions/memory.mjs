import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Memory } from "bloscache";
import { readDataset } from "../data/files.mjs";
import { oursAtMost } from "../report/targets.mjs";

export const title = "Memory while storing";
export const about =
  "The peak of resident memory while the first result of a process is stored, above where it stood before, with all that is loaded for it. Linux only: elsewhere 0.";
export const unit = "MiB";
export const inputs = ["airports", "arange"];
export const warmups = 0;
export const iterations = 1;
export const compare = "none";

export const sides = {
  bloscache(input, folder) {
    const array = readDataset(input);
    const memory = new Memory(join(folder, "cache"));
    const keep = memory.memoize(function keep(_run) {
      return array;
    });
    return { measure: () => peakOf(() => keep(process.pid)) };
  },
};

async function peakOf(run) {
  if (process.platform !== "linux") return 0;
  await setTimeout(200); // what making the array left behind is collected
  writeFileSync("/proc/self/clear_refs", "5"); // the peak starts again from here
  const before = statusKiB("VmRSS");
  run();
  return (statusKiB("VmHWM") - before) / 1024;
}

function statusKiB(field) {
  const status = readFileSync("/proc/self/status", "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)[1]);
}

export const targets = inputs.map((input) => oursAtMost(input, 64));
