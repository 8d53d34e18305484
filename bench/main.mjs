/**
 * Asks every question of this folder, prints a table and writes results/<date>.json.
 *
 *   node bench/main.mjs [--trials N] [QUESTION...]     such as `small-hit`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, runTrials } from "./harness.mjs";

const { values: options, positionals } = parseArgs({
  options: { trials: { type: "string", default: "7" } },
  allowPositionals: true,
});
const trials = Number(options.trials);
const questions = [
  ...["hit", "store", "memory", "small-hit", "million"],
  ...["pack", "unpack", "command", "append", "extend", "slice"],
  ...["hash", "cold-start", "waiter"],
];
const names = positionals.length > 0 ? positionals : questions;

const here = fileURLToPath(new URL(".", import.meta.url));
const results = join(here, "results");
mkdirSync(results, { recursive: true });
// Beside the results and not in the system's folder for temporary files, which may be memory.
const workspace = mkdtempSync(join(results, "work-"));

console.log(
  `${trials} trials of each, on ${os.availableParallelism()} cores, Node ${process.version}`,
);
const report = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: os.cpus()[0]?.model,
  cores: os.availableParallelism(),
  load: os.loadavg()[0],
  trials,
  answers: [],
};

try {
  for (const name of names) await ask(`./${name}.mjs`);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
const file = join(results, `${report.date.replaceAll(":", "-")}.json`);
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwritten to ${file}`);

async function ask(path) {
  const question = await import(path);
  const heads = ["median", "smallest", "largest"].map((head) => head.padStart(10)).join("");
  console.log(`\n${`${question.title}, ${question.unit}`.padEnd(66)}${heads}`);
  for (const input of question.inputs) {
    const values = runTrials(path, question, input, { trials, workspace });
    report.answers.push({ title: question.title, unit: question.unit, input, values });
    printAnswer(input, values, question.isDifference);
  }
}

function printAnswer(input, values, isDifference = false) {
  for (const [side, row] of Object.entries(values)) printRow(`${input}, ${side}`, row);
  const [ours, ...peers] = Object.keys(values);
  for (const peer of peers) {
    // Pair by pair: trial n of the peer with trial n of ours.
    const pairs = values[peer].map((value, index) => [value, values[ours][index]]);
    if (isDifference) {
      const beyond = pairs.map(([theirs, own]) => own - theirs);
      printRow(`${input}, ${ours} − ${peer}`, beyond);
    } else {
      const ratios = pairs.map(([theirs, own]) => theirs / own);
      printRow(`${input}, ${peer} / ${ours}`, ratios);
    }
  }
}

function printRow(name, row) {
  const numbers = [median(row), Math.min(...row), Math.max(...row)];
  const digits = (value) => value.toFixed(value < 10 ? 2 : 1).padStart(10);
  console.log(`  ${name.padEnd(64)}${numbers.map(digits).join("")}`);
}
