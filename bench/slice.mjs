import { existsSync } from "node:fs";
import { join } from "node:path";
import { open, openSync, packNdarrayToFileSync } from "bloscache/format";

export const title = "One element of a 1 GiB file, warm";
export const unit = "ms";
export const inputs = ["noise", "arange"];
export const warmups = 50;
export const iterations = 500;

const MIB = 2 ** 20 / 8;
const COUNT = 1024 * MIB;

/** Noise is the same in every chunk, which the chunks do not know of each other. */
const values = {
  noise: (i) => Math.fround(Math.sin(i / 1000) + Math.sin(i * i) / 100),
  arange: (i) => i,
};

function fileOf(input, folder) {
  const path = join(folder, "gibibyte.blp");
  if (existsSync(path)) return path;
  const array = new Float64Array(COUNT);
  const filled = input === "noise" ? MIB : COUNT;
  for (let i = 0; i < filled; i++) array[i] = values[input](i);
  for (let i = filled; i < COUNT; i += filled) array.copyWithin(i, 0, filled);
  packNdarrayToFileSync(path, array, { cname: "lz4", clevel: 5 });
  return path;
}

/** Places all over the file, so that no chunk is met twice in a row. */
function* places() {
  for (let place = 0; ; place = (place + 123_456_789) % COUNT) yield place;
}

export const sides = {
  "open reader, synchronous"(input, folder) {
    const reader = openSync(fileOf(input, folder));
    const at = places();
    return () => {
      const place = at.next().value;
      const start = performance.now();
      reader.slice(place, place + 1);
      return performance.now() - start;
    };
  },

  async "open reader, asynchronous"(input, folder) {
    const reader = await open(fileOf(input, folder));
    const at = places();
    return async () => {
      const place = at.next().value;
      const start = performance.now();
      await reader.slice(place, place + 1);
      return performance.now() - start;
    };
  },

  "open, slice and close, synchronous"(input, folder) {
    const path = fileOf(input, folder);
    const at = places();
    return () => {
      const place = at.next().value;
      const start = performance.now();
      const reader = openSync(path);
      reader.slice(place, place + 1);
      reader.close();
      return performance.now() - start;
    };
  },
};
