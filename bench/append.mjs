import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from "node:fs";
import { appendNdarraySync } from "bloscache/format";
import { timed } from "./harness.mjs";
import { twoThreads } from "./reference.mjs";
import { packedFile, series } from "./series.mjs";

export const title = "Appending 1 MiB of Float64, by the size of the file";
export const unit = "ms";
export const inputs = ["noisy"];
export const warmups = 10;
export const iterations = 101;
export const env = twoThreads;

const MIB = 2 ** 20 / 8;
/** Longer than the header, metadata and offsets of either file, and within its first chunk. */
const HEAD_BYTES = 256 * 1024;

const side = (length) => (input, folder) => {
  const path = packedFile(input, length, folder);
  const array = series[input](MIB);
  const restore = restorer(path);
  const measure = timed(() => appendNdarraySync(path, array));
  return () => {
    const ms = measure();
    restore();
    return ms;
  };
};

/**
 * Undoes an append outside the measured time, or the small file would grow and run out of offsets.
 * The chunks are full, so only the head has changed of what there was.
 */
function restorer(path) {
  const { size } = statSync(path);
  const head = Buffer.alloc(HEAD_BYTES);
  if (size < HEAD_BYTES) throw new Error(`${path} is too small to be restored`);
  const file = openSync(path, "r");
  readSync(file, head, 0, HEAD_BYTES, 0);
  closeSync(file);
  return () => {
    const file = openSync(path, "r+");
    writeSync(file, head, 0, HEAD_BYTES, 0);
    closeSync(file);
    truncateSync(path, size);
  };
}

export const sides = {
  "to a file of 1 MiB": side(MIB),
  "to a file of 1 GiB": side(1024 * MIB),
};
