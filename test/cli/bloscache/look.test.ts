/** ls, du, stats, show, and how a result or a function is named. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { type EntryInfo, Memory } from "bloscache";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, command, contentOf, failure, jsonOf, Sample } from "./command.ts";

let cache: Sample;
const run = (...args: string[]) => bloscache(cache.location, args);

beforeAll(async () => {
  cache = new Sample();
  cache.ramp(10);
  cache.ramp(100_000);
  cache.ramp(100_000, { step: 3 });
  cache.pair(300, 40);
});

const plain = (info: EntryInfo) => JSON.parse(JSON.stringify(info));

describe("ls", () => {
  test("has a line per result, with what it is of", () => {
    const { status, stdout, stderr } = run("ls");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(5);
    const key = cache.ramp.keyOf(100_000, { step: 3 }).slice(0, 8);
    expect(lines.find((line) => line.startsWith(key))).toMatch(
      /^\w{8} {2}ramp\.js#ramp {2}v:1 {6}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +[\d.]+m?s +781\.25K +[\d.]+K {2}100000, args\[1\]\.step: 3$/,
    );
  });

  test("--long has keys and ids in full", () => {
    expect(run("ls", "--long").stdout).toContain(
      `${cache.ramp.keyOf(10)}  sample@/lib/ramp.js#ramp  v:1`,
    );
  });

  test("--json prints what memory.entries() gives, an object per line", () => {
    expect(jsonOf(run("ls", "--json"))).toEqual([...cache.memory.entries()].map(plain));
  });

  test.each(["ramp", "#ramp", "ramp.js#ramp", "sample@/lib/ramp.js#ramp"])(
    "%s means a function, by the end of its id",
    (text) => {
      const entries = jsonOf<EntryInfo>(run("ls", "--json", text));
      expect(new Set(entries.map(({ id }) => id))).toEqual(new Set(["sample@/lib/ramp.js#ramp"]));
      expect(entries).toHaveLength(3);
    },
  );

  test.each(["amp", "nothing", "js#r"])(
    "%s means none, and those that there are are told",
    (text) => {
      expect(run("ls", text)).toMatchObject(
        failure(
          1,
          `no results of '${text}'; there are of:`,
          "  sample@/lib/pair.js#pair",
          "  sample@/lib/ramp.js#ramp",
        ),
      );
    },
  );

  test.each([
    ["created", ({ created }: EntryInfo) => -Date.parse(String(created))],
    ["size", ({ nbytes }: EntryInfo) => -nbytes],
    ["duration", ({ durationMs }: EntryInfo) => -durationMs],
    ["name", ({ id }: EntryInfo) => (id.includes("pair") ? 0 : 1)],
  ])("--sort %s orders them, -r the other way round", (order, rank) => {
    const sorted = jsonOf<EntryInfo>(run("ls", "--sort", order, "--json")).map(rank);
    expect(sorted).toEqual(sorted.toSorted((a, b) => a - b));
    expect(sorted).toHaveLength(4);
    const reverse = jsonOf<EntryInfo>(run("ls", "-r", "--sort", order, "--json")).map(rank);
    expect(reverse).toEqual(sorted.toReversed());
  });

  test("ten thousand results go through a pipe that is closed early, without a word", () => {
    const many = new Memory(join(temporaryFolder(), "many"));
    const put = many.memoize((n: number) => n, { id: "many", version: 1 });
    for (let i = 0; i < 10_000; i++) put(i);
    expect(jsonOf(bloscache(many.location as string, ["ls", "--json"]))).toHaveLength(10_000);
    const script = '"$0" "$1" -C "$2" ls | head -n 2';
    const shell = ["-c", script, process.execPath, command, many.location as string];
    const { stdout, stderr } = spawnSync("sh", shell, { encoding: "utf8" });
    expect(stdout.split("\n")).toHaveLength(3);
    expect(stderr).toBe("");
  });
});

describe("text of others", () => {
  const steering = "\u001b]0;x\u0007\u001b[31m\u009b2J\u202e\u2028\rend";
  const isSteering = (text: string) => /[^\P{Cc}\n]|[\u2028\u202e]/u.test(text);

  test.each([
    ["ls"],
    ["ls", "-l"],
    ["ls", "--json"],
    ["du"],
    ["stats"],
    ["verify"],
    ["ls", "none"],
  ])("of names and arguments reaches no terminal as it is: %s", (...args) => {
    const evil = new Memory(join(temporaryFolder(), "evil"));
    const name = evil.memoize((text: string) => ({ [text]: [text] }), {
      id: `evil${steering}`,
      version: steering,
    });
    name(steering);
    const location = evil.location as string;
    const { stdout, stderr } = bloscache(location, args);
    expect(isSteering(stdout + stderr)).toBe(false);
    expect(stdout + stderr).not.toBe("");
    const shown = bloscache(location, ["show", name.keyOf(steering).slice(0, 6), "--value"]);
    expect(isSteering(shown.stdout)).toBe(false);
    expect(shown.stdout).toContain("evil\\u001b]0;x");
  });

  test("stands in JSON as it was", () => {
    const evil = new Memory(join(temporaryFolder(), "evil"));
    evil.memoize((n: number) => n, { id: steering, version: 1 })(1);
    const [info] = jsonOf<EntryInfo>(bloscache(evil.location as string, ["ls", "--json"]));
    expect(info?.id).toBe(steering);
  });
});

describe("a key", () => {
  test("is told by its first digits, in either case", () => {
    const key = cache.pair.keyOf(300, 40);
    for (const digits of [key, key.slice(0, 10), key.slice(0, 10).toUpperCase()]) {
      expect(jsonOf<EntryInfo>(run("show", digits, "--json"))[0]?.key).toBe(key);
    }
  });

  test("that may be several names them", () => {
    const many = new Memory(join(temporaryFolder(), "many"));
    const put = many.memoize((n: number) => n, { id: "many", version: 1 });
    for (let i = 0; i < 40; i++) put(i);
    const keys = [...many.entries()].map(({ key }) => key);
    const first = keys.find(
      (key) => keys.filter((other) => other[0] === key[0]).length > 1,
    )?.[0] as string;
    const { status, stdout, stderr } = bloscache(many.location as string, ["show", first]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    const [head, ...candidates] = stderr.trimEnd().split("\n");
    expect(head).toBe(`bloscache: error: '${first}' may be one of several keys:`);
    expect(candidates.map((line) => line.slice(20, 52))).toEqual(
      keys.filter((key) => key.startsWith(first)),
    );
    expect(candidates[0]).toMatch(/ many, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  test("that nothing has, or that is none, is an error", () => {
    const absent = ["00000000", "11111111"].find(
      (digits) => [...cache.memory.find(digits)].length === 0,
    );
    expect(run("show", absent as string)).toMatchObject(
      failure(1, `no result has a key that begins with '${absent}'`),
    );
    expect(run("show", "xyz")).toMatchObject(
      failure(2, "'xyz' is not a key: up to 32 hexadecimal digits"),
    );
  });
});

test("du adds up to what is on disk", () => {
  fs.writeFileSync(join(cache.location, "tmp/left.tmp"), "123");
  const [usage] = jsonOf<{ [field: string]: unknown }>(run("du", "--json"));
  fs.rmSync(join(cache.location, "tmp/left.tmp"));
  expect(usage).toMatchObject({ location: cache.location, litter: { files: 1, cbytes: 3 } });
  const entries = [...cache.memory.entries()].filter(({ id }) => id.endsWith("ramp"));
  const files = entries.flatMap((info) => info.files);
  expect(usage?.["versions"]).toContainEqual({
    id: "sample@/lib/ramp.js#ramp",
    version: "v:1",
    entries: 3,
    nbytes: 80 + 800_000 + 800_000,
    files: 2,
    cbytes: files.reduce((sum, file) => sum + fs.statSync(file).size, 0),
  });
  expect(run("du").stdout).toMatch(
    /^FUNCTION .*\n(.+\n){2}\nindex .*\nlitter {2}0B, 0 files.*\ntotal /,
  );
});

test("stats sums up what the results stand for", () => {
  const [stats] = jsonOf<{ [field: string]: unknown }>(run("stats", "--json"));
  const entries = [...cache.memory.entries()];
  const sum = (of: (info: EntryInfo) => number) => entries.reduce((n, info) => n + of(info), 0);
  expect(stats).toMatchObject({
    entries: 4,
    nbytes: sum(({ nbytes }) => nbytes),
    cbytes: sum(({ cbytes }) => cbytes),
    ratio: sum(({ nbytes }) => nbytes) / sum(({ cbytes }) => cbytes),
    oldest: new Date(Math.min(...entries.map(({ created }) => created.getTime()))).toISOString(),
    newest: new Date(Math.max(...entries.map(({ created }) => created.getTime()))).toISOString(),
  });
  expect(stats?.["durationMs"]).toBeCloseTo(sum(({ durationMs }) => durationMs));
  expect(stats?.["functions"]).toHaveLength(2);
  expect(run("stats").stdout).toMatch(/^4 results of 2 functions in /);
});

describe("show", () => {
  test("has the arrays of a result in files, with what the files say", () => {
    const key = cache.pair.keyOf(300, 40);
    const [shown] = jsonOf<{ arrays: object[] }>(run("show", key, "--json"));
    const [grid, mask] = cache.pair.info(300, 40)?.files ?? [];
    expect(shown).toMatchObject({ key, id: "sample@/lib/pair.js#pair", version: "v:a" });
    expect(shown?.arrays).toMatchObject([
      {
        ...{ place: "result.grid.data", type: "Int16Array", dtype: "<i2", shape: [300, 40] },
        ...{ nbytes: 24_000, file: grid, codec: "lz4", nchunks: 1, order: "C" },
        preview: "[0, 1, 2, 3, 4, 5, …]",
      },
      { place: "result.mask", type: "Uint8Array", shape: [300], file: mask },
    ]);
    const { stdout } = run("show", key.slice(0, 8));
    expect(stdout).toContain("result.grid.data  Int16Array, <i2 [300, 40]");
    expect(stdout).toContain("[0, 1, 2, 3, 4, 5, …]");
    expect(stdout).toContain("arguments  args[0]: 300\n           args[1]: 40\n");
  });

  test("has a small value at once, a large one when it is asked for", () => {
    expect(run("show", cache.ramp.keyOf(10)).stdout).toContain("Float64Array(10) [");
    const key = cache.ramp.keyOf(100_000);
    expect(run("show", key).stdout).not.toContain("Float64Array(100000) [");
    expect(run("show", key, "--value").stdout).toContain("Float64Array(100000) [");
  });

  test.each([
    ["latin1", () => "é".repeat(70_000), /"é{60}"…/],
    ["utf16", () => "→".repeat(70_000), /"→{60}"…/],
    ["BigInt64Array", () => new BigInt64Array(5000).fill(-7n), /\[-7, -7, -7, -7, -7, -7, …\]/],
    ["Buffer", () => Buffer.alloc(20_000, 9), /\[9, 9, 9, 9, 9, 9, …\]/],
    ["DataView", () => new DataView(new ArrayBuffer(20_000)), /\[0, 0, 0, 0, 0, 0, …\]/],
    [
      "Float32Array",
      () => [new Float32Array(9000), new Float32Array(2).fill(0.5)],
      /\[0\.5, 0\.5\]/,
    ],
  ])("previews %s", (type, make, expected) => {
    const one = new Memory(join(temporaryFolder(), "one"));
    const made = one.memoize(() => make() as unknown, { id: "made", version: 1 });
    made();
    const { stdout } = bloscache(one.location as string, ["show", made.keyOf()]);
    expect(stdout).toContain(type);
    expect(stdout).toMatch(expected);
  });

  test("tells of an array whose file is gone, and cannot give the value", () => {
    const damaged = new Sample();
    damaged.ramp(50_000);
    const key = damaged.ramp.keyOf(50_000);
    fs.rmSync(damaged.ramp.info(50_000)?.files[0] as string);
    const before = contentOf(damaged.location);
    const shown = bloscache(damaged.location, ["show", key]);
    expect(shown.stdout).toContain("ENOENT");
    expect(shown.status).toBe(0);
    expect(bloscache(damaged.location, ["show", key, "--value"])).toMatchObject(
      failure(1, `the result ${key.slice(0, 8)} cannot be read: bloscache verify tells why`),
    );
    expect(contentOf(damaged.location)).toEqual(before);
    expect(jsonOf(bloscache(damaged.location, ["ls", "--json"]))).toHaveLength(1);
  });
});

test("an id with line breaks, or with what nobody sees, is one line of an error", () => {
  const location = join(temporaryFolder(), "cache");
  const memory = new Memory(location);
  for (const id of ["a\nb#f", "a\u200b\u2060\u061cb#f"]) {
    memory.memoize((n: number) => n, { id, version: 1 })(1);
  }
  const several = bloscache(location, ["ls", "f"]);
  expect(several).toMatchObject(
    failure(
      1,
      "'f' may be one of several functions:",
      "  a\\u000ab#f",
      "  a\\u200b\\u2060\\u061cb#f",
    ),
  );
  expect(bloscache(location, ["ls", "no\nthing"]).stderr.split("\n")[0]).toBe(
    "bloscache: error: no results of 'no\\u000athing'; there are of:",
  );
});
