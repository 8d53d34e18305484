import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timed } from "./harness.mjs";
import { referenceCommand } from "./reference.mjs";
import { once, rawFile } from "./series.mjs";

export const title = "The blpk command on a file of 1 GB, two threads";
export const unit = "ms";
export const inputs = ["c arange", "c noisy", "d arange", "d noisy"];
export const warmups = 1;
export const iterations = 1; // a process of its own anyway

const LENGTH = 125_000_000;
const blpk = fileURLToPath(new URL("../dist/cli/blpk.js", import.meta.url));

/** With the command's defaults; what it writes is removed outside the measured time. */
const side = (command) => (input, folder) => {
  const [subcommand, name] = input.split(" ");
  const raw = rawFile(name, LENGTH, join(folder, ".."));
  // Both decompress the same file, of the reference.
  const from =
    subcommand === "c"
      ? raw
      : once(folder, "packed.blp", (path) => run(referenceCommand("blpk"), ["c", raw, path]));
  const out = join(folder, subcommand === "c" ? "out.blp" : "out");
  const measure = timed(() => run(command(), ["-n", "2", subcommand, from, out]));
  return () => {
    const ms = measure();
    rmSync(out, { force: true });
    return ms;
  };
};

function run([file, ...first], rest) {
  execFileSync(file, [...first, ...rest], { stdio: ["ignore", "ignore", "inherit"] });
}

export const sides = {
  blpk: side(() => [process.execPath, blpk]),
  "Python's blpk": side(() => referenceCommand("blpk")),
};
