/**
 * A process that computes when it is told to, for the tests of several at once.
 *
 *   node contender.mjs LOCATION RUNS KIND     RUNS: file that each run of the function is written to,
 *                                             RUNS.waits: has as many bytes as calls have waited
 *
 * Reads lines `at MS X` from stdin (when to call, and with what), and answers each with a line of
 * JSON `{ isRight, events }` or `{ error, events }`.
 */
import { appendFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";

const [, , location, runs, kind, waitMs] = process.argv;
let events = [];
const memory = new Memory({
  location,
  onEvent({ type, reason }) {
    events.push(type === "duplicate" ? `${type} ${reason}` : type);
    if (type === "wait") appendFileSync(`${runs}.waits`, "1");
  },
  ...(waitMs ? { waitMs: Number(waitMs) } : {}),
});

function note(x) {
  appendFileSync(runs, `${x} ${process.pid}\n`);
}

function pause(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const result = (x) => new Float64Array(5000).fill(x);

const functions = {
  sync(x, ms) {
    note(x);
    pause(ms);
    return result(x);
  },
  async async(x, ms) {
    note(x);
    await sleep(ms);
    return result(x);
  },
  // Nothing tells that it gives promises until it does.
  promise(x, ms) {
    note(x);
    return sleep(ms, result(x));
  },
  throws(x, ms) {
    note(x);
    pause(ms);
    throw new Error(`thrown by ${process.pid}`);
  },
};

const call = memory.memoize(functions[kind], { id: kind, version: "1", key: (x) => x });

console.log("ready");
for await (const line of createInterface(process.stdin)) {
  const [at, x, ms] = line.split(" ").map(Number);
  await sleep(Math.max(0, at - Date.now()));
  events = [];
  try {
    const value = await call(x, ms);
    const isRight = value.length === 5000 && value.every((item) => item === x);
    console.log(JSON.stringify({ isRight, events }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message, events }));
  }
}
