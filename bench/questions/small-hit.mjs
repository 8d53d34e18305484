import { inPython } from "../harness/side.mjs";
import { openCacache, openFiles, openKeyv, openLmdbWithDigest } from "../peers/blobs.mjs";
import { getting } from "../peers/measuring.mjs";
import { openMemory } from "../peers/memory.mjs";
import { openFlatCache, openMemoizeFs } from "../peers/texts.mjs";
import { atLeast, atMost, oursAtMost } from "../report/targets.mjs";

export const title = "A small hit";
export const about =
  "1,536 Float32, 6 KB, of a synchronous function that was called with three numbers; peers that give promises are waited for.";
export const unit = "µs";
export const inputs = ["6 KB"];
export const data = () => ["embedding"];
export const warmups = 2000;
export const iterations = 10_000;

const small = { dataset: "embedding" };

export const sides = {
  bloscache: getting(openMemory, small),
  "lmdb + xxhash": getting(openLmdbWithDigest, small),
  "fs.readFileSync": getting(openFiles, small),
  cacache: getting(openCacache, small),
  "memoize-fs": getting(openMemoizeFs, small),
  "keyv-file": getting(openKeyv, small),
  "flat-cache": getting(openFlatCache, small),
  joblib: inPython("small_hit", "joblib"),
  diskcache: inPython("small_hit", "diskcache"),
};

export const targets = [
  oursAtMost("6 KB", 10),
  ...atMost(["6 KB"], { "lmdb + xxhash": 2.5 }),
  ...atLeast(["6 KB"], { joblib: 8, diskcache: 1.5, cacache: 40, "memoize-fs": 40 }),
];

export const quick = {
  inputs,
  sides: ["lmdb + xxhash", "fs.readFileSync", "cacache", "memoize-fs", "joblib", "diskcache"],
};
