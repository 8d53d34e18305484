/** What can be asked of a cache as a whole, and caches that are only read. */
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { type CacheEvent, type Finding, Memory, StoreError } from "bloscache";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

const warnings = collectWarnings();

function sample(location = join(temporaryFolder(), "cache")) {
  const memory = new Memory(location);
  const ramp = memory.memoize((n: number) => Float64Array.from({ length: n }, (_, i) => i), {
    id: "ramp",
    version: 1,
  });
  const text = memory.memoize(async (word: string) => word + word, { id: "text", version: 1 });
  return { location, memory, ramp, text };
}

describe("find", () => {
  it("gives handles of the results whose keys begin so", async () => {
    const { memory, ramp, text } = sample();
    ramp(3);
    ramp(50_000);
    await text("a");
    const [handle, ...others] = memory.find(ramp.keyOf(50_000).slice(0, 12));
    expect(others).toEqual([]);
    expect(handle).toMatchObject({ id: "ramp", key: ramp.keyOf(50_000) });
    expect(handle?.get()).toEqual(ramp(50_000));
    const [later] = memory.find(text.keyOf("a").toUpperCase());
    expect(await later?.get()).toBe("aa");
    expect([...memory.find("")]).toHaveLength(3);
  });

  it("of one function, by whole bytes of the key and by half ones", () => {
    const { memory, ramp } = sample();
    ramp(3);
    for (let digits = 0; digits <= 32; digits++) {
      const key = ramp.keyOf(3).slice(0, digits);
      expect([...memory.find(key, "ramp")].map((handle) => handle.key)).toEqual([ramp.keyOf(3)]);
      expect([...memory.find(key, "text")]).toEqual([]);
    }
  });

  it("takes digits only", () => {
    const { memory } = sample();
    for (const key of ["g", "0".repeat(33), "0x1", 1 as unknown as string]) {
      expect(() => [...memory.find(key)]).toThrow(TypeError);
    }
  });
});

it("entries and clear, of one function", async () => {
  const { memory, ramp, text } = sample();
  ramp(3);
  ramp(4);
  await text("a");
  expect([...memory.entries({ id: "ramp" })].map(({ key }) => key).toSorted()).toEqual(
    [ramp.keyOf(3), ramp.keyOf(4)].toSorted(),
  );
  expect(() => [...memory.entries({ name: "ramp" } as object)]).toThrow(TypeError);
  expect(memory.clear({ id: "ramp" })).toBe(2);
  expect([...memory.entries()].map(({ id }) => id)).toEqual(["text"]);
  expect(memory.clear({ id: "ramp" })).toBe(0);
});

it("a result of a function that is cleared while it is computed is not stored", async () => {
  const { memory, text } = sample();
  const running = text("a");
  memory.clear({ id: "text" });
  expect(await running).toBe("aa");
  expect(text.has("a")).toBe(false);
});

describe("arrays of a handle", () => {
  const places: [result: () => unknown, string[]][] = [
    [() => new Float64Array(9000), ["result"]],
    [() => ({ data: new Uint8Array(20_000), shape: [200, 100] }), ["result.data"]],
    [() => [1, [new Int8Array(20_000)]], ["result[1][0]"]],
    [() => new Map([["a b", new Int8Array(20_000)]]), ['result.get("a b")']],
    [() => new Set([1, new Int8Array(20_000)]), ["result.values()[1]"]],
    [() => ({ $: 1, x: new Int8Array(20_000) }), ["result.x"]],
    [() => Object.assign([1], { extra: new Int8Array(20_000) }), ["result.extra"]],
    [() => Object.assign(new Error("e"), { at: new Int8Array(20_000) }), ["result.at"]],
    [
      () => {
        const shared = new Int8Array(20_000);
        return { a: shared, b: [shared], c: new Int8Array(3) };
      },
      ["result.a", "result.c"],
    ],
    [() => ({ s: "é".repeat(70_000) }), ["result.s"]],
    [() => "no array", []],
  ];

  it.each(places)("%s", (make, expected) => {
    const { memory } = sample();
    const made = memory.memoize(make, { id: "made", version: 1 });
    const arrays = made.shelve().arrays();
    expect(arrays?.map(({ place }) => place)).toEqual(expected);
    expect(arrays?.flatMap(({ file }) => file ?? [])).toEqual(made.info()?.files);
    expect(arrays?.reduce((sum, { cbytes }) => sum + cbytes, 0)).toBe(made.info()?.cbytes);
  });

  it("of a result whose description is long enough for a file of its own", () => {
    const { memory } = sample();
    const made = memory.memoize(
      () => ({ names: Array.from({ length: 9000 }, (_, i) => `n${i}`), x: new Int8Array(20_000) }),
      { id: "made", version: 1 },
    );
    expect(made.shelve().arrays()).toMatchObject([{ place: "result.x", type: "Int8Array" }]);
  });

  it("are not there when the result is not", () => {
    const { ramp } = sample();
    const handle = ramp.shelve(3);
    handle.clear();
    expect(handle.arrays()).toBeUndefined();
  });
});

