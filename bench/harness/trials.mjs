/**
 * Runs a question's trials: each in a process of its own, the sides in turn (A B A B …), so that a
 * machine that grows slower or faster meanwhile does so for all.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hasDataset } from "../data/files.mjs";
import { sidesOf } from "./side.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const windows = process.platform === "win32";
export const python = here(windows ? "../.venv/Scripts/python.exe" : "../.venv/bin/python");
export const hasPython = () => existsSync(python);

/** As many threads on either side, however it is told. */
const twoThreads = { BLOSCACHE_NTHREADS: "2", BLOSC_NTHREADS: "2" };

/** A trial that did not end well; `side` tells which, and the message how. */
class TrialError extends Error {
  constructor(side, reason) {
    super(`${side}: ${reason}`);
    this.side = side;
  }
}

/**
 * All trials of a question with one input: `{ side: values }`, in the order they were run.
 * @param run `{ question, file, input, folder }`: the question, its module, what of it to ask, and
 *   a folder for all trials of that
 * @param options `{ trials, workspace, isQuick, onLeftOut }`: a peer that fails is left out, with
 *   the trials that it had, and `onLeftOut(side, reason)` told
 * @throws TrialError when ours fails
 */
export function runTrials(run, options) {
  const { question, input } = run;
  makeData(question.data?.(input) ?? [input], options.workspace);
  const values = Object.fromEntries(sideNames(question, input, options).map((side) => [side, []]));
  const [ours] = Object.keys(values);
  for (let trial = 0; trial < options.trials; trial++) {
    for (const side of Object.keys(values)) {
      try {
        values[side].push(runTrial({ ...run, side }, options));
      } catch (error) {
        if (!(error instanceof TrialError) || side === ours) throw error;
        delete values[side];
        options.onLeftOut(side, error.message);
      }
    }
  }
  return values;
}

/** Of those that this run asks, and can: without Python its sides are left out. */
function sideNames(question, input, { isQuick, onLeftOut }) {
  const sides = sidesOf(question, input);
  const names = Object.keys(sides);
  return names.filter((name, index) => {
    const chosen = !isQuick || index === 0 || question.quick.sides?.includes(name) !== false;
    if (!chosen) return false;
    if (!sides[name].python || hasPython()) return true;
    onLeftOut(name, `${name}: no Python environment in bench/.venv`);
    return false;
  });
}

function makeData(names, workspace) {
  const folder = dataFolderOf(workspace);
  mkdirSync(folder, { recursive: true });
  for (const name of names.filter((name) => !hasDataset(name, folder))) {
    const { status } = spawnSync(process.execPath, [here("../data/make.mjs"), name, folder], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    if (status !== 0) throw new Error(`The data "${name}" could not be made`);
  }
}

const dataFolderOf = (workspace) => join(workspace, "data");

/** The value of one trial. */
function runTrial({ question, file, side, input, folder }, { workspace, isQuick }) {
  const { python: inPython, env: ofSide } = sidesOf(question, input)[side];
  const iterations = String((isQuick && question.quick.iterations) || question.iterations);
  const [command, args] = inPython
    ? [python, [here("../python/trial.py"), inPython.question, inPython.side, input, folder]]
    : [process.execPath, [here("trial.mjs"), file, side, input, folder]];
  const env = {
    ...process.env,
    ...twoThreads,
    BLOSCACHE_BENCH_DATA: dataFolderOf(workspace),
    BLOSCACHE_BENCH_SECONDS: isQuick ? "0.6" : "1",
    BLOSCACHE_BENCH_WARMUPS: String(question.warmups),
    BLOSCACHE_BENCH_UNIT: question.unit,
    ...question.env,
    ...ofSide,
  };
  const { status, signal, stdout, stderr } = spawnSync(command, [...args, iterations], {
    env,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  const value = Number(stdout);
  if (status !== 0 || stdout === "" || Number.isNaN(value)) {
    const ended = signal ? `killed by ${signal}` : `exit code ${status}`;
    throw new TrialError(side, `${ended}, ${stdout}${stderr}`.trim());
  }
  return value;
}
