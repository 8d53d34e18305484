/** The Bloscpack reference as a side: reference.py in the tests' Python environment. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const windows = process.platform === "win32";
const python = fileURLToPath(
  new URL(windows ? "../.venv/Scripts/python.exe" : "../.venv/bin/python", import.meta.url),
);
const script = fileURLToPath(new URL("reference.py", import.meta.url));

/** Threads of either implementation. A question about both exports it as its `env`. */
export const twoThreads = { BLOSCACHE_NTHREADS: "2" };

/** The command line of `reference.py ...args`: `[file, ...arguments]`. */
export function referenceCommand(...args) {
  if (!existsSync(python)) {
    throw new Error("No Python environment: run `node scripts/setup.mjs --python` first");
  }
  return [python, script, ...args];
}

/** A side's `measure`: one process that does it again at every call, timed by its own clock. */
export function referenceLoop(...args) {
  const [file, ...rest] = referenceCommand(...args);
  const child = spawn(file, rest, { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  const measure = async () => {
    child.stdin.write("\n");
    const { value, done } = await answers.next();
    if (done) throw new Error("The reference ended early");
    return Number(value);
  };
  return Object.assign(measure, { close: () => child.stdin.end() });
}
