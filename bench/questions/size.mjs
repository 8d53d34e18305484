import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { readDataset } from "../data/files.mjs";
import { inPython } from "../harness/side.mjs";
import { openNumcodecs } from "../peers/blobs.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Size on disk";
export const about =
  "Of a large result, without what keeps many of them: the index of ours, the database of a peer. Ours and bloscpack have the same settings: lz4 at level 5 with shuffle, chunks of 1 MiB.";
export const unit = "MB";
export const inputs = ["arange", "noisy", "random", "airports", "flights", "embeddings"];
export const warmups = 0;
export const iterations = 1;
export const trials = 1; // sizes are the same every time

const ours = (options) => (input, folder) => ({
  measure() {
    const location = join(folder, `cache-${process.pid}`);
    const keep = new Memory({ location, ...options }).memoize(function keep() {
      return readDataset(input);
    });
    keep();
    return keep.info().cbytes / 1e6;
  },
});

async function numcodecs(input, folder) {
  const location = join(folder, `numcodecs-${process.pid}`);
  const peer = await openNumcodecs(location);
  return {
    async measure() {
      await peer.put(peer.prepare(readDataset(input)), 0, 0, 0);
      const sizes = readdirSync(location).map((name) => statSync(join(location, name)).size);
      return sizes.reduce((sum, size) => sum + size, 0) / 1e6;
    },
  };
}

const theirs = (side) => inPython("size", side);

export const sides = {
  bloscache: ours({ chunkSize: "1M" }),
  "bloscache, by default": ours({}),
  bloscpack: theirs("bloscpack"),
  numcodecs,
  "joblib compress=3": theirs("joblib compress=3"),
  "joblib lz4": theirs("joblib lz4"),
  "numpy.savez_compressed": theirs("numpy.savez_compressed"),
  zarr: theirs("zarr"),
  blosc2: theirs("blosc2"),
};

export const targets = atLeast(inputs, { bloscpack: 1 });

export const quick = { inputs: ["arange", "airports"], sides: ["bloscpack"] };
