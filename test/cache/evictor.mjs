/**
 * A process that uses a cache of a limited size, for the tests of several at once.
 *
 *   node evictor.mjs LOCATION KIND MS LIMIT ITEMS     KIND: writer, reader
 *
 * Prints a line of JSON when it is done: how many results it got, and how many of them were wrong.
 */
import { setImmediate } from "node:timers/promises";
import { Memory } from "bloscache";

const [, , location, kind, ms, limit, items] = process.argv;
const memory = new Memory({ location, limitBytes: Number(limit) });
const warned = [];
process.on("warning", ({ message }) => warned.push(message));

/** 8,000 numbers that do not compress. */
function noise(x) {
  let state = x + 1;
  return Uint32Array.from({ length: 8000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  });
}

const options = (id) => ({ id, version: "1" });
const sync = memory.memoize(noise, options("sync"));
const later = memory.memoize(async (x) => noise(x), options("later"));

const isRight = (value, x) => {
  const expected = noise(x);
  return value.length === expected.length && value.every((item, i) => item === expected[i]);
};

let got = 0;
let wrong = 0;
function check(value, x) {
  got++;
  if (!isRight(value, x)) wrong++;
}

/** Part by part, with pauses in which others may remove it. */
async function readSlowly(x) {
  const handle = sync.shelve(x);
  const parts = [];
  try {
    for (const part of handle.chunks()) {
      parts.push(...part);
      await setImmediate();
    }
  } catch (error) {
    // Removed between the handle and the first part; never in between.
    if (parts.length > 0 || error.code !== "STORE_FAILED") throw error;
    return;
  }
  check(parts, x);
}

const end = Date.now() + Number(ms);
let most = 0;
while (Date.now() < end) {
  const x = Math.floor(Math.random() * Number(items));
  if (kind === "writer") check(sync(x), x);
  else await readSlowly(x);
  check(await later(x), x);
  most = Math.max(most, memory.size().bytes);
}
const { hits, evictions } = memory.stats();
console.log(JSON.stringify({ got, wrong, warned, most, hits, evictions }));
