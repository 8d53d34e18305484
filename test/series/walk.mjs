/**
 * A random walk that is extended, to be killed on the way.
 *
 *   node walk.mjs extend LOCATION LENGTH STEP    STEP: items per yield, each of which is committed
 *   node walk.mjs look LOCATION LENGTH STEP      what is stored, and what after extending it
 */
import { Memory } from "bloscache";
import { openSync } from "bloscache/format";

/** Kept within 48 bits, so that every step is exact. */
export function nextOf(state) {
  return (state * 25_214_903_917 + 11) % 2 ** 20;
}

export function walkOn(memory, step, note = () => {}) {
  return memory.incremental({
    id: "walk",
    version: 1,
    dtype: "<f8",
    commitMs: 0,
    packing: { chunkSize: 4096, clevel: 1 },
    *extend({ from, to, tail, state }) {
      note(from);
      let position = tail[0] ?? 0;
      let seed = state?.seed ?? 1;
      if (from > 0 && state?.at !== from) throw new Error(`state of ${state?.at} at ${from}`);
      for (let at = from; at < to; ) {
        const data = new Float64Array(Math.min(step, to - at));
        for (let i = 0; i < data.length; i++) {
          seed = nextOf(seed);
          position += seed - 2 ** 19;
          data[i] = position;
        }
        at += data.length;
        yield { data, state: { seed, at } };
      }
    },
  });
}

/** The first items, computed without a cache. */
export async function expected(length) {
  return walkOn(new Memory(null), length)("a", { length });
}

async function look(walk) {
  const length = walk.lengthOf("a");
  const items = await walk.read("a");
  const right = await expected(length);
  const isRight = items.length === length && items.every((item, i) => item === right[i]);
  // Having been read, the file shows all that is committed.
  const shown = (walk.info("a")?.files ?? []).map((file) => {
    const reader = openSync(file, { as: "array" });
    const { data } = reader.slice();
    reader.close();
    return data.every((item, i) => item === right[i]) ? data.length : -1;
  });
  return { length, isRight, shown };
}

const [, script, what, location, length, step] = process.argv;
if (script?.endsWith("walk.mjs")) {
  const walk = walkOn(new Memory(location), Number(step));
  const looks = what === "look" ? [await look(walk)] : [];
  await walk.extend("a", { length: Number(length) });
  if (what === "look") console.log(JSON.stringify([...looks, await look(walk)]));
}
