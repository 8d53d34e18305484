/**
 * Results just too large for their rows, whose files are small: of every codec and shuffle, of many
 * element types, nested and alone, in one chunk and in several. With a location, calls all of them:
 *
 *   node small-files.mjs LOCATION      prints which results were wrong, and how many were computed
 */
import { isDeepStrictEqual } from "node:util";
import { Memory } from "bloscache";

const PLAIN = 16 * 1024 + 64;

/** Few bits change from item to item. */
function slow(Type, step) {
  const length = Math.ceil(PLAIN / Type.BYTES_PER_ELEMENT);
  const isBig = Type === BigInt64Array || Type === BigUint64Array;
  const item = (i) => Math.floor(i / step) % 100;
  return Type.from({ length }, (_, i) => (isBig ? BigInt(item(i)) : item(i)));
}

const packed = (cname, shuffle, more = {}) => ({ cname, shuffle, ...more });

/** By id: a result, and how it is packed. */
export const RESULTS = {
  "blosclz-noshuffle": [slow(Uint8Array, 999), packed("blosclz", "noshuffle")],
  "blosclz-shuffle": [slow(Float64Array, 60), packed("blosclz", "shuffle")],
  "lz4-shuffle": [slow(Float64Array, 80), packed("lz4", "shuffle")],
  "lz4-bitshuffle": [slow(Int16Array, 200), packed("lz4", "bitshuffle")],
  "lz4-chunks": [slow(Float32Array, 300), packed("lz4", "shuffle", { chunkSize: 6000 })],
  "lz4hc-shuffle": [slow(Int32Array, 100), packed("lz4hc", "shuffle", { clevel: 9 })],
  "zlib-noshuffle": [slow(Uint16Array, 500), packed("zlib", "noshuffle")],
  "zlib-bitshuffle": [slow(BigInt64Array, 40), packed("zlib", "bitshuffle")],
  "zstd-shuffle": [slow(Float64Array, 40), packed("zstd", "shuffle")],
  "zstd-bitshuffle": [slow(Uint32Array, 150), packed("zstd", "bitshuffle", { chunkSize: 8192 })],
  nested: [
    {
      grids: [slow(Float32Array, 250), new Map([["mask", slow(Int8Array, 2000)]])],
      name: "a grid",
      at: new Date(0),
    },
    packed("zstd", "shuffle"),
  ],
  // Where its parts belong takes a file of its own.
  long: [
    { text: "one two three ".repeat(1300), few: Int8Array.of(1, 2) },
    packed("lz4", "shuffle"),
  ],
};

/** How often a function ran. */
export const counts = { computed: 0 };

/** Outside of any cache: a process may use several. */
const FUNCTIONS = Object.entries(RESULTS).map(([id, [result, packing]]) => {
  const compute = () => {
    counts.computed++;
    return structuredClone(result);
  };
  return { id, packing, compute, computeLater: async () => compute() };
});

/** Memoized functions by id, synchronous and asynchronous ones. */
export function functionsOf(memory) {
  const all = FUNCTIONS.map(({ id, packing, compute, computeLater }) => {
    const sync = memory.memoize(compute, { id, version: "1", packing });
    const later = memory.memoize(computeLater, { id: `${id}-later`, version: "1", packing });
    return [id, { sync, later }];
  });
  return Object.fromEntries(all);
}

export const isRight = (id, result) => isDeepStrictEqual(result, RESULTS[id][0]);

const [, script, location] = process.argv;
if (script?.endsWith("small-files.mjs")) {
  const functions = functionsOf(new Memory(location));
  const wrong = [];
  for (const [id, { sync, later }] of Object.entries(functions)) {
    if (!isRight(id, sync()) || !isRight(id, await later())) wrong.push(id);
  }
  console.log(JSON.stringify({ wrong, ...counts }));
}
