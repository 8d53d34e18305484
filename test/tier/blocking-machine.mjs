/**
 * A process of a machine that computes by synchronous functions, which block it.
 *
 *   node blocking-machine.mjs '{ "location", "recipe", "runs", "keys", "ms" }'
 *
 * `recipe` is that of the tier. Every computation adds a line to the file `runs` and says so on
 * stderr. Waits for a line on stdin, calls all keys, and prints `{ wrong, events }`: how many results
 * were not the right ones, and how often each kind of event was told.
 */
import { appendFileSync, writeSync } from "node:fs";
import { Memory } from "bloscache";
import { s3Tier } from "bloscache/s3";
import { folderTier } from "bloscache/tier";

const { location, recipe, runs, keys, ms } = JSON.parse(process.argv[2]);
const shared = recipe.kind === "s3" ? s3Tier(recipe.options) : folderTier(recipe.options);
const events = {};
const onEvent = ({ type }) => {
  events[type] = (events[type] ?? 0) + 1;
};
const memory = new Memory({ location, shared, onEvent });

const right = (key) => Float64Array.from({ length: 3000 }, (_, i) => key * i);

const compute = memory.memoize(
  function compute(key) {
    appendFileSync(runs, `${key}\n`);
    writeSync(2, "computing\n");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return right(key);
  },
  { id: "compute", version: "1" },
);

writeSync(1, "ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();
let wrong = 0;
for (const key of keys) {
  const [result, expected] = [compute(key), right(key)];
  if (!result.every((item, i) => item === expected[i])) wrong++;
}
// It ends by itself.
writeSync(1, `${JSON.stringify({ wrong, events })}\n`);
