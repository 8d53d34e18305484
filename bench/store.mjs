import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { timed } from "./harness.mjs";
import { inputs as arrays } from "./inputs.mjs";

export const title = "Storing, against writing the raw bytes";
export const unit = "ms";
export const inputs = Object.keys(arrays);
export const warmups = 2;
export const iterations = 7;

/** Both sides write a new file each time, which is removed outside the measured time. */
export const sides = {
  bloscache(input, folder) {
    const array = arrays[input]();
    const location = join(folder, "cache");
    const memory = new Memory({ location });
    const run = process.pid;
    const keep = memory.memoize(function keep(_run, _count) {
      return array;
    });
    let count = 0;
    const measure = timed(() => keep(run, count++));
    return () => {
      const ms = measure();
      removeObjects(join(location, "objects"));
      return ms;
    };
  },

  "fs.writeFileSync"(input, folder) {
    const array = arrays[input]();
    const path = join(folder, `raw-${process.pid}`);
    const measure = timed(() => writeFileSync(path, array));
    return () => {
      const ms = measure();
      rmSync(path);
      return ms;
    };
  },
};

function removeObjects(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".blp"));
  if (names.length !== 1) throw new Error(`Expected one new file, found ${names.length}.`);
  rmSync(join(folder, names[0]));
}
