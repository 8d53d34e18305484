/** A process that gets one result from a cache: first-hit.mjs FOLDER [store]. */
import { Memory } from "bloscache";

const [folder, mode] = process.argv.slice(2);
const memory = new Memory(folder);
const embedding = memory.memoize(function embedding(scale, shift, step) {
  if (mode !== "store") throw new Error("This was to be a hit");
  return Float32Array.from({ length: 1536 }, (_, i) => Math.sin(i * step + shift) * scale);
});
embedding(2, 0.5, 0.01);
