/**
 * Runs a question's trials: each in a process of its own, the sides in turn (A B A B …), so that a
 * machine that grows slower or faster meanwhile does so for both.
 *
 * A question is a module that exports
 *   title, unit, inputs   for people
 *   isDifference          optional: sides are compared by ours minus the peer's, not by ratio
 *   env                   optional: environment of its trials
 *   warmups, iterations   per trial; the trial's value is the median of its iterations
 *   sides                 name → (input, folder) → measure; the first side is ours. `measure()`
 *                         does it once and returns its cost in `unit`; it may return a promise.
 *                         `measure.close`, if there is one, is called at the end.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const trialScript = fileURLToPath(new URL("trial.mjs", import.meta.url));

/** All trials of a question with one input: `{ side: values }`, in the order they were run. */
export function runTrials(file, question, input, { trials, workspace }) {
  const folder = join(workspace, `${file}-${input}`.replaceAll(/\W/g, "-"));
  mkdirSync(folder, { recursive: true });
  const values = Object.fromEntries(Object.keys(question.sides).map((side) => [side, []]));
  const env = { ...process.env, ...question.env };
  for (let trial = 0; trial < trials; trial++) {
    for (const side of Object.keys(values)) {
      const args = [trialScript, file, side, input, folder];
      const stdout = execFileSync(process.execPath, args, { env });
      values[side].push(Number(stdout));
    }
  }
  return values;
}

/** Times what a function does; its result is dropped at once. */
export function timed(run, unit = "ms") {
  const perMs = { ms: 1, µs: 1000 }[unit];
  return () => {
    const start = performance.now();
    run();
    return (performance.now() - start) * perMs;
  };
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
