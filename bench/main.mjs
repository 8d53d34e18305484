/**
 * Asks the questions of this folder and prints a table.
 *
 *   node bench/main.mjs [--quick] [--trials N] [--check] [--write-baseline] [QUESTION...]
 *   node bench/main.mjs --document results/<date>.json
 *
 * QUESTION is the name of a file in questions/, such as `small-hit`; with one of its inputs, such as
 * `large-hit:arange`, the others are not asked. All numbers go to
 * results/<date>.json; those of a full run, all questions with 7 trials or more, also to
 * docs/benchmarks.md with its charts. `--document` writes these again from such a file.
 *
 * Exits with 3 when `--check` finds a loss against baseline.json, with 1 when something broke.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hasPython, runTrials } from "./harness/trials.mjs";
import { checkBaseline, writeBaseline } from "./report/baseline.mjs";
import { describeRun } from "./report/run.mjs";
import { printAnswer, printMissed } from "./report/table.mjs";
import { judged } from "./report/targets.mjs";

const LOSS = 3;

/** As many as a median and its spread are published of. */
const FULL_TRIALS = 7;

const questions = [
  ...["large-hit", "large-store", "event-loop", "small-hit", "small-store", "puts-a-second"],
  ...["hash", "gather", "slice", "threads", "size", "settings", "cold-start"],
  ...["million", "million-memory", "memory", "waiter"],
  ...["pack", "unpack", "command", "append", "extend", "s3"],
];

const { values: options, positionals } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    trials: { type: "string" },
    check: { type: "boolean", default: false },
    "write-baseline": { type: "boolean", default: false },
    document: { type: "string" },
  },
  allowPositionals: true,
});
const here = fileURLToPath(new URL(".", import.meta.url));
const results = join(here, "results");

process.exitCode = await main();

async function main() {
  const unknown = asked().filter(({ name }) => !questions.includes(name));
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name).join(", ");
    console.error(`No such question: ${names}. There are ${questions.join(", ")}.`);
    return 1;
  }
  if (!existsSync(join(here, "node_modules/bloscache"))) {
    console.error("bench/ has no packages: run `node scripts/setup.mjs --bench` first.");
    return 1;
  }
  if (options.document) return document(JSON.parse(readFileSync(options.document, "utf8")));
  const run = describeRun(trialsAsked(), options.quick);
  console.log(run.text);
  if (!hasPython()) console.log("No Python environment in bench/.venv: its columns are left out.");
  const report = { ...run, answers: [] };
  const file = join(results, `${run.date.replaceAll(":", "-")}.json`);
  try {
    await answer(report);
  } finally {
    // Whatever was measured before something broke took long.
    writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`\nwritten to ${file}`);
  }
  printMissed(report.answers);
  if (positionals.length === 0 && !run.isQuick && run.trials >= FULL_TRIALS) await document(report);
  return conclude(report);
}

/** Questions, and of some only an input. */
function asked() {
  const all = positionals.length > 0 ? positionals : questions;
  return all.map((text) => {
    const [name, input] = text.split(":");
    return { name, only: input };
  });
}

function trialsAsked() {
  const trials = Number(options.trials ?? (options.quick ? 3 : FULL_TRIALS));
  if (!Number.isInteger(trials) || trials < 1)
    throw new RangeError("--trials takes a number from 1");
  return trials;
}

/** Adds an answer to the report for each question and input. */
async function answer({ trials, isQuick, answers }) {
  mkdirSync(results, { recursive: true });
  // Beside the results and not in the system's folder for temporary files, which may be memory.
  const workspace = mkdtempSync(join(results, "work-"));
  try {
    for (const { name, only } of asked()) {
      await ask(name, only, { trials, isQuick, workspace, answers });
    }
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}

async function ask(name, only, { trials, isQuick, workspace, answers }) {
  const file = new URL(`questions/${name}.mjs`, import.meta.url).href;
  const question = await import(file);
  if (isQuick && !question.quick) {
    console.log(`\n${question.title}: left out of a quick run`);
    return;
  }
  let tearDown;
  try {
    tearDown = question.setUp?.(workspace);
  } catch (error) {
    console.log(`\n${question.title}: left out, ${error.message}`);
    return;
  }
  try {
    await askAll(name, only, question, file, { trials, isQuick, workspace, answers });
  } finally {
    tearDown?.();
  }
}

async function askAll(name, only, question, file, { trials, isQuick, workspace, answers }) {
  const inputs = isQuick ? question.quick.inputs : question.inputs;
  for (const input of only === undefined ? inputs : [only]) {
    const leftOut = [];
    const onLeftOut = (_side, reason) => leftOut.push(reason);
    const fewer = Math.min(trials, question.trials ?? trials);
    const folder = mkdtempSync(join(workspace, "trials-"));
    const run = { question, file, input, folder };
    const values = runTrials(run, { trials: fewer, workspace, isQuick, onLeftOut });
    // Before the next one, so that the page cache and the disk have all they need for it.
    rmSync(folder, { recursive: true });
    const { title, about, unit, compare } = question;
    const targets = (question.targets ?? [])
      .filter((target) => target.input === input)
      .map((target) => judged(target, values, compare))
      .filter((target) => target !== undefined);
    answers.push({ name, title, about, unit, compare, input, values, targets, leftOut });
    printAnswer(answers.at(-1));
  }
}

async function document(report) {
  const { writeDocument } = await import("./report/document.mjs");
  writeDocument(report);
  console.log("written to docs/benchmarks.md");
  return 0;
}

/** The exit code. */
function conclude(report) {
  if (options["write-baseline"]) writeBaseline(report.answers);
  if (!options.check) return 0;
  const losses = checkBaseline(report.answers);
  console.log(
    losses.length === 0 ? "\nNo ratio is worse than its baseline by more than 25 %." : "",
  );
  for (const loss of losses) console.log(`LOSS: ${loss}`);
  return losses.length === 0 ? 0 : LOSS;
}
