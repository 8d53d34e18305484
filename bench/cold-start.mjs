import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timed } from "./harness.mjs";

export const title = "A process that imports bloscache and gets one small hit";
export const unit = "ms";
export const inputs = ["1,536 Float32"];
export const warmups = 3;
export const iterations = 15;
export const isDifference = true;

const script = fileURLToPath(new URL("first-hit.mjs", import.meta.url));

/** From start to exit, by the clock of the process that waits for it. */
const run = (...args) => execFileSync(process.execPath, args);

export const sides = {
  "first hit"(_input, folder) {
    const cache = join(folder, "cache");
    run(script, cache, "store");
    return timed(() => run(script, cache));
  },

  "node -e 0": () => timed(() => run("-e", "0")),
};
