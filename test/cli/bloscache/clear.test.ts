import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bloscache, command, failure, jsonOf, Sample } from "./command.ts";

function sample(): Sample {
  const cache = new Sample();
  cache.ramp(10);
  cache.ramp(200_000);
  cache.pair(300, 40);
  return cache;
}

const count = ({ memory }: Sample) => [...memory.entries()].length;

test("without a terminal it takes --yes", () => {
  const cache = sample();
  expect(bloscache(cache.location, ["clear"])).toMatchObject(
    failure(2, "there is no terminal to ask on: clear needs --yes"),
  );
  expect(count(cache)).toBe(3);
});

test("everything goes, files as well", () => {
  const cache = sample();
  const { stdout, status } = bloscache(cache.location, ["clear", "--yes"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^removed 3 results, [\d.]+K of files\n$/);
  expect(count(cache)).toBe(0);
  const objects = fs.readdirSync(join(cache.location, "objects"), { recursive: true });
  expect(objects.filter((name) => String(name).endsWith(".blp"))).toEqual([]);
  expect(bloscache(cache.location, ["clear", "--yes"]).stdout).toMatch(/^removed 0 results/);
});

test("a function's results go, in all versions", () => {
  const cache = sample();
  const cbytes = cache.ramp.info(200_000)?.cbytes;
  expect(jsonOf(bloscache(cache.location, ["clear", "ramp", "-y", "--json"]))).toEqual([
    { removed: 2, rest: 0, cbytes },
  ]);
  expect([...cache.memory.entries()].map(({ id }) => id)).toEqual(["sample@/lib/pair.js#pair"]);
  expect(bloscache(cache.location, ["clear", "ramp", "-y"]).status).toBe(1);
});

test("results with a tag are listed, and go", () => {
  const cache = new Sample();
  const tagged = cache.memory.memoize((x: number) => x, {
    id: "tagged",
    version: "1",
    tags: (x) => [x > 1 ? "many" : "few"],
  });
  for (const x of [1, 2, 3]) tagged(x);
  cache.ramp(10);
  const listed = bloscache(cache.location, ["ls", "--tag", "many", "--json"]);
  expect(jsonOf<{ tags: string[] }>(listed).map(({ tags }) => tags)).toEqual([["many"], ["many"]]);
  expect(bloscache(cache.location, ["clear", "ramp", "-t", "many", "-y"]).stdout).toMatch(
    /^removed 0/,
  );
  expect(bloscache(cache.location, ["clear", "-t", "many", "-y"]).stdout).toMatch(/^removed 2 /);
  expect([tagged.has(1), tagged.has(2), cache.ramp.has(10)]).toEqual([true, false, true]);
  expect(bloscache(cache.location, ["clear", "-t", "few", "--key", "00", "-y"]).status).toBe(2);
});

test("one result goes", () => {
  const cache = sample();
  const key = cache.ramp.keyOf(200_000);
  const { stdout } = bloscache(cache.location, ["clear", "--key", key.slice(0, 12), "-y"]);
  expect(stdout).toMatch(/^removed 1 result, /);
  expect(cache.ramp.has(200_000)).toBe(false);
  expect(count(cache)).toBe(2);
  expect(bloscache(cache.location, ["clear", "--key", key, "-y"])).toMatchObject(
    failure(1, `no result has a key that begins with '${key}'`),
  );
  expect(bloscache(cache.location, ["clear", "ramp", "--key", key, "-y"]).status).toBe(2);
});

const hasTerminal =
  process.platform === "linux" && spawnSync("script", ["-qec", "true", "/dev/null"]).status === 0;

test.skipIf(!hasTerminal).each([
  ["y", 0, "removed 3 results"],
  ["yes", 0, "removed 3 results"],
  ["n", 3, "nothing was removed"],
  ["", 3, "nothing was removed"],
])("on a terminal it asks, and the answer is '%s'", (answer, left, told) => {
  const cache = sample();
  const script = `'${process.execPath}' '${command}' -C '${cache.location}' clear`;
  const { stdout, status } = spawnSync("script", ["-qec", script, "/dev/null"], {
    input: `${answer}\n`,
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(stdout).toMatch(/Remove 3 results, [\d.]+K of files\? \[y\/N\] /);
  expect(stdout).toContain(told);
  expect(status).toBe(left === 0 ? 0 : 1);
  expect(count(cache)).toBe(left);
});

test.skipIf(!hasTerminal)("Ctrl-C is no answer: the command ends of it", async () => {
  const cache = sample();
  const script = `'${process.execPath}' '${command}' -C '${cache.location}' clear`;
  const terminal = spawn("script", ["-qec", script, "/dev/null"]);
  const ended = once(terminal, "exit");
  let seen = "";
  let isAsked = false;
  for await (const bytes of terminal.stdout) {
    seen += String(bytes);
    if (!isAsked && seen.includes("[y/N]")) terminal.stdin.write("\u0003");
    isAsked = seen.includes("[y/N]");
  }
  expect(await ended).toEqual([130, null]);
  expect(seen).not.toContain("removed");
  expect(count(cache)).toBe(3);
});
