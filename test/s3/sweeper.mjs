/**
 * A worker of a machine: computes keys through a cache that it shares with other machines.
 *
 *   node sweeper.mjs '{ "location", "bucket", "runs", "keys", "ms", "leaseMs", "answerMs" }'
 *
 * Every computation adds a line to the file `runs`. Waits for a line on stdin, calls all keys, and
 * prints `{ wrong, failed, events }`: how many results were not the right ones, what was thrown, and
 * how often each kind of event was told.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { s3Tier } from "bloscache/s3";

const { location, bucket, runs, keys, ms, ...tier } = JSON.parse(process.argv[2]);
const events = {};
const memory = new Memory({
  location,
  shared: s3Tier({ bucket, ...tier }),
  onEvent: ({ type }) => {
    events[type] = (events[type] ?? 0) + 1;
  },
});

const right = (key) => Float64Array.from({ length: 3000 }, (_, i) => key * i);

const compute = memory.memoize(
  async function compute(key) {
    appendFileSync(runs, `${key}\n`);
    process.stderr.write("computing\n");
    await sleep(ms);
    return right(key);
  },
  { id: "compute" },
);

process.stdout.write("ready\n");
await new Promise((resolve) => process.stdin.once("data", resolve));

let wrong = 0;
const failed = [];
// Each worker in an order of its own, as they come.
const own = keys.map((key) => [Math.random(), key]).sort(([a], [b]) => a - b);
for (const [, key] of own) {
  try {
    const result = await compute(key);
    if (Buffer.compare(Buffer.from(result.buffer), Buffer.from(right(key).buffer)) !== 0) wrong++;
  } catch (error) {
    failed.push(String(error));
  }
}
await memory[Symbol.asyncDispose]();
process.stdout.write(`${JSON.stringify({ wrong, failed, events })}\n`);
process.exit(0);
