import { readDataset } from "../data/files.mjs";
import { inPython } from "../harness/side.mjs";
import { openCacache, openFiles, openKeyv, openLmdb, openNumcodecs } from "../peers/blobs.mjs";
import { expectSame, getting } from "../peers/measuring.mjs";
import { copierOf } from "../peers/memcpy.mjs";
import { openMemory } from "../peers/memory.mjs";
import { atLeast, atMost } from "../report/targets.mjs";

export const title = "A large hit";
export const about =
  "A result of 60 to 91 MB that is on disk, in the page cache: from the call to the arrays.";
export const unit = "ms";
export const inputs = ["arange", "noisy", "random", "airports", "flights", "embeddings"];
export const warmups = 4;
export const iterations = 11;

const theirs = (side) => inPython("large_hit", side);

const all = {
  bloscache: getting(openMemory),
  "fs.readFileSync": getting(openFiles),
  memcpy,
  lmdb: getting(openLmdb),
  cacache: getting(openCacache),
  "keyv-file": getting(openKeyv),
  numcodecs: getting(openNumcodecs),
  joblib: theirs("joblib"),
  "joblib compress=3": theirs("joblib compress=3"),
  "joblib lz4": theirs("joblib lz4"),
  diskcache: theirs("diskcache"),
  bloscpack: theirs("bloscpack"),
  "numpy.load": theirs("numpy.load"),
  "numpy.load, compressed": theirs("numpy.load, compressed"),
  zarr: theirs("zarr"),
  blosc2: theirs("blosc2"),
};

/** Of data that no target speaks of, the quicker ones. */
const some = ["bloscache", "fs.readFileSync", "memcpy", "joblib", "bloscpack", "numpy.load"];

export function sides(input) {
  if (["arange", "noisy", "airports"].includes(input)) return all;
  return Object.fromEntries([...some, "zarr", "blosc2"].map((side) => [side, all[side]]));
}

function memcpy(input) {
  const value = readDataset(input);
  const copy = copierOf(value);
  return { run: copy, check: () => expectSame(copy(), value) };
}

export const targets = [
  ...atLeast(["arange", "airports"], {
    "fs.readFileSync": 3.5,
    joblib: 1.3,
    "numpy.load": 1.3,
    bloscpack: 2,
    "joblib compress=3": 10,
  }),
  ...atLeast(["noisy"], { "fs.readFileSync": 2.5, joblib: 1, bloscpack: 1.6 }),
  ...atMost(["arange"], { memcpy: 1.5 }),
];

export const quick = {
  inputs: ["arange", "noisy"],
  sides: ["fs.readFileSync", "memcpy", "joblib", "numpy.load", "bloscpack"],
};
