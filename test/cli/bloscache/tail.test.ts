/** The end of a series, and what others append to it meanwhile. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Incremental, Memory, type SeriesDtype } from "bloscache";
import { unpackNdarrayFromFileSync } from "bloscache/format";
import { afterEach, describe, expect, test } from "vitest";
// @ts-expect-error: a script, and no types
import { expected, walkOn } from "../../series/walk.mjs";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, command, contentOf, failure, jsonOf } from "./command.ts";

const walk = join(import.meta.dirname, "../../series/walk.mjs");

/** A series on a cache of its own, whose n-th element is `f(n)`. */
async function seriesOf<Dtype extends SeriesDtype>(
  Class: { from(of: { length: number }, f: (_: unknown, n: number) => never): unknown },
  length: number,
  f: (n: number) => unknown,
  options: { dtype: Dtype; itemShape?: number[] },
) {
  const location = join(temporaryFolder(), "cache");
  const memory = new Memory(location);
  const { itemShape = [], dtype } = options;
  const size = itemShape.reduce((product, n) => product * n, /^<c/.test(dtype) ? 2 : 1);
  const series = memory.incremental({
    ...{ id: "series", version: 1, dtype, itemShape },
    extend: ({ from, to }: { from: number; to: number }) =>
      Class.from({ length: size * (to - from) }, (_, n) => f(size * from + n) as never) as never,
  }) as unknown as Incremental<string, never>;
  await series.extend("a", { length });
  const key = series.keyOf("a");
  const tail = (...args: string[]) => bloscache(location, ["tail", key.slice(0, 10), ...args]);
  return { location, memory, series, key, tail };
}

const linesOf = ({ stdout, stderr, status }: ReturnType<typeof bloscache>) => {
  expect({ stderr, status }).toEqual({ stderr: "", status: 0 });
  return stdout === "" ? [] : stdout.trimEnd().split("\n");
};

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe.each([25, 50_000])("of %i numbers", (length) => {
  test("the last ten are printed, or as many as are asked for", async () => {
    const made = await seriesOf(Float64Array, length, (n) => n / 2, { dtype: "<f8" });
    const { tail, location } = made;
    const before = contentOf(location);
    const texts = (from: number) => range(from, length).map((n) => String(n / 2));
    expect(linesOf(tail())).toEqual(texts(length - 10));
    expect(linesOf(tail("-n", "3"))).toEqual(texts(length - 3));
    expect(linesOf(tail("-n3"))).toEqual(texts(length - 3));
    expect(linesOf(tail("-n", "0"))).toEqual([]);
    expect(linesOf(tail("--items=999999"))).toEqual(texts(0));
    expect(linesOf(tail("-n", "+1"))).toEqual(texts(0));
    expect(linesOf(tail("-n", `+${length - 1}`))).toEqual(texts(length - 2));
    expect(linesOf(tail("-n", `+${length + 1}`))).toEqual([]);
    expect(contentOf(location)).toEqual(before);
  });

  test("JSON has their numbers", async () => {
    const { tail } = await seriesOf(Float64Array, length, (n) => n / 2, { dtype: "<f8" });
    expect(jsonOf(tail("--json", "-n", "2"))).toEqual([
      { item: length - 2, value: (length - 2) / 2 },
      { item: length - 1, value: (length - 1) / 2 },
    ]);
  });
});

test("more than is read at a time", async () => {
  const length = 300_000;
  const { tail } = await seriesOf(Int32Array, length, (n) => n % 7, {
    dtype: "<i4",
    itemShape: [3],
  });
  const lines = linesOf(tail("-n", "+1"));
  expect(lines).toHaveLength(length);
  for (const n of [0, 87_380, 87_381, 87_382, length - 1]) {
    expect(lines[n]).toBe(`[${range(3 * n, 3 * n + 3).map((i) => i % 7)}]`.replaceAll(",", ", "));
  }
});

