/** On what was measured: the machine, and the versions of everything that took part. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import os from "node:os";
import { fileURLToPath } from "node:url";
import { hasPython, python } from "../harness/trials.mjs";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

/** Everything about a run but its answers; `text` is for the first line of what is printed. */
export function describeRun(trials, isQuick) {
  const cpu = os.cpus()[0]?.model ?? process.arch;
  const cores = os.availableParallelism();
  return {
    date: new Date().toISOString(),
    machine: {
      cpu,
      cores,
      memoryGiB: Math.round(os.totalmem() / 2 ** 30),
      system: `${os.type()} ${os.release()}`,
    },
    load: os.loadavg()[0],
    versions: versions(),
    trials,
    isQuick,
    text: `${trials} trials of each${isQuick ? ", quick" : ""}, on ${cores} cores of ${cpu}, Node ${process.version}`,
  };
}

/** `{ name: version }` of both languages and of all peers. */
function versions() {
  const { version } = JSON.parse(read("../../package.json"));
  const { dependencies } = JSON.parse(read("../package.json"));
  return { bloscache: version, Node: process.versions.node, ...dependencies, ...pythonVersions() };
}

function pythonVersions() {
  if (!hasPython()) return {};
  const script = fileURLToPath(new URL("../python/versions.py", import.meta.url));
  return JSON.parse(spawnSync(python, [script], { encoding: "utf8" }).stdout);
}
