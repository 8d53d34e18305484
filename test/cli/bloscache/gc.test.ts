import fs from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, jsonOf } from "./command.ts";

/** Ten results with a file each; the first one took by far the longest. */
function sample(pin = false) {
  const location = join(temporaryFolder(), "cache");
  const memory = new Memory(location);
  const noise = memory.memoize(
    (x: number) => {
      for (const end = performance.now() + (x === 0 ? 100 : 1); performance.now() < end; );
      return Float64Array.from({ length: 3000 }, (_, i) => Math.sin(i * i + x));
    },
    { id: "sample@/noise.js#noise", version: 1, pin },
  );
  for (let x = 0; x < 10; x++) noise(x);
  const gc = (...args: string[]) => bloscache(location, ["gc", ...args]);
  const left = () => Array.from({ length: 10 }, (_, x) => x).filter((x) => noise.has(x));
  return { location, memory, noise, gc, left };
}

const files = (location: string) =>
  fs
    .readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".blp"));

test("a number of results is left, with their files, and it says so", () => {
  const { gc, left, location, memory } = sample();
  const { bytes } = memory.size();
  const { status, stdout, stderr } = gc("--limit-items", "4");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^removed 6 results, [\d.]+K; 4 results, [\d.]+K left\n$/);
  expect(left()).toHaveLength(4);
  expect(files(location)).toHaveLength(4);
  const [again] = jsonOf<object>(gc("--limit-items", "4", "--json"));
  const remaining = memory.size();
  expect(remaining).toMatchObject({ items: 4 });
  expect(remaining.bytes).toBeLessThan(bytes / 2);
  const removed = { items: 0, bytes: 0 };
  const litter = { files: 0, cbytes: 0 };
  expect(again).toEqual({ location, dryRun: false, removed, remaining, litter });
});

test.each(["200K", "204800"])("%s are left at most", (limit) => {
  const { gc, memory } = sample();
  const [report] = jsonOf(gc("--limit-bytes", limit, "--json"));
  expect(report).toMatchObject({ remaining: memory.size() });
  expect(memory.size().bytes).toBeLessThanOrEqual(204_800);
  expect(memory.size().bytes).toBeGreaterThan(150_000);
});

test("what is too old goes", () => {
  const { gc, left } = sample();
  expect(gc("--max-age", "7d").stdout).toMatch(/^removed 0 results, 0B; 10 results/);
  expect(gc("--max-age", "1h30m").stdout).toMatch(/^removed 0 /);
  expect(gc("--max-age", "1ms").stdout).toMatch(/^removed 10 results, .*; 0 results, 0B left\n$/);
  expect(left()).toEqual([]);
});

test("the order says what stays", () => {
  const byCost = sample();
  byCost.gc("--limit-items", "1");
  expect(byCost.left()).toEqual([0]);
  const byUse = sample();
  byUse.gc("--limit-items", "1", "--order", "lru");
  expect(byUse.left()).toEqual([9]);
});

test("a dry run removes nothing", () => {
  const { gc, left, memory, location } = sample();
  const before = memory.size();
  expect(gc("--limit-items", "4", "--dry-run").stdout).toMatch(
    /^would remove 6 results, [\d.]+K; 4 results, [\d.]+K left\n$/,
  );
  expect(jsonOf(gc("--limit-items", "4", "--dry-run", "--json"))).toMatchObject([
    { dryRun: true, removed: { items: 6 }, remaining: { items: 4 } },
  ]);
  expect(memory.size()).toEqual(before);
  expect(left()).toHaveLength(10);
  expect(files(location)).toHaveLength(10);
});

test("pinned results stay", () => {
  const { gc, left } = sample(true);
  expect(gc("--limit-items", "0").stdout).toMatch(/^removed 0 results, 0B; 10 results/);
  expect(left()).toHaveLength(10);
});

test("files of no result go too, with limits or without", () => {
  const { gc, location } = sample();
  const stray = join(location, "objects", "stray.blp");
  fs.writeFileSync(stray, "x".repeat(2048));
  expect(gc().stdout).toMatch(/^removed 0 results, 0B; 10 results, [\d.]+K left\n$/);
  fs.utimesSync(stray, 1, 1);
  expect(gc("--dry-run").stdout).toMatch(/^would remove 0 results, 0B, and 1 file of no result, 2/);
  expect(jsonOf(gc("--limit-items", "9", "--json"))).toMatchObject([
    { removed: { items: 1 }, litter: { files: 1, cbytes: 2048 } },
  ]);
  expect(fs.existsSync(stray)).toBe(false);
});

describe("a command line", () => {
  test.each([
    ["--limit-bytes", "2X"],
    ["--limit-bytes", "-1K"],
    ["--limit-items", "1.5"],
    ["--max-age", "7"],
    ["--max-age", "7w"],
    ["--order", "fifo"],
  ])("with %s %s is an error", (option, value) => {
    const { status, stderr } = bloscache("/nonexistent", ["gc", option, value]);
    expect(status).toBe(2);
    expect(stderr).toContain(`${option} `);
  });
});