describe("an item", () => {
  test("of several numbers has its shape", async () => {
    const { tail } = await seriesOf(Int16Array, 3, (n) => n, { dtype: "<i2", itemShape: [2, 2] });
    expect(linesOf(tail("-n", "1"))).toEqual(["[[8, 9], [10, 11]]"]);
    expect(jsonOf(tail("-n", "1", "--json"))).toEqual([
      {
        item: 2,
        value: [
          [8, 9],
          [10, 11],
        ],
      },
    ]);
  });

  test("of many numbers is cut short, but not as JSON", async () => {
    const { tail } = await seriesOf(Uint8Array, 2, (n) => n, { dtype: "|u1", itemShape: [10, 10] });
    expect(linesOf(tail("-n", "1"))).toEqual(["[100, 101, 102, 103, 104, 105, …]"]);
    const [item] = jsonOf<{ value: number[][] }>(tail("-n", "1", "--json"));
    expect(item?.value.flat()).toEqual(range(100, 200));
  });

  test("that JSON has no number for is a string; complex numbers are pairs", async () => {
    const odd = [Number.NaN, -0, Number.NEGATIVE_INFINITY, 1e300];
    const complex = await seriesOf(Float64Array, 2, (n) => odd[n], { dtype: "<c16" });
    expect(linesOf(complex.tail())).toEqual(["[NaN, -0]", "[-Infinity, 1e+300]"]);
    expect(jsonOf(complex.tail("--json"))).toEqual([
      { item: 0, value: ["NaN", -0] },
      { item: 1, value: ["-Infinity", 1e300] },
    ]);
    const big = await seriesOf(BigInt64Array, 1, () => 2n ** 62n + 1n, { dtype: "<i8" });
    expect(linesOf(big.tail())).toEqual(["4611686018427387905"]);
    expect(jsonOf(big.tail("--json"))).toEqual([{ item: 0, value: "4611686018427387905" }]);
  });
});

test("what a generator has yielded is one series", () => {
  const location = join(temporaryFolder(), "cache");
  const fn = new Memory(location).memoize(
    function* parts(n: number): Generator<Float32Array, void, undefined> {
      for (let i = 0; i < n; i++) yield Float32Array.of(i, i + 0.5);
    },
    { id: "parts", version: 1 },
  );
  for (const _part of fn(4));
  expect(linesOf(bloscache(location, ["tail", fn.keyOf(4), "-n", "3"]))).toEqual([
    ...["2.5", "3", "3.5"],
  ]);
});

test("what is no series, is not there, or makes no sense is an error", async () => {
  const { tail, memory, location, series } = await seriesOf(Float64Array, 5, (n) => n, {
    dtype: "<f8",
  });
  const plain = memory.memoize((n: number) => n, { id: "plain", version: 1 });
  plain(1);
  const key = plain.keyOf(1);
  expect(bloscache(location, ["tail", key])).toMatchObject(
    failure(1, `the result ${key.slice(0, 8)} is no series: bloscache show prints it`),
  );
  series.invalidate("a");
  expect(tail().stderr).toMatch(/^bloscache: error: no result has a key that begins with /);
  for (const n of ["-1", "1.5", "", "+", "x"]) expect(tail("-n", n).status).toBe(2);
  for (const time of ["5", "1w", "-1s"]) expect(tail("--interval", time).status).toBe(2);
});

describe.each([25, 50_000])("other commands: a series of %i items", (length) => {
  test("is shown as the one array that it is", async () => {
    const { location, key, series } = await seriesOf(Float64Array, length, (n) => n, {
      ...{ dtype: "<c16", itemShape: [2] },
    });
    const shown = bloscache(location, ["show", key]);
    expect({ ...shown, bytes: undefined }).toMatchObject({ status: 0, stderr: "" });
    expect(shown.stdout).toContain("\nresult  Float64Array");
    const [facts] = jsonOf<{ arrays: object[] }>(bloscache(location, ["show", key, "--json"]));
    const file = series.info("a")?.files[0];
    const nbytes = 32 * length;
    const isLarge = file !== undefined;
    expect(facts?.arrays).toMatchObject([
      { place: "result", type: "Float64Array", nbytes, ...(isLarge ? { file } : {}) },
    ]);
    if (!isLarge) expect(shown.stdout).toContain("shape: [ 25, 2 ]");
    expect(bloscache(location, ["show", key, "--value"]).stdout).toContain("dtype: '<c16'");
  });

  test("is exported with its dtype and shape", async () => {
    const { location, key, series } = await seriesOf(Float64Array, length, (n) => n, {
      ...{ dtype: "<c16", itemShape: [2] },
    });
    const out = join(temporaryFolder(), "out.blp");
    expect(bloscache(location, ["export", key, out])).toMatchObject({ status: 0, stderr: "" });
    const { data, shape, dtype } = unpackNdarrayFromFileSync(out);
    expect({ shape, dtype }).toEqual({ shape: [length, 2], dtype: "<c16" });
    expect(data).toEqual(await series.read("a"));
  });
});

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

function start(...args: string[]) {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  started.push(child);
  let errors = "";
  child.stderr.on("data", (text) => {
    errors += text;
  });
  return { child, ended: once(child, "close"), errors: () => errors };
}

