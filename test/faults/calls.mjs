/**
 * Calls on a cache, to be disturbed on the way.
 *
 *   node calls.mjs do LOCATION WORK...      prints what became of it
 *   node calls.mjs look LOCATION...         prints what is in each, a line of JSON each
 */
import {
  chmodSync,
  closeSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";

const NOBODY = 65_534;

/** Two files, of some hundred bytes each. */
const large = (x) => ({
  even: Float64Array.from({ length: 3000 }, (_, i) => x + 2 * i),
  odd: Int32Array.from({ length: 5000 }, (_, i) => x * (2 * i + 1)),
});
/** In its row. */
const small = (x) => Float64Array.of(x, -x, x / 3);
const FUNCTIONS = {
  large,
  small,
  later: async (x) => large(x),
  // Nothing tells that it gives promises until it does.
  soon: (x) => Promise.resolve(small(x)),
};

const report = { wrong: [], computed: [], warned: [] };
process.on("warning", ({ code, message }) => report.warned.push(`${code} ${message}`));

function functionsOf(memory) {
  const memoized = Object.entries(FUNCTIONS).map(([id, fn]) => {
    const noted = (x) => {
      report.computed.push(`${id} ${x}`);
      return fn(x);
    };
    const isDeclared = id === "later";
    const own = isDeclared ? async (x) => noted(x) : noted;
    return [id, memory.memoize(own, { id, version: "1" })];
  });
  return Object.fromEntries(memoized);
}

const isSame = (one, other) =>
  ArrayBuffer.isView(other)
    ? one?.length === other.length && one.every((item, i) => item === other[i])
    : isSame(one?.even, other.even) && isSame(one?.odd, other.odd);

/** Calls the function `id` with the number `x`, and notes a result that is not right. */
async function ask(functions, id, x) {
  if (!isSame(await functions[id](x), await FUNCTIONS[id](x))) report.wrong.push(`${id} ${x}`);
}

async function fill(functions, upTo) {
  for (const id of Object.keys(FUNCTIONS)) {
    for (let x = 1; x <= upTo; x++) await ask(functions, id, x);
  }
}

/** What "WORK" does; all else is `id x`, a call. */
const WORKS = {
  fill: (_, functions) => fill(functions, 2),
  replace: (_, functions) => functions.large.refresh(1),
  reduce: (memory) => memory.reduceSize({ limitItems: 3 }),
  clear: (memory) => memory.clear(),
  rebuild: (memory) => memory.rebuild(),
  drop: (_, functions, id, x) => functions[id].invalidate(Number(x)),
  // What others may do to the folder meanwhile.
  remove: ({ location }, _, part) => rmSync(join(location, part), { recursive: true }),
  move: ({ location }, _, part) => renameSync(join(location, part), `${location}-moved`),
  file: ({ location }, _, part) => {
    rmSync(join(location, part), { recursive: true });
    writeFileSync(join(location, part), "a file");
  },
  chmod: ({ location }, _, part, mode) => chmodSync(join(location, part), Number.parseInt(mode, 8)),
  exhaust: (_memory, _functions, but) => exhaust(Number(but)),
  // The index is synced after a second, new results get their places before.
  stay: () => sleep(1300),
};

/** What is to be known of a cache before it is made. */
const OPTIONS = {
  "limit 3": { limitItems: 3 },
  strict: { durability: "strict" },
  nobody: {},
};

/** As somebody who is not let in everywhere: root is. */
function becomeNobody() {
  if (process.getuid() !== 0) return;
  // What the package loads only when it is needed, it loads from where nobody may not read.
  new Memory(null).memoize(() => 0, { id: "none", version: "1" })();
  process.setgroups([]);
  process.setgid(NOBODY);
  process.setuid(NOBODY);
}

/** Takes all descriptors that there are but for some. */
function exhaust(but) {
  const taken = [];
  try {
    for (;;) taken.push(openSync("/dev/null"));
  } catch {
    for (const fd of taken.slice(0, but)) closeSync(fd);
  }
}

async function work(location, works) {
  if (works[0] === "nobody") becomeNobody();
  const options = works.map((name) => OPTIONS[name] ?? {});
  const memory = new Memory(Object.assign({ location }, ...options));
  const functions = functionsOf(memory);
  for (const name of works.filter((one) => OPTIONS[one] === undefined)) {
    const [verb, ...rest] = name.split(" ");
    if (verb in WORKS) await WORKS[verb](memory, functions, ...rest);
    else await ask(functions, verb, Number(rest[0]));
  }
  setImmediate(() => console.log(JSON.stringify(report)));
}

const filesIn = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
    .length;

/** What is there, what calls find, and whether the books are right about both. */
async function look(location) {
  Object.assign(report, { wrong: [], computed: [], warned: [] });
  const started = performance.now();
  const memory = new Memory(location);
  const functions = functionsOf(memory);
  const found = await countsOf(memory);
  await ask(functions, "large", 1);
  const firstMs = performance.now() - started;
  await fill(functions, 2);
  const filled = await countsOf(memory);
  const { removed, remaining } = await memory.reduceSize({ limitItems: 0 });
  const litter = filesIn(join(location, "objects"));
  memory.clear();
  await sleep(0);
  const left = filesIn(join(location, "objects"));
  const drafts = filesIn(join(location, "tmp"));
  const sizes = { size: filled.size, removed, remaining };
  return { ...report, firstMs, found, filled, sizes, litter, left, drafts };
}

async function countsOf(memory) {
  const size = memory.size();
  const { entries, findings } = await memory.verify();
  const listed = Array.from(memory.entries()).length;
  return { size, entries, listed, findings: findings.map(({ kind, text }) => `${kind}: ${text}`) };
}

const [, , what, ...rest] = process.argv;
if (what === "do") await work(rest[0], rest.slice(1));
else for (const location of rest) console.log(JSON.stringify(await look(location)));
