import { join } from "node:path";
import { readDataset } from "../data/files.mjs";
import { openCacache, openKeyv, openLmdb } from "../peers/blobs.mjs";
import { expectSame } from "../peers/measuring.mjs";
import { openAsyncMemory } from "../peers/memory.mjs";
import { openMemoizeFs } from "../peers/texts.mjs";
import { oursAtLeast } from "../report/targets.mjs";

export const title = "Many small results at once";
export const about =
  "1,000 calls of an asynchronous function with arguments that were not met before, by one Promise.all: results of 1,536 Float32, 6 KB, that are stored in a second.";
export const unit = "a second";
export const inputs = ["6 KB"];
export const data = () => ["embedding"];
export const compare = "larger";
export const warmups = 2;
export const iterations = 11;

const COUNT = 1000;

const storing =
  (open, method = "put") =>
  async (_input, folder) => {
    const value = readDataset("embedding");
    const peer = await open(join(folder, `${open.name}-${process.pid}`));
    const prepared = peer.prepare?.(value) ?? value;
    let run = 0;
    const puts = () => {
      run++;
      return Array.from({ length: COUNT }, (_, i) => peer[method](prepared, run, i, 0.01));
    };
    return {
      async measure() {
        const start = performance.now();
        await Promise.all(puts());
        return COUNT / ((performance.now() - start) / 1000);
      },
      async check() {
        await Promise.all(puts());
        const result = await peer.get(run, COUNT - 1, 0.01);
        expectSame(peer.restore?.(result) ?? result, value);
      },
      close: peer.close,
    };
  };

export const sides = {
  bloscache: storing(openAsyncMemory),
  lmdb: storing(openLmdb, "putSoon"),
  cacache: storing(openCacache),
  "memoize-fs": storing(openMemoizeFs),
  "keyv-file": storing(openKeyv),
};

export const targets = [oursAtLeast("6 KB", 20_000)];

export const quick = { inputs, sides: ["lmdb", "cacache"] };