it("usage and verify tell the same of a sound cache", async () => {
  const { memory, ramp, text } = sample();
  ramp(50_000);
  ramp(3);
  await text("a");
  const { versions, index, litter, total } = await memory.usage();
  const cbytes = ramp.info(50_000)?.cbytes;
  expect(versions.toSorted((a, b) => a.entries - b.entries)).toEqual([
    { id: "text", version: "v:1", entries: 1, nbytes: 0, files: 0, cbytes: 0 },
    { id: "ramp", version: "v:1", entries: 2, nbytes: 400_024, files: 1, cbytes },
  ]);
  expect(litter).toEqual({ files: 0, cbytes: 0 });
  expect(total).toBeGreaterThan(index + (cbytes as number));
  const seen: { cbytes: number; size: number }[] = [];
  const report = await memory.verify({ onProgress: (progress) => seen.push(progress) });
  expect(report).toEqual({
    ...{ entries: 3, files: 1, cbytes, unclaimed: 0, hasLostIndex: false, findings: [] },
  });
  expect(seen.every((progress) => progress.size === cbytes)).toBe(true);
});

it("verify ends when its signal says so", async () => {
  const { memory, ramp } = sample();
  ramp(50_000);
  const controller = new AbortController();
  const verifying = memory.verify({
    signal: controller.signal,
    onProgress: () => controller.abort(new Error("enough")),
  });
  await expect(verifying).rejects.toThrow("enough");
});

it("verify finds damage, and leaves it", async () => {
  const { memory, ramp } = sample();
  ramp(50_000);
  const [file = ""] = ramp.info(50_000)?.files ?? [];
  const bytes = fs.readFileSync(file);
  bytes[bytes.byteLength - 50] = (bytes.at(-50) as number) ^ 1;
  fs.writeFileSync(file, bytes);
  const expected: Partial<Finding>[] = [
    { kind: "damaged", key: ramp.keyOf(50_000), id: "ramp", file },
  ];
  expect((await memory.verify()).findings).toMatchObject(expected);
  expect((await memory.verify()).findings).toMatchObject(expected);
  expect(fs.readFileSync(file).equals(bytes)).toBe(true);
});

it("tells of a damaged result by an event, once it is met", () => {
  const location = join(temporaryFolder(), "cache");
  const events: CacheEvent[] = [];
  const memory = new Memory({ location, onEvent: (event) => events.push(event) });
  const zeros = memory.memoize((n: number) => new Float64Array(n), { id: "zeros", version: 1 });
  zeros(50_000);
  fs.writeFileSync(zeros.info(50_000)?.files[0] ?? "", "x");
  events.length = 0;
  expect(zeros(50_000)).toHaveLength(50_000);
  const whose = { id: "zeros", key: zeros.keyOf(50_000) };
  expect(events).toMatchObject([
    { ...whose, type: "damage", reason: /1 bytes/ },
    { ...whose, type: "miss" },
    { ...whose, type: "store" },
  ]);
});

describe("verify with fix", () => {
  it("removes what is damaged or incomplete, and it is computed again", async () => {
    const { location, memory, ramp } = sample();
    ramp(50_000);
    ramp(60_000);
    ramp(70_000);
    const [damaged = "", missing = ""] = [50_000, 60_000].map((n) => ramp.info(n)?.files[0]);
    fs.writeFileSync(damaged, "x");
    fs.utimesSync(damaged, new Date(0), new Date(0));
    fs.rmSync(missing);
    const { findings } = await memory.verify({ fix: true });
    expect(findings.map(({ kind, file, isFixed }) => [kind, file, isFixed]).toSorted()).toEqual([
      ["damaged", damaged, true],
      ["missing", missing, true],
    ]);
    expect([...memory.entries()].map(({ key }) => key)).toEqual([ramp.keyOf(70_000)]);
    expect(memory.size().items).toBe(1);
    // For a look, however old it is.
    expect(fs.readdirSync(join(location, "tmp"))).toEqual([`${basename(damaged)}.damaged`]);
    expect((await memory.verify()).findings).toEqual([]);
    expect(ramp(50_000)).toHaveLength(50_000);
    expect((await memory.verify()).entries).toBe(2);
  });

  it("removes litter that is old enough to be nobody's", async () => {
    const { location, memory, ramp } = sample();
    ramp(50_000);
    const folder = dirname(ramp.info(50_000)?.files[0] ?? "");
    const [old, young] = ["old", "young"].map((name) => join(folder, `${name}.blp`)) as [
      string,
      string,
    ];
    for (const path of [old, young, join(location, "tmp", "old")]) fs.writeFileSync(path, "x");
    for (const path of [old, join(location, "tmp", "old")]) {
      fs.utimesSync(path, new Date(0), new Date(0));
    }
    const { findings, unclaimed } = await memory.verify({ fix: true });
    expect(findings.map(({ kind, isFixed }) => [kind, isFixed])).toEqual([
      ["litter", true],
      ["litter", true],
    ]);
    expect(unclaimed).toBe(1);
    expect([old, young].map((path) => fs.existsSync(path))).toEqual([false, true]);
    expect(await memory.sweep()).toEqual({ files: 0, cbytes: 0 });
    expect(ramp.has(50_000)).toBe(true);
  });

  it("reads series whole, and removes those that are damaged", async () => {
    const { memory } = sample();
    const walk = memory.incremental<[number], "<f8">({
      ...({ id: "walk", version: 1, dtype: "<f8" } as const),
      *extend({ from, to }) {
        yield Float64Array.from({ length: to - from }, (_, i) => Math.sin(from + i));
      },
    });
    await walk([1], { length: 100_000 });
    await walk([2], { length: 100_000 });
    await walk([1], { length: 110_000 });
    expect(await memory.verify({ fix: true })).toMatchObject({ entries: 2, findings: [] });
    const [file = ""] =
      [...memory.find("", "walk")].find(({ key }) => key === walk.keyOf([2]))?.info()?.files ?? [];
    const bytes = fs.readFileSync(file);
    bytes[200_000] = (bytes[200_000] as number) ^ 1;
    fs.writeFileSync(file, bytes);
    expect(await memory.verify({ fix: true })).toMatchObject({
      findings: [{ kind: "damaged", id: "walk", key: walk.keyOf([2]), isFixed: true }],
    });
    expect(walk.lengthOf([2])).toBe(0);
    // What ends the look is no fault of what it looks at.
    const stop = () => {
      throw new Error("enough");
    };
    await expect(memory.verify({ fix: true, onProgress: stop })).rejects.toThrow("enough");
    expect(walk.lengthOf([1])).toBe(110_000);
  });

  it("is asked for by true", async () => {
    const { memory } = sample();
    await expect(memory.verify({ fix: 1 as unknown as boolean })).rejects.toThrow(TypeError);
  });
});

