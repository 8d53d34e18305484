import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readDataset } from "../data/files.mjs";
import { expectSame } from "../peers/measuring.mjs";
import { openAsyncMemory } from "../peers/memory.mjs";
import { oursAtMost } from "../report/targets.mjs";

export const title = "For how long the event loop stands still";
export const about =
  "The longest time that a timer of 1 ms comes too late while an asynchronous function stores 80 MB or finds them; of the idle loop in 50 ms, for how late the system itself lets timers be.";
export const unit = "ms";
export const inputs = ["store arange", "store noisy", "hit arange", "hit noisy"];
export const data = (input) => [input.split(" ")[1]];
export const warmups = 3;
export const iterations = 11;
export const compare = "none";

export const sides = {
  async bloscache(input, folder) {
    const [kind, dataset] = input.split(" ");
    const value = readDataset(dataset);
    const memory = openAsyncMemory(join(folder, "cache"));
    await memory.put(value, process.pid, 0, 0);
    const check = async () => expectSame(await memory.get(process.pid, 0, 0), value);
    if (kind === "hit")
      return { measure: () => longestBlock(memory.get(process.pid, 0, 0)), check };
    let count = 0;
    return {
      measure: () => longestBlock(memory.put(value, process.pid, ++count, 0)),
      after: () => memory.remove(process.pid, count, 0),
      check,
    };
  },
  "idle loop": () => ({ measure: () => longestBlock(sleep(50)) }),
};

/** Until the promise is resolved, ms. */
async function longestBlock(promise) {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - 1);
    last = now;
  }, 1);
  await promise;
  longest = Math.max(longest, performance.now() - last - 1);
  clearInterval(timer);
  return longest;
}

/** Of a hit it is V8 that stops: it marks its heap for every 80 MB that are given out. */
export const targets = ["store arange", "store noisy"].map((input) => oursAtMost(input, 5));

export const quick = { inputs: ["store arange", "hit arange"] };
