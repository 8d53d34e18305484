/** Files that others read: numpy's, and Bloscpack's. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { unpackNdarrayFromFileSync } from "bloscache/format";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { askReference, type Description, hasReference, sha256 } from "../../python/reference.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, command, failure, Sample } from "./command.ts";

let folder: string;
beforeEach(() => {
  folder = temporaryFolder();
});

const numbers = (length: number) => Array.from({ length }, (_, i) => (i * 37) % 120);

/** What a function gives, and what numpy is to make of it. */
const RESULTS: [name: string, result: unknown, Omit<Description, "sha256">][] = [
  ...[5, 40_000].flatMap((n): (typeof RESULTS)[number][] => [
    [`${n} f8`, Float64Array.from(numbers(n)), { dtype: "<f8", shape: [n], order: "C" }],
    [`${n} f4`, Float32Array.from(numbers(n)), { dtype: "<f4", shape: [n], order: "C" }],
    [`${n} i1`, Int8Array.from(numbers(n)), { dtype: "|i1", shape: [n], order: "C" }],
    [`${n} u2`, Uint16Array.from(numbers(n)), { dtype: "<u2", shape: [n], order: "C" }],
    [`${n} i8`, BigInt64Array.from(numbers(n), BigInt), { dtype: "<i8", shape: [n], order: "C" }],
    [`${n} clamped`, Uint8ClampedArray.from(numbers(n)), { dtype: "|u1", shape: [n], order: "C" }],
    [`${n} Buffer`, Buffer.from(numbers(n)), { dtype: "|u1", shape: [n], order: "C" }],
    [
      `${n} by 3`,
      { data: Int32Array.from(numbers(3 * n)), shape: [n, 3] },
      { dtype: "<i4", shape: [n, 3], order: "C" },
    ],
    [
      `${n} by 3, columns first`,
      { data: Int32Array.from(numbers(3 * n)), shape: [n, 3], order: "F" },
      { dtype: "<i4", shape: [n, 3], order: "F" },
    ],
  ]),
  [
    "a scalar array",
    { data: new Float64Array([7]), shape: [] },
    { dtype: "<f8", shape: [], order: "C" },
  ],
  ["an empty array", new Float64Array(0), { dtype: "<f8", shape: [0], order: "C" }],
];

function bytesOf(result: unknown): string {
  const data = ArrayBuffer.isView(result) ? result : (result as { data: Float64Array }).data;
  return sha256(data as Float64Array);
}

describe.skipIf(!hasReference)("what is exported, Python reads", () => {
  let memory: Memory;
  const make = (n: number) => RESULTS[n]?.[1];
  let made: ReturnType<typeof memoized>;
  const memoized = () => memory.memoize(make, { id: "made", version: 1 });
  const names = RESULTS.map(([name], n): [string, number] => [name, n]);

  beforeAll(() => {
    memory = new Memory(join(temporaryFolder(), "cache"));
    made = memoized();
    for (const [, n] of names) made(n);
  });

  test.each(names)("%s", (_name, n) => {
    const key = made.keyOf(n);
    const paths = ["a.npy", "a.blp"].map((name) => join(folder, name)) as [string, string];
    for (const path of paths) {
      expect(bloscache(memory.location as string, ["export", key, path])).toMatchObject({
        ...{ status: 0, stdout: "", stderr: "" },
      });
    }
    const [, result, description] = RESULTS[n] as (typeof RESULTS)[number];
    const expected = { ...description, sha256: bytesOf(result) };
    const answers = askReference([
      { do: "load", path: paths[0] },
      { do: "unpack", path: paths[1] },
    ]);
    expect(answers).toEqual([expected, expected]);
    // The items begin at a multiple of 64.
    const npy = fs.readFileSync(paths[0]);
    expect((10 + npy.readUInt16LE(8)) % 64).toBe(0);
    expect(npy.subarray(0, 8).toString("latin1")).toBe("\x93NUMPY\x01\x00");
  });
});

