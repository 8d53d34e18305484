// The index, found again from the files: of caches that have lost theirs, and of sound ones.
import fs from "node:fs";
import { basename, join } from "node:path";
import { Memory, StoreError } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();
const fresh = () => join(temporaryFolder(), "cache");

/** A copy of a cache that has lost its index. */
function withoutIndex(location: string): string {
  const copy = fresh();
  const isIndex = (path: string) => basename(path) === "index";
  fs.cpSync(location, copy, { recursive: true, filter: (path) => !isIndex(path) });
  return copy;
}

const ramp = (length: number, from = 0) => Float64Array.from({ length }, (_, i) => from + i);

/** Functions whose results are of all kinds that have files; `runs` tells how often they ran. */
function functions(memory: Memory) {
  const made = { runs: 0 };
  const counted = <T>(value: T) => {
    made.runs++;
    return value;
  };
  const nested = memory.memoize(
    (n: number) => counted({ x: ramp(n), y: [new Uint8Array(n).fill(n), "text"], 1: new Date(5) }),
    { id: "nested", version: 1, tags: (n: number) => [`n${n}`, "all"] },
  );
  const long = memory.memoize(
    () => counted({ names: Array.from({ length: 9000 }, (_, i) => `n${i}`), x: ramp(5000) }),
    { id: "a long skeleton", version: "v2" },
  );
  const later = memory.memoize(async () => counted(new Float32Array(20_000).fill(2)), {
    id: "later",
    version: 1,
    pin: true,
  });
  const text = memory.memoize(() => counted("long ".repeat(20_000)), { id: "text", version: 1 });
  const thrown = memory.memoize(
    () => {
      throw counted(Object.assign(new RangeError("too far"), { at: ramp(5000) }));
    },
    { id: "thrown", version: 1, cacheErrors: true },
  );
  return { made, nested, long, later, text, thrown };
}

async function callAll({ nested, long, later, text, thrown }: ReturnType<typeof functions>) {
  let error: unknown;
  try {
    thrown();
  } catch (caught) {
    error = caught;
  }
  return [nested(3000), nested(4000), long(), await later(), text(), error];
}

const infosOf = (memory: Memory) =>
  Array.from(memory.entries(), ({ files, ...info }) => ({
    ...info,
    files: files.map((file) => basename(file)),
  })).sort((a, b) => (a.key < b.key ? -1 : 1));

it("finds every result that has files, as it was", async () => {
  const location = fresh();
  const before = new Memory(location);
  const first = functions(before);
  const values = await callAll(first);
  const lost = new Memory(withoutIndex(location));
  expect([...lost.entries()]).toEqual([]);

  const rebuilt = await lost.rebuild();
  expect(rebuilt).toEqual({
    results: 6,
    files: 9,
    cbytes: (await before.verify()).cbytes,
    unused: [],
  });
  expect(infosOf(lost)).toEqual(infosOf(before));
  expect(lost.size()).toEqual(before.size());
  expect(await lost.verify()).toEqual(await before.verify());
  const again = functions(lost);
  expect(await callAll(again)).toEqual(values);
  expect(again.made.runs).toBe(0);
  // By what is remembered of the arguments.
  expect(again.nested.explain(5000)).toEqual({
    ...first.nested.explain(5000),
    other: expect.objectContaining({ id: "nested" }),
  });
  // Pinned results stay.
  await lost.reduceSize({ limitItems: 0 });
  expect([...lost.entries()].map(({ id }) => id)).toEqual(["later"]);
  expect(await lost.rebuild()).toMatchObject({ results: 0, unused: [] });
});

it("finds nothing in a sound cache, and leaves it as it is", async () => {
  const memory = new Memory(fresh());
  const all = functions(memory);
  await callAll(all);
  const seen: { cbytes: number; folders: number; of: number }[] = [];
  const infos = infosOf(memory);
  expect(await memory.rebuild({ onProgress: (progress) => seen.push(progress) })).toEqual({
    ...{ results: 0, files: 0, cbytes: 0, unused: [] },
  });
  expect(infosOf(memory)).toEqual(infos);
  expect(seen.at(-1)).toEqual({ cbytes: 0, folders: 6, of: 6 });
  const stopped = memory.rebuild({ signal: AbortSignal.abort(new Error("enough")) });
  await expect(stopped).rejects.toThrow("enough");
});

