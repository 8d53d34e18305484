/**
 * One of many processes that use a cache until they are killed.
 *
 *   node crowd.mjs LOCATION NOTES SLOT KIND FROM     KIND: writer, reader
 *
 * NOTES: file that gets a line for what is stored (`stored x`), for its first answer (`open ms`) and
 * for what should not be (`wrong …`, `warned …`).
 * FROM: number of the first result that it stores under its own name, which nobody else removes.
 */
import { openSync, writeSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { Memory } from "bloscache";

/** Results that all store, look up, and remove. */
const SHARED = 60;

/** Some in their row, some in a file, some in two. */
export function resultOf(name, x) {
  const seed = x * 31 + name.length;
  const length = x % 8 === 0 ? 4000 : 20;
  const one = Float64Array.from({ length }, (_, i) => seed + (i >> 3));
  return x % 24 === 0 ? [one, Int32Array.from(one)] : one;
}

function isRight(value, name, x) {
  const wanted = [resultOf(name, x)].flat();
  const given = [value].flat();
  return (
    given.length === wanted.length &&
    wanted.every((one, n) => {
      const other = given[n];
      return other?.length === one.length && one.every((item, i) => item === other[i]);
    })
  );
}

/** Pinned: nothing but its own process may remove it. */
export function ownFunction(memory, slot, ran = () => {}) {
  const id = `own-${slot}`;
  const own = (x) => {
    ran(x);
    return resultOf("own", x);
  };
  return memory.memoize(own, { id, version: "1", pin: true });
}

const random = (below) => Math.floor(Math.random() * below);

function sharedFunctions(memory) {
  const sync = memory.memoize((x) => resultOf("sync", x), { id: "sync", version: "1" });
  const later = memory.memoize(async (x) => resultOf("later", x), { id: "later", version: "1" });
  return { sync, later };
}

async function use(location, notes, slot, kind, from) {
  const fd = openSync(notes, "a");
  // One write each: it is there whole or not at all, whenever the process is killed.
  const note = (...words) => writeSync(fd, `${words.join(" ")}\n`);
  process.on("warning", ({ code, message }) => note("warned", code, message));
  const started = performance.now();
  const memory = new Memory({ location });
  const own = ownFunction(memory, slot);
  const { sync, later } = sharedFunctions(memory);
  const check = (value, name, x) => {
    if (!isRight(value, name, x)) note("wrong", name, x);
  };
  check(sync(0), "sync", 0);
  note("open", Math.round(performance.now() - started));

  const tasks = {
    sync: () => {
      const x = random(SHARED);
      check(sync(x), "sync", x);
    },
    later: async () => {
      const few = Array.from({ length: 4 }, () => random(SHARED));
      await Promise.all(few.map(async (x) => check(await later(x), "later", x)));
    },
    peek: () => {
      const x = random(SHARED);
      const value = sync.peek(x);
      if (value !== undefined) check(value, "sync", x);
    },
    refresh: () => sync.refresh(random(SHARED)),
    invalidate: () => later.invalidate(random(SHARED)),
    clear: () => memory.clear({ id: random(2) === 0 ? "sync" : "later" }),
    reduce: () => memory.reduceSize({ limitItems: Math.max(0, memory.size().items - 20) }),
    own: () => {
      for (const end = from + 4; from < end; from++) {
        check(own(from), "own", from);
        note("stored", from);
      }
    },
  };
  const often = { sync: 6, later: 4, peek: 6 };
  const more = { refresh: 3, invalidate: 3, clear: 1, reduce: 1, own: 12 };
  const chances = kind === "writer" ? { ...often, ...more } : often;
  const choices = Object.entries(chances).flatMap(([name, n]) => Array(n).fill(tasks[name]));
  for (;;) {
    await choices[random(choices.length)]();
    await setImmediate();
  }
}

const [, script, location, notes, slot, kind, from] = process.argv;
if (script?.endsWith("crowd.mjs")) await use(location, notes, slot, kind, Number(from));
