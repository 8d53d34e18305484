import { inPython } from "../harness/side.mjs";
import { openCacache, openFiles, openKeyv, openLmdb } from "../peers/blobs.mjs";
import { putting } from "../peers/measuring.mjs";
import { openMemory } from "../peers/memory.mjs";
import { openFlatCache, openMemoizeFs } from "../peers/texts.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Storing a small result";
export const about =
  "1,536 Float32, 6 KB, under three numbers that were not met before, one after another; what is stored stays.";
export const unit = "µs";
export const inputs = ["6 KB"];
export const data = () => ["embedding"];
export const warmups = 100;
export const iterations = 1000;

const small = { dataset: "embedding", isKept: true };

export const sides = {
  bloscache: putting(openMemory, small),
  lmdb: putting(openLmdb, small),
  "fs.writeFileSync": putting(openFiles, small),
  cacache: putting(openCacache, small),
  "memoize-fs": putting(openMemoizeFs, small),
  "keyv-file": putting(openKeyv, small),
  "flat-cache": putting(openFlatCache, small),
  joblib: inPython("small_store", "joblib"),
  diskcache: inPython("small_store", "diskcache"),
};

export const targets = atLeast(["6 KB"], { joblib: 5, cacache: 5 });

export const quick = { inputs, sides: ["lmdb", "cacache", "memoize-fs", "joblib", "diskcache"] };
