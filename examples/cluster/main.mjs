/**
 * A sweep over the parameters of a simulation, by workers on several machines that share one cache:
 * each run is computed once, by whichever machine comes first. The machines are simulated: each has
 * a folder of its own, and two processes.
 *
 *   node examples/cluster/main.mjs                      the tier is a folder
 *   S3_BUCKET=my-bucket node examples/cluster/main.mjs  the tier is a bucket; needs @aws-sdk/client-s3
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".cache", import.meta.url));
rmSync(folder, { recursive: true, force: true });

const worker = new URL("worker.mjs", import.meta.url);
const machines = ["north", "east", "south"];
const started = machines.flatMap((machine) =>
  [1, 2].map(async () => {
    const child = fork(worker, [`${folder}/${machine}`, `${folder}/shared`]);
    const [report] = await once(child, "message");
    return { machine, ...report };
  }),
);
const reports = await Promise.all(started);

const sum = (field) => reports.reduce((total, report) => total + report[field], 0);
console.log(
  `${sum("calls")} runs asked for by ${reports.length} workers on ${machines.length} machines`,
);
console.log(`${sum("computed")} computed, ${sum("fetches")} brought from the shared tier`);
console.log(`all the same: ${new Set(reports.map(({ total }) => total)).size === 1}`);
