/** The arrays on which we and the Bloscpack reference are compared, of any length. */
import { existsSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packNdarrayToFileSync } from "bloscache/format";

/** What both pack with; the rest is the defaults of both: chunks of 1 MiB, adler32, offsets. */
export const lz4 = { cname: "lz4", clevel: 5, shuffle: "shuffle" };

export const series = {
  /** 0, 1, 2, …: data that compresses well. */
  arange: (length) => {
    const values = new Float64Array(length);
    for (let i = 0; i < length; i++) values[i] = i;
    return values;
  },
  /** The sum of a sine and noise, as Float32 holds it: a measured signal, which compresses some. */
  noisy: (length) => {
    const values = new Float64Array(length);
    let sum = 0;
    let state = 1;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0; // Numerical Recipes' generator
      sum += Math.sin(i / 1000) + (state / 2 ** 32 - 0.5) / 10;
      values[i] = Math.fround(sum);
    }
    return values;
  },
};

/** Lets `write` write a file, unless an earlier trial did; returns its path. */
export function once(folder, name, write) {
  const path = join(folder, name);
  if (!existsSync(path)) {
    const part = join(folder, `part-${name}`); // of the same extension, on which blpk insists
    write(part);
    renameSync(part, path);
  }
  return path;
}

/** A file of the raw values. */
export function rawFile(name, length, folder) {
  return once(folder, `${name}-${length}.raw`, (path) => writeFileSync(path, series[name](length)));
}

/** A Bloscpack file of the values. */
export function packedFile(name, length, folder) {
  return once(folder, `${name}-${length}.blp`, (path) =>
    packNdarrayToFileSync(path, series[name](length), lz4),
  );
}
