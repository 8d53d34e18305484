import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import type { CacheReport, Finding } from "bloscache";
import { describe, expect, test } from "vitest";
import { inChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, contentOf, jsonOf, Sample } from "./command.ts";

interface Report extends CacheReport {
  readonly ok: boolean;
}

function verify(location: string): { status: number | null; report: Report } {
  const outcome = bloscache(location, ["verify", "--json"]);
  return { status: outcome.status, report: jsonOf<Report>(outcome)[0] as Report };
}

function sample(): Sample & { files: readonly string[]; key: string } {
  const cache = new Sample();
  cache.ramp(10);
  cache.ramp(200_000);
  cache.pair(300, 40);
  const files = cache.ramp.info(200_000)?.files ?? [];
  return Object.assign(cache, { files, key: cache.ramp.keyOf(200_000) });
}

test("a sound cache is sound", () => {
  const { location, memory } = sample();
  const cbytes = [...memory.entries()]
    .flatMap(({ files }) => files)
    .reduce((n, file) => n + fs.statSync(file).size, 0);
  expect(verify(location)).toEqual({
    status: 0,
    report: {
      ...{ location, ok: true, entries: 3, files: 3, cbytes },
      ...{ unclaimed: 0, hasLostIndex: false, findings: [] },
    },
  });
  expect(bloscache(location, ["verify"]).stdout).toMatch(/^OK: 3 results, 3 files, [\d.]+K\n$/);
});

describe("of a file", () => {
  const damages: [name: string, kind: string, damage: (file: string) => void][] = [
    ["a bit in the last chunk", "damaged", (file) => flip(file, -100)],
    ["a bit in the header", "damaged", (file) => flip(file, 40)],
    ["a bit in the metadata", "damaged", (file) => flip(file, 70)],
    ["the end", "damaged", (file) => fs.truncateSync(file, fs.statSync(file).size - 7)],
    ["all bytes", "damaged", (file) => fs.truncateSync(file, 0)],
    ["everything", "missing", (file) => fs.rmSync(file)],
  ];

  test.each(damages)("%s is missed: %s", (_name, kind, damage) => {
    const { location, files, key } = sample();
    const [file = ""] = files;
    damage(file);
    const before = contentOf(location);
    const { status, report } = verify(location);
    expect(status).toBe(1);
    expect(report).toMatchObject({ ok: false, entries: 3, files: 3 });
    expect(report.findings).toMatchObject([{ kind, key, id: "sample@/lib/ramp.js#ramp", file }]);
    const { stdout } = bloscache(location, ["verify"]);
    expect(stdout).toContain(`${kind.padEnd(10)}  ${key.slice(0, 8)}  ramp.js#ramp  ${file}`);
    expect(stdout).toMatch(/\n1 fault: 3 results/);
    expect(contentOf(location)).toEqual(before);
  });

  test.skipIf(process.getuid?.() === 0)("that may not be read nothing is known", () => {
    const { location, files } = sample();
    fs.chmodSync(files[0] as string, 0);
    expect(verify(location).report.findings).toMatchObject([{ kind: "unreadable" }]);
  });
});

function flip(file: string, at: number): void {
  const bytes = fs.readFileSync(file);
  const index = at < 0 ? bytes.byteLength + at : at;
  bytes[index] = (bytes[index] as number) ^ 4;
  fs.writeFileSync(file, bytes);
}

test("a row that is damaged", async () => {
  const location = join(temporaryFolder(), "cache");
  const key = await inChild<string>(`
    import { Memory } from "bloscache";
    const mark = new Memory(${JSON.stringify(location)}).memoize((text) => text + text, { id: "mark", version: 1 });
    mark("needle"); mark("other");
    console.log(JSON.stringify(mark.keyOf("needle")));`);
  const index = join(location, "index/data.mdb");
  const bytes = fs.readFileSync(index);
  // Of every page that holds a copy of the row.
  for (
    let at = bytes.indexOf("needleneedle");
    at >= 0;
    at = bytes.indexOf("needleneedle", at + 1)
  ) {
    bytes[at] = 0x4e;
  }
  fs.writeFileSync(index, bytes);
  const { status, report } = verify(location);
  expect(status).toBe(1);
  expect(report.findings).toEqual([
    { kind: "damaged", text: "The row is damaged.", key, isFixed: false },
  ]);
  const { status: fixed, stdout } = bloscache(location, ["verify", "--fix"]);
  expect(fixed).toBe(0);
  expect(stdout).toMatch(/^damaged .* The row is damaged\. {2}Removed\.\n1 fault: 1 result, /);
  expect(verify(location)).toMatchObject({ status: 0, report: { entries: 1, findings: [] } });
});

test("--fix removes what is harmed, and nothing else", () => {
  const { location, files, key, ramp, memory } = sample();
  fs.truncateSync(files[0] as string, 100);
  const outcome = bloscache(location, ["verify", "--fix", "--json"]);
  expect(outcome.status).toBe(0);
  expect(jsonOf<Report>(outcome)).toMatchObject([
    { ok: true, entries: 3, findings: [{ kind: "damaged", key, isFixed: true }] },
  ]);
  expect(verify(location)).toMatchObject({ status: 0, report: { entries: 2, findings: [] } });
  expect(ramp.has(200_000)).toBe(false);
  expect(memory.size().items).toBe(2);
});

test("litter is told of when it is old, and is no damage", () => {
  const { location, files } = sample();
  const lost = [
    (files[0] as string).replace("-0.blp", "-7.blp"),
    join(location, "objects/gone-fn-00000000/ab/abcd-00-0.blp"),
    join(location, "tmp/0123.tmp"),
  ];
  for (const file of lost) {
    fs.mkdirSync(join(file, ".."), { recursive: true });
    fs.writeFileSync(file, "x");
  }
  expect(verify(location).report.findings).toEqual([]);
  for (const file of lost) fs.utimesSync(file, 1, 1);
  const { status, report } = verify(location);
  expect(status).toBe(0);
  expect(report.ok).toBe(true);
  const found = report.findings.map(({ kind, file }: Finding) => [kind, file]);
  expect(found.toSorted()).toEqual(lost.map((file) => ["litter", file]).toSorted());
  expect(bloscache(location, ["verify"]).stdout).toMatch(/\nOK: .*; 3 files of no result\n$/);
});

test("what another process stores, replaces and removes meanwhile is no damage", async () => {
  const location = join(temporaryFolder(), "cache");
  const source = `
    import { Memory } from "bloscache";
    const fill = new Memory(${JSON.stringify(location)}).memoize(
      (n) => Float64Array.from({ length: 20000 + n }, Math.random), { id: "fill", version: 1 });
    for (let n = 0; n < 60; n++) fill(n);
    console.log("ready");
    for (let n = 0; ; n = (n + 7) % 60) { if (n % 5 === 0) fill.invalidate(n); fill.refresh(n); }`;
  const cwd = join(import.meta.dirname, "../../..");
  const writer = spawn(process.execPath, ["--input-type=module", "-e", source], { cwd });
  try {
    await once(writer.stdout, "data");
    for (let round = 0; round < 5; round++) {
      const { status, report } = verify(location);
      expect({ status, findings: report.findings }).toEqual({ status: 0, findings: [] });
      expect(report.entries).toBeGreaterThan(40);
      expect(jsonOf(bloscache(location, ["ls", "--json"])).length).toBeGreaterThan(40);
      expect(bloscache(location, ["du"]).status).toBe(0);
    }
    expect(writer.exitCode).toBeNull();
  } finally {
    writer.kill();
  }
});
