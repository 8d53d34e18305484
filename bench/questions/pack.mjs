import { join } from "node:path";
import { packNdarrayToFileSync, unpackNdarrayFromFileSync } from "bloscache/format";
import { readDataset } from "../data/files.mjs";
import { lz4 } from "../data/packed.mjs";
import { inPython } from "../harness/side.mjs";
import { expectSame } from "../peers/measuring.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Packing to a Bloscpack file";
export const about =
  "80 MB of Float64, lz4 at level 5 with shuffle, chunks of 1 MiB and adler32 on both sides, over the same file.";
export const unit = "ms";
export const inputs = ["arange", "noisy"];
export const warmups = 3;
export const iterations = 11;

export const sides = {
  bloscache(input, folder) {
    const array = readDataset(input);
    const path = join(folder, "ours.blp");
    const run = () => packNdarrayToFileSync(path, array, lz4);
    return {
      run,
      check() {
        run();
        expectSame(unpackNdarrayFromFileSync(path).data, array);
      },
    };
  },
  bloscpack: inPython("pack", "bloscpack"),
};

export const targets = atLeast(inputs, { bloscpack: 1.3 });
