import { inPython } from "../harness/side.mjs";
import {
  openCacache,
  openFiles,
  openKeyv,
  openLmdb,
  openNumcodecs,
  openSameFile,
} from "../peers/blobs.mjs";
import { putting } from "../peers/measuring.mjs";
import { openMemory } from "../peers/memory.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Storing a large result";
export const about =
  "A miss of a function that takes no time itself: 60 to 91 MB compressed and written, without waiting for the disk. Every store is to a new file, but for one of fs.";
export const unit = "ms";
export const inputs = ["arange", "noisy", "airports", "flights"];
export const warmups = 2;
export const iterations = 7;

const theirs = (side) => inPython("large_store", side);

const all = {
  bloscache: putting(openMemory),
  "fs.writeFileSync, new file": putting(openFiles),
  "fs.writeFileSync, same file": putting(openSameFile),
  lmdb: putting(openLmdb),
  cacache: putting(openCacache),
  "keyv-file": putting(openKeyv),
  numcodecs: putting(openNumcodecs),
  joblib: theirs("joblib"),
  "joblib compress=3": theirs("joblib compress=3"),
  "joblib lz4": theirs("joblib lz4"),
  diskcache: theirs("diskcache"),
  bloscpack: theirs("bloscpack"),
  "numpy.save": theirs("numpy.save"),
  "numpy.savez_compressed": theirs("numpy.savez_compressed"),
  zarr: theirs("zarr"),
  blosc2: theirs("blosc2"),
};

/** What takes seconds for each is asked of one input, of which a target speaks. */
const slow = ["keyv-file", "joblib compress=3", "joblib lz4", "numpy.savez_compressed"];

export function sides(input) {
  if (input === "arange") return all;
  return Object.fromEntries(Object.entries(all).filter(([side]) => !slow.includes(side)));
}

export const targets = atLeast(["arange"], {
  bloscpack: 1.3,
  "fs.writeFileSync, new file": 2,
  "fs.writeFileSync, same file": 2,
  "joblib compress=3": 10,
});

export const quick = {
  inputs: ["arange"],
  sides: ["fs.writeFileSync, new file", "fs.writeFileSync, same file", "bloscpack"],
};
