/** One trial of one side, in a process of its own: prints its value. Started by harness.mjs. */
import { setImmediate } from "node:timers/promises";
import { median } from "./harness.mjs";

const [file, side, input, folder] = process.argv.slice(2);
const { warmups, iterations, sides } = await import(file);
const measure = await sides[side](input, folder);
const values = [];
for (let i = -warmups; i < iterations; i++) {
  const value = await measure();
  if (i >= 0) values.push(value);
  await setImmediate(); // a turn of the event loop, in which dropped results can be finalized
}
measure.close?.();
process.stdout.write(String(median(values)));
