import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Memory } from "bloscache";
import { inputs as arrays } from "./inputs.mjs";

export const title = "Memory while storing, beyond the array itself";
export const unit = "MiB";
export const inputs = Object.keys(arrays);
export const warmups = 0;
export const iterations = 1; // the first time in a process, with all that it loads

export const sides = {
  bloscache(input, folder) {
    const array = arrays[input]();
    const memory = new Memory({ location: join(folder, "cache") });
    const keep = memory.memoize(function keep(_run) {
      return array;
    });
    return () => peakOf(() => keep(process.pid));
  },
};

/** How far resident memory rises above where it stands now. Linux only: elsewhere 0. */
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
