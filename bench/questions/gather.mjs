import { openSync } from "bloscache/format";
import { readDataset } from "../data/files.mjs";
import { packedFile } from "../data/packed.mjs";
import { inPython } from "../harness/side.mjs";
import { atLeast } from "../report/targets.mjs";

export const title = "A thousand elements of a 1 GiB file";
export const about =
  "Of Float64 in chunks of 1 MiB, lz4 at level 5 with shuffle on both sides, at random places. They lie in 757 chunks, which zarr and `take` read once. Ours verifies digests, zarr has none.";
export const unit = "ms";
export const inputs = ["gibibyte"];
export const warmups = 1;
export const iterations = 5;

const COUNT = 2 ** 30 / 8;

/** The same thousand in Python. */
const places = Float64Array.from({ length: 1000 }, (_, i) => (i * 123_456_789) % COUNT);

const gathering = (gather) => (input, folder) => {
  const path = packedFile(folder, "packed.blp", () => readDataset(input));
  const reader = openSync(path);
  const run = () => gather(reader);
  return {
    run,
    check() {
      const values = readDataset(input);
      const found = run();
      if (!places.every((place, i) => found[i] === values[place])) {
        throw new Error("The elements are not those of the file");
      }
    },
    close: () => reader.close(),
  };
};

export const sides = {
  "bloscache, take": gathering((reader) => reader.take(places).data),
  "bloscache, one by one": gathering((reader) =>
    Float64Array.from(places, (place) => reader.slice(place, place + 1).data[0]),
  ),
  zarr: inPython("gather", "zarr"),
};

export const targets = atLeast(inputs, { zarr: 5 });