describe("series", () => {
  /** Continues a sum that only its state knows. */
  function sums(memory: Memory) {
    const made = { items: 0 };
    const series = memory.incremental<[number], "<f8", { sum: number }>({
      ...({ id: "sums", version: 1, dtype: "<f8" } as const),
      *extend({ args: [step], from, to, state = { sum: 0 } }) {
        const items = new Float64Array(to - from);
        let { sum } = state;
        for (let i = 0; i < items.length; i++) items[i] = sum += step;
        made.items += items.length;
        yield { data: items, state: { sum } };
      },
    });
    return { series, made };
  }
  const sum = (length: number, step: number) =>
    Float64Array.from({ length }, (_, i) => (i + 1) * step);

  it.each([
    ["of full chunks", 2 * 32_768],
    ["with a partial chunk", 70_000],
    ["of one partial chunk", 5000],
  ])("%s are found, with their state, and go on", async (_what, length) => {
    const location = fresh();
    const first = sums(new Memory(location)).series;
    await first([2], { length: length - 100 });
    await first([2], { length });
    const lost = new Memory(withoutIndex(location));
    expect(await lost.rebuild()).toMatchObject({ results: 1, files: 1, unused: [] });
    expect((await lost.verify()).findings).toEqual([]);
    const { series, made } = sums(lost);
    expect(series.lengthOf([2])).toBe(length);
    expect(await series([2], { length: length + 50_000 })).toEqual(sum(length + 50_000, 2));
    expect(made.items).toBe(50_000);
  });

  it("are not found when their state is too large for the file", async () => {
    const location = fresh();
    const blobs = (memory: Memory) =>
      memory.incremental<[], "<f8", Uint8Array>({
        ...({ id: "blobs", version: 1, dtype: "<f8" } as const),
        *extend({ from, to }) {
          yield { data: new Float64Array(to - from), state: new Uint8Array(2000) };
        },
      });
    await blobs(new Memory(location))([], { length: 5000 });
    const lost = new Memory(withoutIndex(location));
    const rebuilt = await lost.rebuild();
    expect(rebuilt).toMatchObject({ results: 0, unused: [{ text: /does not say enough/ }] });
    expect(await blobs(lost)([], { length: 5000 })).toEqual(new Float64Array(5000));
  });

  it("that generators made are replayed", async () => {
    const location = fresh();
    const made = { frames: 0 };
    const framesOn = (memory: Memory) =>
      memory.memoize<(count: number) => Generator<Float32Array, string>>(
        function* frames(count) {
          for (let n = 0; n < count; n++) {
            made.frames++;
            yield new Float32Array(500 * n).fill(n);
          }
          return "the end";
        },
        { id: "frames", version: 1 },
      );
    const frames = [...framesOn(new Memory(location))(12)];
    const lost = new Memory(withoutIndex(location));
    expect(await lost.rebuild()).toMatchObject({ results: 1, unused: [] });
    expect([...framesOn(lost)(12)]).toEqual(frames);
    expect(made.frames).toBe(12);
  });
});

describe("of a damaged index", () => {
  async function damaged() {
    const location = fresh();
    await inChild(
      `import { Memory } from "bloscache";
       const memory = new Memory(process.env.LOCATION);
       memory.memoize((n) => new Float64Array(n), { id: "zeros", version: 1 })(9000);
       console.log(1);`,
      { LOCATION: location },
    );
    fs.writeFileSync(join(location, "index", "data.mdb"), "no index at all, and long enough");
    return location;
  }
  const age = (path: string) => {
    fs.utimesSync(path, new Date(0), new Date(0));
  };

  it("is offered, and until then no file is litter", async () => {
    const location = await damaged();
    const memory = new Memory(location);
    const zeros = memory.memoize((n: number) => new Float64Array(n), { id: "zeros", version: 1 });
    expect(zeros.has(9000)).toBe(false);
    await nextTurn();
    expect(warnings).toMatchObject([{ code: "INDEX_DAMAGED", message: /rebuild/ }]);

    const names = fs.readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" });
    const [file = ""] = names.filter((name) => name.endsWith(".blp"));
    age(join(location, "objects", file));
    const litter = join(location, "tmp", "left");
    fs.writeFileSync(litter, "left");
    age(litter);
    expect(await memory.verify()).toMatchObject({
      ...{ hasLostIndex: true, unclaimed: 1 },
      findings: [{ kind: "litter", file: litter, isFixed: false }],
    });
    expect(await memory.sweep()).toEqual({ files: 1, cbytes: 4 });
    expect(await memory.rebuild()).toMatchObject({ results: 1, unused: [] });
    expect(zeros.has(9000)).toBe(true);
    expect(await memory.verify()).toMatchObject({
      ...{ entries: 1, hasLostIndex: false, unclaimed: 0, findings: [] },
    });
  });

  it("is nothing after everything was cleared", async () => {
    const location = await damaged();
    const memory = new Memory(location);
    expect(memory.clear()).toBe(0);
    expect(await memory.rebuild()).toEqual({ results: 0, files: 0, cbytes: 0, unused: [] });
    expect(await memory.verify()).toMatchObject({ hasLostIndex: false, unclaimed: 0 });
  });
});

