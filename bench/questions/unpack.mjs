import { unpackNdarrayFromFileSync } from "bloscache/format";
import { readDataset } from "../data/files.mjs";
import { packedFile } from "../data/packed.mjs";
import { inPython } from "../harness/side.mjs";
import { expectSame } from "../peers/measuring.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "Unpacking a Bloscpack file";
export const about = "80 MB of Float64; both sides read the same file.";
export const unit = "ms";
export const inputs = ["arange", "noisy"];
export const warmups = 4;
export const iterations = 11;

export const sides = {
  bloscache(input, folder) {
    const path = packedFile(folder, "packed.blp", () => readDataset(input));
    return {
      run: () => unpackNdarrayFromFileSync(path),
      check: () => expectSame(unpackNdarrayFromFileSync(path).data, readDataset(input)),
    };
  },
  bloscpack: inPython("unpack", "bloscpack"),
};

export const targets = [
  ...atLeast(["arange"], { bloscpack: 2 }),
  ...atLeast(["noisy"], { bloscpack: 1.6 }),
];