describe("a cache that is only read", () => {
  it("gives what is stored, and computes what is not, without storing it", async () => {
    const { location, ramp } = sample();
    ramp(3);
    const reader = new Memory({ location, readOnly: true });
    let runs = 0;
    const read = reader.memoize(
      (n: number) => {
        runs++;
        return Float64Array.from({ length: n }, (_, i) => i);
      },
      { id: "reader", version: 1 },
    );
    expect(read(4)).toHaveLength(4);
    expect(read(4)).toHaveLength(4);
    expect(runs).toBe(2);
    expect([...reader.entries()].map(({ id }) => id)).toEqual(["ramp"]);
    expect([...reader.find(ramp.keyOf(3))][0]?.get()).toEqual(ramp(3));
    expect(reader.size()).toEqual(new Memory(location).size());
    expect(reader.size().items).toBe(1);
    await expect(reader.reduceSize({ limitItems: 0 })).rejects.toThrow("readOnly: true");
    expect(reader.clear()).toBe(0);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["CACHE_UNWRITABLE"]);
    expect(ramp.has(3)).toBe(true);
  });

  it("is not made where there is none", async () => {
    const location = join(temporaryFolder(), "none");
    const reader = new Memory({ location, readOnly: true });
    expect(() => [...reader.entries()]).toThrow(StoreError);
    expect(() => [...reader.find("")]).toThrow("it holds no cache");
    await expect(reader.verify()).rejects.toThrow(StoreError);
    await expect(reader.usage()).rejects.toThrow(StoreError);
    expect(() => reader.size()).toThrow("it holds no cache");
    const double = reader.memoize((n: number) => 2 * n, { id: "double", version: 1 });
    expect(double(2)).toBe(4);
    expect(fs.existsSync(location)).toBe(false);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["CACHE_UNUSABLE"]);
  });

  it("leaves a damaged result where it is", async () => {
    const { location, ramp } = sample();
    ramp(50_000);
    const [file = ""] = ramp.info(50_000)?.files ?? [];
    fs.writeFileSync(file, "x");
    const reader = new Memory({ location, readOnly: true });
    expect(() => [...reader.find(ramp.keyOf(50_000))][0]?.get()).toThrow(StoreError);
    expect(fs.readFileSync(file, "utf8")).toBe("x");
    expect([...reader.entries()]).toHaveLength(1);
    await nextTurn();
    expect(warnings.map(({ code }) => code)).toEqual(["CACHE_DAMAGED"]);
  });

  it("is asked for by true", () => {
    expect(() => new Memory({ location: "x", readOnly: 1 as unknown as boolean })).toThrow(
      TypeError,
    );
  });
});

it("a cache that is disabled has nothing", async () => {
  const none = new Memory(null);
  expect([...none.entries(), ...none.find("")]).toEqual([]);
  expect(await none.verify()).toEqual({
    entries: 0,
    files: 0,
    cbytes: 0,
    unclaimed: 0,
    hasLostIndex: false,
    findings: [],
  });
  expect(await none.usage()).toMatchObject({ versions: [], total: 0 });
});
