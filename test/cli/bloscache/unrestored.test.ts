// What the command cannot make again, or a function threw: it is looked at all the same.
import fs from "node:fs";
import { join } from "node:path";
import { type EntryInfo, Memory, type StorableClass, StoreError, storeSymbol } from "bloscache";
import { scijsNdarray } from "bloscache/adapters";
import { open } from "bloscache/format";
import ndarray from "ndarray";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, jsonOf } from "./command.ts";

class Degrees {
  readonly #value: number;

  constructor(value: number) {
    this.#value = value;
  }

  [storeSymbol]() {
    return this.#value;
  }

  static [storeSymbol](value: number) {
    return new Degrees(value);
  }
}

function cacheOf<T>(make: () => T, options: object = {}) {
  const location = join(temporaryFolder(), "cache");
  const adapters = [scijsNdarray(ndarray), Degrees as StorableClass];
  const fn = new Memory({ location, adapters }).memoize(make, {
    id: "sample@/lib/made.js#made",
    version: 1,
    ...options,
  });
  return { location, fn, key: fn.keyOf(), run: (...args: string[]) => bloscache(location, args) };
}

const small = () => ({
  before: Uint8Array.of(1, 2),
  grid: ndarray(
    Float64Array.from({ length: 9 }, (_, i) => i),
    [3, 3],
  ),
  warm: new Degrees(20),
  after: Int16Array.of(7, 8, 9),
});

describe("a small result that needs adapters", () => {
  test("is shown by its parts, with the names of what it needs", () => {
    const { key, fn, run } = cacheOf(small);
    fn();
    const { status, stdout, stderr } = run("show", key);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("\nadapter    ndarray: ");
    expect(stdout).toContain("\nadapter    Degrees: ");
    expect(stdout).toMatch(
      /adapter: 'ndarray',\s+parts: \{ data: \[Float64Array\], shape: \[Array\] \}/,
    );
    expect(stdout).toContain("{ adapter: 'Degrees', parts: 20 }");
    const [json] = jsonOf<{ needs: string[]; value: string }>(
      run("show", key, "--json", "--value"),
    );
    expect(json?.needs).toEqual(["ndarray", "Degrees"]);
    expect(json?.value).toMatch(/Float64Array\(9\) \[\s+0, 1, 2/);
  });

  test("is exported array by array, with shapes", async () => {
    const { key, fn, run } = cacheOf(small);
    fn();
    const folder = temporaryFolder();
    const [shown] = jsonOf<{ arrays: { place: string }[] }>(run("show", key, "--json"));
    expect(shown?.arrays.map(({ place }) => place)).toEqual([
      "result.before",
      "result.grid.data",
      "result.after",
    ]);
    const expected = [
      { shape: "(2,)", bytes: Uint8Array.of(1, 2) },
      { shape: "(3, 3)", bytes: Float64Array.from({ length: 9 }, (_, i) => i) },
      { shape: "(3,)", bytes: Int16Array.of(7, 8, 9) },
    ];
    for (const [n, { shape, bytes }] of expected.entries()) {
      const out = join(folder, `${n}.npy`);
      expect(run("export", key, out, "--array", String(n))).toMatchObject({
        status: 0,
        stderr: "",
      });
      const npy = fs.readFileSync(out);
      expect(npy.toString("latin1")).toContain(`'shape': ${shape}`);
      expect(npy.subarray(-bytes.byteLength)).toEqual(Buffer.from(bytes.buffer));
    }
    expect(run("export", key, join(folder, "g.blp"), "--path", "grid.data").status).toBe(0);
    const reader = await open(join(folder, "g.blp"), { as: "array" });
    expect(reader.shape).toEqual([3, 3]);
    await reader.close();
  });

  test("tells a Memory without them what is missing", () => {
    const { location, key, fn } = cacheOf(small);
    fn();
    const [handle] = new Memory(location).find(key);
    expect(() => handle?.get()).toThrow(StoreError);
    expect(() => handle?.get()).toThrow(
      "it needs an adapter: give Memory { adapters: [scijsNdarray(ndarray)] }",
    );
    const adapters = [scijsNdarray(ndarray)];
    const [other] = new Memory({ location, adapters }).find(key);
    expect(() => other?.get()).toThrow('the adapter or class called "Degrees"');
  });
});

describe("a result that the function threw", () => {
  const thrown = () => {
    throw Object.assign(new RangeError("too hot"), { degrees: Float64Array.of(1, 2, 3) });
  };

  test.each([false, true])("is shown and marked; asynchronous: %s", async (isAsync) => {
    const options = { cacheErrors: true, tags: () => ["weather", "hot\nspot"] };
    const { location, key, fn, run } = cacheOf(isAsync ? async () => thrown() : thrown, options);
    await expect((async () => fn())()).rejects.toThrow("too hot");
    const { status, stdout, stderr } = run("show", key);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("\nthrew      the result is the error\n");
    expect(stdout).toContain("\ntags       weather, hot\\u000aspot\n");
    expect(stdout).toContain("RangeError: too hot");
    expect(run("show", key, "--value").stdout).toContain("degrees: Float64Array(3) [ 1, 2, 3 ]");
    const [json] = jsonOf<EntryInfo & { value: string }>(run("show", key, "--json"));
    expect(json).toMatchObject({ threw: true, tags: ["weather", "hot\nspot"] });
    expect(json?.value).toContain("RangeError: too hot");
    expect(run("ls").stdout).toMatch(/ {2}threw: *\n$/);
    expect(run("ls", "--long").stdout).toMatch(
      / TAGS +ARGUMENTS\n.* {2}weather, hot\\u000aspot {2}threw:/,
    );
    const [handle] = new Memory(location).find(key);
    await expect((async () => handle?.get())()).rejects.toThrow("an error that the function threw");
  });
});
