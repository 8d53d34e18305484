/**
 * The demo: two processes ask the same function for the same matrix. The first one computes it,
 * the second one finds it on disk.
 *
 *   node examples/airports/main.mjs [--json]
 */
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const location = fileURLToPath(new URL(".cache", import.meta.url));
const step = fileURLToPath(new URL("step.mjs", import.meta.url));

rmSync(location, { recursive: true, force: true });
const first = runStep();
const second = runStep();
if (second.computed) throw new Error("The second process computed the matrix again.");
const stored = storedFile();
const identical = first.sha256 === second.sha256;

if (process.argv.includes("--json")) printJson();
else printTable();

process.exitCode = identical ? 0 : 1;

function runStep() {
  return JSON.parse(execFileSync(process.execPath, [step, location], { encoding: "utf8" }));
}

/** The result is one array, so there is one file. */
function storedFile() {
  const objects = join(location, "objects");
  const names = readdirSync(objects, { recursive: true }).filter((name) => name.endsWith(".blp"));
  if (names.length !== 1) throw new Error(`Expected one .blp file, found ${names.length}.`);
  const path = join(objects, names[0]);
  return { path, bytes: statSync(path).size };
}

function printJson() {
  const report = {
    computeMs: first.ms,
    hitMs: second.ms,
    plainBytes: first.plainBytes,
    storedBytes: stored.bytes,
    file: stored.path,
    identical,
  };
  console.log(JSON.stringify(report));
}

function printTable() {
  const count = (n) => n.toLocaleString("en-US");
  const ms = (time) => `${count(Math.round(time))} ms`.padStart(14);
  const bytes = (size) => count(size).padStart(14);
  const [n] = first.shape;
  console.log(`Great-circle distances between ${count(n)} airports, ${count(n * n)} Float64

  first process: compute, store${ms(first.ms)}
  second process: hit          ${ms(second.ms)}
  plain bytes                  ${bytes(first.plainBytes)}
  stored bytes                 ${bytes(stored.bytes)}   ratio ${(first.plainBytes / stored.bytes).toFixed(2)}
  same bytes in both           ${(identical ? "yes" : "NO").padStart(14)}
  file  ${relative(process.cwd(), stored.path)}`);
}
