/**
 * Opens a cache, stores some results in it, and ends: as a process, or as threads, one after another.
 *
 *   node visitor.mjs process LOCATION LANE ROUND
 *   node visitor.mjs threads LOCATION LANE ROUNDS
 *
 * Prints what is stored, a line `lane round` for each visit that has stored all of it.
 */
import { once } from "node:events";
import { writeSync } from "node:fs";
import { Worker, workerData } from "node:worker_threads";
import { Memory } from "bloscache";

/** Of each visit; every third is too large for its row. */
export const RESULTS = 4;

export const kept = (lane, round, x) =>
  Float64Array.from(
    { length: x % 3 === 0 ? 3000 : 30 },
    (_, i) => lane + 10 * round + (i >> 2) * x,
  );

const later = async (lane, round) => kept(lane, round, 0);

/** A visit's results stored, and how it ends. */
function visit(location, lane, round) {
  process.on("warning", ({ code, message }) => writeSync(2, `${code} ${message}\n`));
  const memory = new Memory(location);
  const own = memory.memoize(kept, { id: "kept", version: "1" });
  for (let x = 0; x < RESULTS; x++) {
    const [result, right] = [own(lane, round, x), kept(lane, round, x)];
    if (!result.every((item, i) => item === right[i])) throw new Error("wrong");
  }
  writeSync(1, `${lane} ${round}\n`);
  // By itself; at once; while something is being stored; with timers that come to nothing.
  const ways = [
    () => undefined,
    () => process.exit(0),
    () => {
      memory.memoize(later, { id: "later", version: "1" })(lane, round);
      setImmediate(() => process.exit(0));
    },
    () => setTimeout(() => undefined, 5),
  ];
  ways[(lane + round) % ways.length]();
}

const [, script, kind, location, lane, round] = process.argv;
if (workerData !== null) visit(...workerData);
else if (script?.endsWith("visitor.mjs") && kind === "process") {
  visit(location, Number(lane), Number(round));
} else if (script?.endsWith("visitor.mjs")) {
  for (let n = 0; n < Number(round); n++) {
    const thread = new Worker(new URL(import.meta.url), {
      workerData: [location, Number(lane), n],
    });
    const [code] = await once(thread, "exit");
    if (code !== 0) throw new Error(`A thread ended with ${code}`);
  }
}
