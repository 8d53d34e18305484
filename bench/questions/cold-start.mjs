import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atMost } from "../report/targets.mjs";

export const title = "From the start of a process to its first hit";
export const about =
  "A process that imports bloscache and gets one small hit, from start to exit, by the clock of the process that waits for it.";
export const unit = "ms";
export const inputs = ["6 KB"];
export const data = () => [];
export const warmups = 3;
export const iterations = 15;
export const compare = "difference";

const script = fileURLToPath(new URL("processes/first-hit.mjs", import.meta.url));
const run = (...args) => execFileSync(process.execPath, args);

export const sides = {
  bloscache(_input, folder) {
    const cache = join(folder, "cache");
    run(script, cache, "store");
    return { run: () => run(script, cache) };
  },

  "node -e 0": () => ({ run: () => run("-e", "0") }),
};

export const targets = atMost(inputs, { "node -e 0": 40 });

export const quick = { inputs, iterations: 7 };
