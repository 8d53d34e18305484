/** Which folder is looked into, and that looking leaves it as it is. */

import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { describe, expect, test } from "vitest";
import { inChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, command, contentOf, failure, jsonOf, Sample } from "./command.ts";

const READS = [
  ...[["ls"], ["ls", "--json"], ["du"], ["stats"], ["show", "ab"], ["why", "ab"]],
  ...[
    ["tail", "ab"],
    ["tail", "ab", "-f"],
    ["gc", "--limit-items", "5"],
  ],
  ...[["verify"], ["export", "ab", "-", "--format", "npy"], ["clear", "--yes"]],
];

describe.each(READS)("%s %s", (...words) => {
  const args = words.filter((word) => word !== undefined);

  test("makes no cache where there is none", () => {
    const folder = join(temporaryFolder(), "none");
    expect(bloscache(folder, args)).toMatchObject(
      failure(1, `Cannot open cache "${folder}": it holds no cache`),
    );
    expect(fs.existsSync(folder)).toBe(false);
  });

  test("leaves a folder of other things as it is", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "thesis.tex"), "text");
    expect(bloscache(folder, args).status).toBe(1);
    expect(fs.readdirSync(folder)).toEqual(["thesis.tex"]);
  });

  test("leaves a cache of a later release as it is", () => {
    const folder = temporaryFolder();
    fs.writeFileSync(join(folder, "format.json"), '{"version":99}');
    const { status, stderr } = bloscache(folder, args);
    expect(status).toBe(1);
    expect(stderr).toContain("its layout has version 99, this release knows 1");
    expect(fs.readdirSync(folder)).toEqual(["format.json"]);
  });

  test("leaves a damaged index where it is", async () => {
    const folder = join(temporaryFolder(), "cache");
    await inChild(`
      import { Memory } from "bloscache";
      new Memory(${JSON.stringify(folder)}).memoize((n) => n, { id: "f", version: 1 })(1);
      console.log(0);`);
    fs.writeFileSync(join(folder, "index/data.mdb"), "x".repeat(50_000));
    const { status, stderr } = bloscache(folder, args);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^bloscache: error: Cannot open index ".*": it is damaged: .*\n$/);
    expect(fs.readFileSync(join(folder, "index/data.mdb"), "utf8")).toBe("x".repeat(50_000));
    expect(fs.existsSync(join(folder, "index.damaged"))).toBe(false);
    fs.rmSync(join(folder, "index"), { recursive: true });
    expect(bloscache(folder, args).stderr).toMatch(/Cannot open index ".*": there is none\n$/);
    expect(fs.existsSync(join(folder, "index"))).toBe(false);
  });
});

test("what only reads changes nothing, not even old temporary files", () => {
  const { location, ramp } = new Sample();
  ramp(5);
  ramp(50_000);
  const old = join(location, "tmp/of-a-killed-process.tmp");
  fs.writeFileSync(old, "1");
  fs.utimesSync(old, 1, 1);
  const before = contentOf(location);
  const key = ramp.keyOf(5);
  const reads = [["ls"], ["du"], ["stats"], ["show", key], ["why", key], ["verify"]];
  for (const args of [...reads, ["export", key, "-", "--format", "npy"]]) {
    expect(bloscache(location, args).stderr).toBe("");
  }
  expect(contentOf(location)).toEqual(before);
});

test("without --dir it is the library's own default", () => {
  const project = temporaryFolder();
  fs.writeFileSync(join(project, "package.json"), '{"name":"project"}');
  fs.mkdirSync(join(project, "lib"));
  const make = (folder: string) => {
    const memory = new Memory(folder);
    memory.memoize((n: number) => n, { id: folder, version: 1 })(1);
  };
  make(join(project, "node_modules/.cache/bloscache"));
  make(join(project, "elsewhere"));
  const run = (env: NodeJS.ProcessEnv, ...args: string[]) => {
    const cwd = join(project, "lib");
    const options = { cwd, env: { ...process.env, BLOSCACHE_DIR: "", ...env }, encoding: "utf8" };
    const { stdout } = spawnSync(process.execPath, [command, ...args, "stats", "--json"], {
      ...options,
      encoding: "utf8",
    });
    return (JSON.parse(stdout) as { location: string }).location;
  };
  expect(run({})).toBe(fs.realpathSync(join(project, "node_modules/.cache/bloscache")));
  expect(run({ BLOSCACHE_DIR: join(project, "elsewhere") })).toBe(join(project, "elsewhere"));
  expect(run({}, "--dir", "../elsewhere")).toBe(join(project, "elsewhere"));
});

test("options stand before the subcommand or behind it, and what makes no sense ends with 2", () => {
  const { location, ramp } = new Sample();
  ramp(5);
  const before = spawnSync(process.execPath, [command, "--json", "--dir", location, "ls"]);
  const behind = spawnSync(process.execPath, [command, "ls", "--json", "--dir", location]);
  expect(
    jsonOf({ stdout: String(before.stdout), stderr: "", status: 0, bytes: before.stdout }),
  ).toHaveLength(1);
  expect(String(behind.stdout)).toBe(String(before.stdout));
  for (const args of [["nothing"], ["ls", "--sort", "colour"], ["show"], ["ls", "--dir="]]) {
    expect(bloscache(location, args)).toMatchObject({ status: 2, stdout: "" });
  }
});