describe("of a result", () => {
  let cache: Sample;
  let key: string;
  const run = (...args: string[]) =>
    bloscache(cache.location, ["export", ...args], { cwd: folder });

  beforeAll(() => {
    cache = new Sample();
    cache.ramp(10);
    cache.ramp(200_000);
    cache.pair(300, 40);
    key = cache.ramp.keyOf(200_000);
  });

  test("in a file the copy is that file", () => {
    expect(run(key, "a.blp").status).toBe(0);
    const original = cache.ramp.info(200_000)?.files[0] as string;
    expect(fs.readFileSync(join(folder, "a.blp")).equals(fs.readFileSync(original))).toBe(true);
    expect(run(key, "-", "--format", "blp").bytes.equals(fs.readFileSync(original))).toBe(true);
  });

  test("of several arrays one is named", () => {
    const pair = cache.pair.keyOf(300, 40);
    const { mask, grid } = cache.pair(300, 40);
    for (const choice of [
      ["--path", "mask"],
      ["--path", "result.mask"],
      ["--array", "1"],
    ]) {
      expect(run(pair, "m.blp", "--force", ...choice).status).toBe(0);
      expect(unpackNdarrayFromFileSync(join(folder, "m.blp")).data).toEqual(mask);
    }
    expect(run(pair, "g.blp", "--path", "grid.data").status).toBe(0);
    expect(unpackNdarrayFromFileSync(join(folder, "g.blp"))).toMatchObject(grid);
    const list = ["  0: result.grid.data, Int16Array", "  1: result.mask, Uint8Array"];
    const name = `the result ${pair.slice(0, 8)}`;
    expect(run(pair, "x.npy")).toMatchObject(
      failure(1, `${name} holds several arrays, name one by --path or --array:`, ...list),
    );
    expect(run(pair, "x.npy", "--path", "masks")).toMatchObject(
      failure(1, `${name} has no such array; it has:`, ...list),
    );
  });

  test("nothing is overwritten without --force", () => {
    fs.writeFileSync(join(folder, "a.npy"), "mine");
    expect(run(key, "a.npy")).toMatchObject(failure(1, "output file 'a.npy' exists!"));
    expect(fs.readFileSync(join(folder, "a.npy"), "utf8")).toBe("mine");
    expect(run(key, "a.npy", "-f").status).toBe(0);
    expect(fs.statSync(join(folder, "a.npy")).size).toBe(128 + 1_600_000);
  });

  test("a name tells the format, or --format does", () => {
    expect(run(key, "a.txt")).toMatchObject(
      failure(2, "'a.txt' does not tell the format: .blp, .npy, or --format"),
    );
    expect(run(key, "-").status).toBe(2);
    expect(run(key, "a.txt", "--format", "npy").status).toBe(0);
    expect(fs.readFileSync(join(folder, "a.txt"), "latin1").slice(1, 6)).toBe("NUMPY");
    expect(run(key, "-", "--format", "npy").bytes.byteLength).toBe(128 + 1_600_000);
  });

  test("a reader that stops reading is no error message", () => {
    const script = '"$0" "$1" -C "$2" export "$3" - --format npy | head -c 10';
    const shell = ["-c", script, process.execPath, command, cache.location, key];
    const { stdout, stderr } = spawnSync("sh", shell);
    expect(stdout.toString("latin1")).toContain("NUMPY");
    expect(stderr.toString()).toBe("");
  });
});

test.each(["a.npy", "a.blp"])("of a damaged file nothing is left: %s", (out) => {
  const { location, ramp } = new Sample();
  ramp(200_000);
  const file = ramp.info(200_000)?.files[0] as string;
  const bytes = fs.readFileSync(file);
  const at = bytes.byteLength - 100;
  bytes[at] = (bytes[at] as number) ^ 1;
  fs.writeFileSync(file, bytes);
  const outcome = bloscache(location, ["export", ramp.keyOf(200_000), out], { cwd: folder });
  expect(outcome).toMatchObject({ status: 1, stdout: "" });
  expect(outcome.stderr).toMatch(/^bloscache: error: '.*-0\.blp': CHUNK_CHECKSUM in chunk \d+ /);
  expect(fs.readdirSync(folder)).toEqual([]);
});

test("a result without an array cannot be exported", () => {
  const { location, memory } = new Sample();
  const text = memory.memoize(() => "short", { id: "text", version: 1 });
  text();
  const key = text.keyOf();
  expect(bloscache(location, ["export", key, "a.npy"], { cwd: folder })).toMatchObject(
    failure(1, `the result ${key.slice(0, 8)} holds no array`),
  );
});

test("memory does not depend on the size", () => {
  const { location, memory } = new Sample();
  const zeros = memory.memoize((n: number) => new Float64Array(n), { id: "zeros", version: 1 });
  zeros(40_000_000);
  const hook = join(folder, "rss.cjs");
  fs.writeFileSync(
    hook,
    'process.on("exit", () => console.error(process.resourceUsage().maxRSS));',
  );
  const env = { ...process.env, NODE_OPTIONS: `--require ${hook}` };
  for (const out of ["a.npy", "a.blp"]) {
    const { status, stderr } = bloscache(location, ["export", zeros.keyOf(40_000_000), out], {
      ...{ cwd: folder, env },
    });
    expect(status).toBe(0);
    expect(Number(stderr)).toBeLessThan(200_000); // KiB; the array has 312,500
  }
});
