/**
 * A pool of worker threads and a cluster of processes on one cache: each tile of a map is computed
 * once, by whoever comes first, and read by all others.
 *
 *   node examples/workers/main.mjs
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { Memory } from "bloscache";

const memory = new Memory({ location: new URL(".cache", import.meta.url) });
memory.clear();

// The options of a Memory are plain data, which threads and processes can be sent.
const script = new URL("tiles.mjs", import.meta.url);
const threads = [1, 2].map(() => new Worker(script, { workerData: memory.options }));
const processes = [1, 2].map(() => {
  const child = fork(script);
  child.send(memory.options);
  return child;
});

const reports = await Promise.all(
  [...threads, ...processes].map(async (worker) => (await once(worker, "message"))[0]),
);
const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
console.log(`${sum("calls")} tiles asked for by ${reports.length} workers`);
console.log(`${sum("computed")} computed, ${[...memory.entries()].length} stored`);
console.log(`all the same: ${new Set(reports.map(({ total }) => total)).size === 1}`);
