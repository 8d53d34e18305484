import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Memory } from "bloscache";
import { oursAtMost } from "../report/targets.mjs";

export const title = "From the end of a computation to its value in a process that waits";
export const about =
  "Another process computes, for 300 ms; this one waits from shortly after it has begun. By the clock that both share.";
export const unit = "ms";
export const inputs = ["6 KB"];
export const data = () => [];
export const warmups = 2;
export const iterations = 15;
export const compare = "none";

const COMPUTES_MS = 300;
const script = fileURLToPath(new URL("processes/waited-for.mjs", import.meta.url));

/** By the clock that all processes of a machine share, ms. */
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** 768 Float64, 6 KB, that tell when they were there. */
const result = () => new Float64Array(768).fill(now());

/** A function that takes a while, and says on the standard output that it has begun. */
export function functionOf(kind, location) {
  const memory = new Memory({ location });
  const begin = () => writeSync(1, "begun\n");
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const computes = {
    synchronous: (_n) => {
      begin();
      Atomics.wait(pause, 0, 0, COMPUTES_MS);
      return result();
    },
    asynchronous: async (_n) => {
      begin();
      await sleep(COMPUTES_MS);
      return result();
    },
  };
  return memory.memoize(computes[kind], { id: kind, version: 1 });
}

/** Another process computes, this one waits from shortly after it has begun. */
const side = (kind) => async (_input, folder) => {
  const location = join(folder, "cache");
  const waited = functionOf(kind, location);
  const child = spawn(process.execPath, [script, kind, location], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout);
  let n = Date.now();
  return {
    async measure() {
      child.stdin.write(`${++n}\n`);
      await once(lines, "line");
      const [returned] = await waited(n);
      return now() - returned;
    },
    close: () => child.stdin.end(),
  };
};

export const sides = {
  "a synchronous function": side("synchronous"),
  "an asynchronous function": side("asynchronous"),
};

export const targets = [oursAtMost("6 KB", 20)];
