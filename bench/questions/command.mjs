import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rawPath } from "../data/files.mjs";
import { python } from "../harness/trials.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "The command blpk on 1 GB";
export const about =
  "`blpk c` and `blpk d`, with their defaults and two threads, from start to exit, beside Python's command of that name.";
export const unit = "ms";
export const inputs = ["c arange 1 GB", "c noisy 1 GB", "d arange 1 GB", "d noisy 1 GB"];
export const data = (input) => [datasetOf(input)];
export const warmups = 1;
export const iterations = 1; // a process of its own anyway

const datasetOf = (input) => input.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const ours = [process.execPath, here("../node_modules/bloscache/dist/cli/blpk.js")];
const theirs = [python, here("../python/blpk.py")];

/** What it writes is removed outside the measured time. */
const side = (command) => (input, folder) => {
  const raw = rawPath(datasetOf(input));
  const packed = join(folder, "packed.blp");
  const isPacking = input.startsWith("c");
  // Both decompress the same file, of the reference.
  if (!isPacking && !existsSync(packed)) execute(theirs, ["c", raw, packed]);
  const from = isPacking ? raw : packed;
  const out = join(folder, isPacking ? "out.blp" : "out");
  return {
    run: () => execute(command, ["-n", "2", isPacking ? "c" : "d", from, out]),
    after: () => rmSync(out, { force: true }),
  };
};

function execute([file, ...first], rest) {
  execFileSync(file, [...first, ...rest], { stdio: ["ignore", "ignore", "inherit"] });
}

export const sides = {
  bloscache: side(ours),
  bloscpack: side(theirs),
};

export const targets = atLeast(inputs, { bloscpack: 2 });
