/** Peers that keep JSON. They get an array of numbers, as they do not know typed ones. */
import { join } from "node:path";

const prepare = (array) => Array.from(array);
const restore = (numbers) => Float32Array.from(numbers);

export async function openMemoizeFs(folder) {
  const { default: memoizeFs } = await import("memoize-fs");
  let value;
  const keep = await memoizeFs({ cachePath: folder }).fn((_a, _b, _c) => {
    if (value === undefined) throw new Error("This was to be a hit");
    return value;
  });
  return {
    prepare,
    restore,
    async put(next, a, b, c) {
      value = next;
      await keep(a, b, c);
      value = undefined;
    },
    get: keep,
  };
}

/**
 * It keeps all of a cache in memory and in one file. So a hit that comes from disk is that file
 * being loaded, and storing is writing all of it.
 */
export async function openFlatCache(folder) {
  const { create, createFromFile } = await import("flat-cache");
  const file = { cacheId: "cache", cacheDir: folder };
  const cache = create(file);
  const keyOf = (a, b, c) => `${a}-${b}-${c}`;
  return {
    prepare,
    restore,
    put(numbers, a, b, c) {
      cache.setKey(keyOf(a, b, c), numbers);
      cache.save();
    },
    get: (a, b, c) => createFromFile(join(folder, file.cacheId)).getKey(keyOf(a, b, c)),
  };
}
