/** The caches of the questions about a million results, filled once for all trials of an input. */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";

/** A tenth unless asked for: a million take minutes and 9 GB. */
export const COUNT = process.env.BLOSCACHE_MILLION === "1" ? 1_000_000 : 100_000;

/** 1,536 Float32, 6 KB: in the index, as no file of its own is worth it. */
function embedding(i) {
  return new Float32Array(1536).fill(i);
}

/** A cache with so many results, in this folder, and its function. */
export function filled(folder, count) {
  const location = join(folder, `cache-${count}`);
  const memory = new Memory({ location });
  const cached = memory.memoize(embedding, { id: "embedding", version: "1" });
  const mark = join(folder, `filled-${count}`);
  if (!existsSync(mark)) {
    for (let i = 0; i < count; i++) cached(i);
    writeFileSync(mark, "");
  }
  return { memory, cached, location };
}
