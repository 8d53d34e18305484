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

/**
 * Ours writes a new file each time, as a cache does; it is removed outside the measured time. The
 * peer does the same, into pages that the system has just got back and can hand out at once, and
 * in another side writes over its own file, as a program that saves its state does.
 */
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

  "fs.writeFileSync, new file"(input, folder) {
    const array = arrays[input]();
    const path = join(folder, `raw-${process.pid}`);
    const measure = timed(() => writeFileSync(path, array));
    return () => {
      const ms = measure();
      rmSync(path);
      return ms;
    };
  },

  "fs.writeFileSync, same file"(input, folder) {
    const array = arrays[input]();
    const path = join(folder, "raw");
    return timed(() => writeFileSync(path, array));
  },
};

function removeObjects(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".blp"));
  if (names.length !== 1) throw new Error(`Expected one new file, found ${names.length}.`);
  rmSync(join(folder, names[0]));
}
