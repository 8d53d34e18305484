import { open, openSync } from "bloscache/format";
import { readDataset } from "../data/files.mjs";
import { packedFile } from "../data/packed.mjs";
import { oursAtMost } from "../report/targets.mjs";

export const title = "One element of a 1 GiB file";
export const about =
  "Of Float64 in chunks of 1 MiB, at places all over the file. A chunk's digest is over all of it, so all of it is read.";
export const unit = "ms";
export const inputs = ["gibibyte"];
export const warmups = 50;
export const iterations = 500;
export const compare = "none";

const COUNT = 2 ** 30 / 8;

const pathIn = (input, folder) => packedFile(folder, "packed.blp", () => readDataset(input));

/** Places all over the file, so that no chunk is met twice in a row. */
function* places() {
  for (let place = 0; ; place = (place + 123_456_789) % COUNT) yield place;
}

const slicing = (slice) => {
  const at = places();
  return {
    run: () => slice(at.next().value),
  };
};

export const sides = {
  "open reader, synchronous"(input, folder) {
    const reader = openSync(pathIn(input, folder));
    return slicing((place) => reader.slice(place, place + 1));
  },

  async "open reader, asynchronous"(input, folder) {
    const reader = await open(pathIn(input, folder));
    return slicing((place) => reader.slice(place, place + 1));
  },

  "open, slice and close, synchronous"(input, folder) {
    const path = pathIn(input, folder);
    return slicing((place) => {
      const reader = openSync(path);
      reader.slice(place, place + 1);
      reader.close();
    });
  },
};

export const targets = [oursAtMost("gibibyte", 1)];
