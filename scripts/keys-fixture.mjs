/**
 * The golden keys of test/fixtures/keys.json: values in tagged JSON, each with the key of a call
 * that has it as its one argument.
 *
 *   node scripts/keys-fixture.mjs                 fills in the keys of entries that have none
 *   node scripts/keys-fixture.mjs --print [dist]  prints all keys as this build computes them
 *
 * A key once written is never rewritten: that would mean that every cache in the world is cold.
 * `dist` holds the modules of src/ one by one, as `tsc -p .` writes them; without it, src/ is built.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { isMainThread, parentPort } from "node:worker_threads";
import { buildSync } from "esbuild";
import ndarray from "ndarray";

const FIXTURE = new URL("../test/fixtures/keys.json", import.meta.url);

/** The value that tagged JSON stands for; `{"$": kind, ...}` is what plain JSON cannot say. */
export function rebuild(json, ancestors = []) {
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json) && "$" in json) return kinds[json.$](json, ancestors);
  const made = Array.isArray(json) ? [] : {};
  for (const [key, value] of Object.entries(json)) {
    // Not by assignment, which would take "__proto__" for the prototype.
    define(made, key, rebuild(value, [...ancestors, made]));
  }
  return made;
}

const kinds = {
  undefined: () => undefined,
  number: ({ text }) => Number(text),
  bigint: ({ text }) => BigInt(text),
  repeat: ({ text, times }) => text.repeat(times),
  units: ({ units }) => String.fromCharCode(...units),
  symbol: ({ key }) => Symbol.for(key),
  ancestor: ({ up }, ancestors) => ancestors.at(-up),
  array({ length, elements = [], fields = {} }, ancestors) {
    const made = [];
    made.length = length;
    for (const [index, value] of elements) made[index] = rebuild(value, [...ancestors, made]);
    for (const [key, value] of Object.entries(fields)) define(made, key, rebuild(value, ancestors));
    return made;
  },
  map({ entries }, ancestors) {
    const made = new Map();
    const inside = [...ancestors, made];
    for (const [key, value] of entries) made.set(rebuild(key, inside), rebuild(value, inside));
    return made;
  },
  set({ members }, ancestors) {
    const made = new Set();
    for (const member of members) made.add(rebuild(member, [...ancestors, made]));
    return made;
  },
  typed: ({ type, hex }) => new globalThis[type](bytesOf(hex).buffer),
  ramp: ({ type, length }) => globalThis[type].from({ length }, (_, i) => i),
  arrayBuffer: ({ hex }) => bytesOf(hex).buffer,
  sharedArrayBuffer({ hex }) {
    const bytes = bytesOf(hex);
    const made = new SharedArrayBuffer(bytes.length);
    new Uint8Array(made).set(bytes);
    return made;
  },
  dataView: ({ hex }) => new DataView(bytesOf(hex).buffer),
  date: ({ ms }) => new Date(ms ?? Number.NaN),
  regexp: ({ source, flags, lastIndex = 0 }) =>
    Object.assign(new RegExp(source, flags), { lastIndex }),
  url: ({ href }) => new URL(href),
  params: ({ text }) => new URLSearchParams(text),
  boxed: ({ value }, ancestors) => Object(rebuild(value, ancestors)),
  error({ class: name, message, errors, options, fields = {} }, ancestors) {
    const list = errors === undefined ? [] : [rebuild(errors, ancestors)];
    const made = new globalThis[name](...list, message, options && rebuild(options, ancestors));
    return Object.assign(made, rebuild(fields, ancestors));
  },
  keyed({ class: name, key }, ancestors) {
    const method = Symbol.for("bloscache.key");
    const made = { [name]: class {} }[name];
    made.prototype[method] = () => rebuild(key, ancestors);
    return new made();
  },
  ndarray: ({ data, shape, stride, offset }) => ndarray(rebuild(data), shape, stride, offset),
  instance({ class: name, fields }, ancestors) {
    const made = new { [name]: class {} }[name]();
    return Object.assign(made, rebuild(fields, ancestors));
  },
};

function bytesOf(hex) {
  return Uint8Array.from(Buffer.from(hex, "hex"));
}

function define(object, key, value) {
  Object.defineProperty(object, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/** Without the values that only a newer Node can make. */
export function readFixture() {
  const fixture = readWhole();
  return { ...fixture, values: fixture.values.filter(isMakeable) };
}

function readWhole() {
  return JSON.parse(readFileSync(FIXTURE, "utf8"));
}

function isMakeable({ needs }) {
  return needs === undefined || needs in globalThis;
}

/** All keys of the fixture, values first, as the build in directory `dist` computes them. */
async function computeKeys(fixture, dist) {
  const { callKey, keyHex } = await import(pathToFileURL(resolve(dist, "cache/key.js")).href);
  const values = fixture.values.map(({ value }) => [fixture.identity, [rebuild(value)]]);
  const calls = fixture.calls.map((call) => [
    call.identity ?? fixture.identity,
    call.args.map((arg) => rebuild(arg)),
    call.receiver && { by: call.receiver.by, value: rebuild(call.receiver.value) },
  ]);
  return [...values, ...calls].map((call) => keyHex(callKey(...call)));
}

/** One entry a line, so that a change of one key is a change of one line. */
function format(fixture) {
  const lines = (entries) => entries.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
  const { about, identity, values, calls } = fixture;
  return `{
  "about": ${JSON.stringify(about)},
  "identity": ${JSON.stringify(identity)},
  "values": [\n${lines(values)}\n  ],
  "calls": [\n${lines(calls)}\n  ]\n}\n`;
}

/** Within the project, from where the build finds its dependencies. */
function buildKeys() {
  const dist = fileURLToPath(new URL("../node_modules/.cache/bloscache/fixture", import.meta.url));
  const entry = fileURLToPath(new URL("../src/cache/key.ts", import.meta.url));
  const outfile = join(dist, "cache/key.js");
  const options = { bundle: true, format: "esm", platform: "node", packages: "external" };
  buildSync({ entryPoints: [entry], outfile, ...options });
  return dist;
}

async function main() {
  const fixture = readWhole();
  const values = fixture.values.filter(isMakeable);
  const [mode, dist = buildKeys()] = process.argv.slice(2);
  const keys = await computeKeys({ ...fixture, values }, dist);
  if (!isMainThread) parentPort.postMessage(keys);
  else if (mode === "--print") console.log(JSON.stringify(keys));
  else {
    [...values, ...fixture.calls].forEach((entry, i) => {
      entry.key ??= keys[i];
    });
    writeFileSync(FIXTURE, format(fixture));
  }
}

if (!isMainThread || process.argv[1] === fileURLToPath(import.meta.url)) await main();