describe("of files", () => {
  /** A cache without its index, with one result of two files. */
  function pair() {
    const location = fresh();
    functions(new Memory(location)).nested(3000);
    const lost = withoutIndex(location);
    const names = fs.readdirSync(join(lost, "objects"), { recursive: true, encoding: "utf8" });
    const files = names.filter((name) => name.endsWith(".blp")).sort();
    const [first = "", second = ""] = files.map((name) => join(lost, "objects", name));
    return { lost, first, second };
  }
  type Pair = ReturnType<typeof pair>;

  const faults: [what: string, harm: (files: Pair) => void, text: RegExp, unused: number][] = [
    ["one of which is missing", ({ second }) => fs.rmSync(second), /array 1 is missing/, 1],
    ["the first of which is missing", ({ first }) => fs.rmSync(first), /array 0 is missing/, 1],
    [
      "with a damaged head",
      ({ second }) => {
        const bytes = fs.readFileSync(second);
        bytes[80] = (bytes[80] as number) ^ 4;
        fs.writeFileSync(second, bytes);
      },
      /digest/,
      2,
    ],
    ["that are cut", ({ first }) => fs.truncateSync(first, 20), /header|TRUNCATED|metadata/i, 2],
    [
      "under another key",
      ({ lost, first, second }) => {
        const rename = (path: string) => {
          const name = basename(path).replace(/^../, "ff");
          const folder = join(
            lost,
            "objects",
            fs.readdirSync(join(lost, "objects"))[0] ?? "",
            "ff",
          );
          fs.mkdirSync(folder, { recursive: true });
          fs.renameSync(path, join(folder, name));
        };
        rename(first);
        rename(second);
      },
      /not where the files of its call are/,
      2,
    ],
    ["in each other's place", ({ first, second }) => swap(first, second), /belong together/, 2],
  ];

  function swap(a: string, b: string) {
    fs.renameSync(a, `${a}.x`);
    fs.renameSync(b, a);
    fs.renameSync(`${a}.x`, b);
  }

  it.each(faults)("%s makes no result, and says why", async (_what, harm, text, count) => {
    const files = pair();
    harm(files);
    const memory = new Memory(files.lost);
    const { results, unused } = await memory.rebuild();
    expect(results).toBe(0);
    expect(unused).toHaveLength(count);
    expect(unused[0]?.text).toMatch(text);
    const again = functions(memory);
    expect(again.nested(3000).x).toEqual(ramp(3000));
    expect(again.made.runs).toBe(1);
  });

  it("of no result are left where they are", async () => {
    const { lost, first } = pair();
    const alien = join(first, "..", "notes.txt");
    fs.writeFileSync(alien, "mine");
    const { results, unused } = await new Memory(lost).rebuild();
    expect(results).toBe(1);
    expect(unused).toMatchObject([{ file: alien }]);
    expect(fs.readFileSync(alien, "utf8")).toBe("mine");
  });

  it("that others made by hand are none", async () => {
    const { lost, first, second } = pair();
    fs.copyFileSync(join(import.meta.dirname, "..", "fixtures", "golden", "app-0.blp"), first);
    const { unused } = await new Memory(lost).rebuild();
    expect(unused.map(({ file }) => file).sort()).toEqual([first, second]);
  });

  it("of an older result of the same call are not taken", async () => {
    const location = fresh();
    let version = 0;
    const memory = new Memory(location);
    const next = memory.memoize(() => new Float64Array(9000).fill(++version), {
      id: "next",
      version: 1,
    });
    next();
    const [old = ""] = next.info()?.files ?? [];
    const kept = fs.readFileSync(old);
    await new Promise((resolve) => setTimeout(resolve, 5));
    next.refresh();
    fs.writeFileSync(old, kept);
    expect(await memory.rebuild()).toMatchObject({ results: 0, unused: [{ file: old }] });
    const lost = new Memory(withoutIndex(location));
    expect(await lost.rebuild()).toMatchObject({
      results: 1,
      unused: [{ text: "its call has another result" }],
    });
    expect(lost.memoize(() => new Float64Array(1), { id: "next", version: 1 })()[0]).toBe(2);
  });
});

it("and a clear bear that others have removed the folder of all files", async () => {
  const memory = new Memory(fresh());
  functions(memory).text();
  fs.rmSync(join(memory.location ?? "", "objects"), { recursive: true });
  expect(await memory.rebuild()).toMatchObject({ results: 0, unused: [] });
  expect(memory.clear()).toBe(1);
  await nextTurn();
  expect(warnings).toEqual([]);
});

it("keeps to the limits", async () => {
  const location = fresh();
  const zeros = (memory: Memory) =>
    memory.memoize((n: number) => new Float64Array(n), { id: "zeros", version: 1 });
  const before = zeros(new Memory(location));
  for (let n = 0; n < 200; n++) before(4000 + n);
  const lost = new Memory({ location: withoutIndex(location), limitItems: 50 });
  expect(await lost.rebuild()).toMatchObject({ results: 200, files: 200 });
  await expect.poll(() => lost.size().items).toBeLessThanOrEqual(50);
  expect((await lost.verify()).findings).toEqual([]);
});

it("is refused where nothing may be written", async () => {
  const location = fresh();
  functions(new Memory(location)).text();
  const reader = new Memory({ location, readOnly: true });
  await expect(reader.rebuild()).rejects.toThrow(StoreError);
  await expect(reader.sweep()).rejects.toThrow(/readOnly/);
  await expect(reader.verify({ fix: true })).rejects.toThrow(/readOnly/);
  await expect(reader.rebuild({ fast: true } as object)).rejects.toThrow(TypeError);
  expect(await new Memory(null).rebuild()).toEqual({
    ...{ results: 0, files: 0, cbytes: 0, unused: [] },
  });
  expect(await new Memory(null).sweep()).toEqual({ files: 0, cbytes: 0 });
});
