/**
 * One trial of one side, in a process of its own: trial.mjs FILE SIDE INPUT FOLDER ITERATIONS.
 * Prints its value, the median of its iterations. Started by trials.mjs; trial.py is its twin.
 */
import { setImmediate } from "node:timers/promises";
import { sidesOf } from "./side.mjs";
import { median } from "./statistics.mjs";

const [file, name, input, folder, iterations] = process.argv.slice(2);
const question = await import(file);
const side = sidesOf(question, input)[name];
const measurement = await (side.start ?? side)(input, folder);
await measurement.check?.();
const { measure = timed(measurement.run, question.unit), after, close } = measurement;

const values = [];
const seconds = Number(process.env.BLOSCACHE_BENCH_SECONDS);
await repeat(question.warmups, seconds / 2);
values.length = 0;
await repeat(Number(iterations), seconds);
await close?.();
process.stdout.write(String(median(values)));

/** At least once, and no more when so much time has passed: some take seconds for each. */
async function repeat(count, seconds) {
  const end = performance.now() + seconds * 1000;
  for (let i = 0; i < count; i++) {
    values.push(await measure());
    await after?.();
    await setImmediate(); // a turn of the event loop, in which dropped results can be finalized
    if (performance.now() > end) return;
  }
}

/** Of a function that gives a promise until that is resolved; of no other a promise is waited for. */
function timed(run, unit) {
  const perMs = { ms: 1, µs: 1000 }[unit];
  return () => {
    const start = performance.now();
    const result = run();
    const isAsync = typeof result?.then === "function";
    const since = () => (performance.now() - start) * perMs;
    return isAsync ? result.then(since) : since();
  };
}