test("a series is exported as it is, whoever extends it meanwhile", {
  timeout: 120_000,
}, async () => {
  const location = join(temporaryFolder(), "cache");
  const length = 1_000_000;
  const right = (await expected(length)) as Float64Array;
  const series = walkOn(new Memory(location), 2500);
  await series.extend("a", { length: 5000 });
  const extending = start(walk, "extend", location, String(length), "100");
  const lengths = new Set<number>();
  for (const format of ["blp", "npy", "blp", "npy", "blp", "npy"]) {
    const out = join(temporaryFolder(), `out.${format}`);
    expect(bloscache(location, ["export", series.keyOf("a"), out])).toMatchObject({
      ...{ status: 0, stderr: "" },
    });
    const bytes = readFileSync(out);
    const data =
      format === "npy"
        ? new Float64Array(Uint8Array.from(bytes.subarray(128)).buffer)
        : (unpackNdarrayFromFileSync(out).data as Float64Array);
    expect(data).toEqual(right.subarray(0, data.length));
    lengths.add(data.length);
  }
  expect(lengths.size).toBeGreaterThan(1);
  extending.child.kill("SIGKILL");
  await extending.ended;
});

describe("followed", () => {
  test("it is printed as others extend it, killed on the way, until the interruption", {
    timeout: 120_000,
  }, async () => {
    const location = join(temporaryFolder(), "cache");
    const length = 300_000;
    const right = (await expected(length)) as Float64Array;
    const series = walkOn(new Memory(location), 500);
    await series.extend("a", { length: 1000 });
    const tail = start(
      ...[command, "-C", location, "tail", series.keyOf("a"), "-n", "+1"],
      ...["-f", "--interval", "20ms"],
    );
    const lines: string[] = [];
    let printed = 0;
    const reading = (async () => {
      for await (const line of createInterface(tail.child.stdout as NodeJS.ReadableStream)) {
        lines.push(line);
        printed++;
      }
    })();
    await expect.poll(() => printed, { timeout: 20_000 }).toBe(1000);
    const killed = start(walk, "extend", location, String(length), "500");
    await expect.poll(() => printed, { timeout: 20_000 }).toBeGreaterThan(1000);
    killed.child.kill("SIGKILL");
    await killed.ended;
    const [code] = await start(walk, "extend", location, String(length), "500").ended;
    expect(code).toBe(0);
    await expect.poll(() => printed, { timeout: 20_000 }).toBe(length);
    tail.child.kill("SIGINT");
    expect(await tail.ended).toEqual([null, "SIGINT"]);
    await reading;
    expect(tail.errors()).toBe("");
    expect(lines).toEqual(Array.from(right, String));
  });

  test("it may begin beyond the end, and a pipe that is closed ends it silently", async () => {
    const { location, series, key } = await seriesOf(Float64Array, 5, (n) => n, { dtype: "<f8" });
    const tail = start(command, "-C", location, "tail", key, "-n", "+8", "--interval", "10ms");
    const lines = createInterface(tail.child.stdout as NodeJS.ReadableStream)[
      Symbol.asyncIterator
    ]();
    const first = lines.next();
    await series.extend("a", { length: 7 });
    await series.extend("a", { length: 9 });
    expect((await first).value).toBe("7");
    expect((await lines.next()).value).toBe("8");
    tail.child.stdout?.destroy();
    await series.extend("a", { length: 12 });
    expect(await tail.ended).toEqual([1, null]);
    expect(tail.errors()).toBe("");
  });

  test("it is interrupted also when nobody reads the pipe", async () => {
    const { location, key } = await seriesOf(Float64Array, 100_000, (n) => n / 3, {
      dtype: "<f8",
    });
    const tail = start(command, "-C", location, "tail", key, "-n", "+1", "-f");
    await once(tail.child.stdout as NodeJS.ReadableStream, "readable"); // and no more
    tail.child.kill("SIGINT");
    const [code, signal] = await once(tail.child, "exit");
    expect([code, signal]).toEqual([null, "SIGINT"]);
  });

  test.each(["is gone", "was begun anew"])("when it %s, that is said", async (what) => {
    const { location, series, key } = await seriesOf(Float64Array, 500, (n) => n, {
      dtype: "<f8",
    });
    // Begun anew between two looks.
    const interval = what === "is gone" ? "10ms" : "1500ms";
    const tail = start(command, "-C", location, "tail", key, "-f", "--interval", interval);
    await once(tail.child.stdout as NodeJS.ReadableStream, "data");
    series.invalidate("a");
    if (what === "was begun anew") await series.extend("a", { length: 3 });
    expect(await tail.ended).toEqual([1, null]);
    expect(tail.errors()).toBe(`bloscache: error: the series ${key.slice(0, 8)} ${what}\n`);
  });
});
