import { closeSync, openSync, readSync, statSync, truncateSync, writeSync } from "node:fs";
import { appendNdarraySync } from "bloscache/format";
import { noisy } from "../data/datasets.mjs";
import { packedFile } from "../data/packed.mjs";
import { atMost } from "../report/targets.mjs";

export const title = "Appending to a Bloscpack file";
export const about = "1 MiB of Float64 to a file that others may read, by the size of the file.";
export const unit = "ms";
export const inputs = ["noisy"];
export const data = () => [];
export const warmups = 10;
export const iterations = 101;

const MIB = 2 ** 20 / 8;
/** Longer than the header, metadata and offsets of either file, and within its first chunk. */
const HEAD_BYTES = 256 * 1024;

const side = (length) => (_input, folder) => {
  const path = packedFile(folder, `${length}.blp`, () => noisy(length));
  const array = noisy(MIB);
  return { run: () => appendNdarraySync(path, array), after: restorer(path) };
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
  "to a file of 1 GiB": side(1024 * MIB),
  "to a file of 1 MiB": side(MIB),
};

export const targets = atMost(inputs, { "to a file of 1 MiB": 1.3 });
