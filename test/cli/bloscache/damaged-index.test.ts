// A cache whose index is damaged or lost does not look like an empty one.
import fs from "node:fs";
import { join } from "node:path";
import type { CacheReport, CacheUsage } from "bloscache";
import { expect, test } from "vitest";
import { inChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, jsonOf } from "./command.ts";

/** A cache that another process has filled: three results with a file each, and a small one. */
async function filled(): Promise<string> {
  const location = join(temporaryFolder(), "cache");
  await inChild(`
    import { Memory } from "bloscache";
    const ramp = new Memory(${JSON.stringify(location)}).memoize(
      (text, length) => new Float64Array(length).fill(text.length), { id: "sample#ramp", version: 1 });
    for (const n of [20000, 30000, 40000]) ramp("needleneedle", n);
    ramp("sound", 3);
    console.log("[]");`);
  return location;
}

/** Damages every row of a call with "needleneedle", in every page that holds a copy. */
function damageRows(location: string): void {
  const index = join(location, "index/data.mdb");
  const bytes = fs.readFileSync(index);
  for (let at = bytes.indexOf("needle"); at >= 0; at = bytes.indexOf("needle", at + 1)) {
    bytes[at] = 0x4e;
  }
  fs.writeFileSync(index, bytes);
}

function objectsOf(location: string): string[] {
  const names = fs.readdirSync(join(location, "objects"), { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".blp"));
}

const WARNING = "bloscache: warning: 3 rows of the index are damaged: bloscache verify\n";

test("rows that are damaged are told of, whatever is listed", async () => {
  const location = await filled();
  damageRows(location);
  for (const command of ["ls", "du", "stats"]) {
    for (const format of [[], ["--json"]]) {
      const { status, stdout, stderr } = bloscache(location, [command, ...format]);
      expect({ status, stderr }).toEqual({ status: 1, stderr: WARNING });
      expect(stdout).toContain("sample#ramp");
    }
  }
  const verified = bloscache(location, ["verify"]);
  expect(verified.status).toBe(1);
  expect(verified.stdout).toContain(
    "\n3 faults: 1 result, 0 files, 0B\n3 files younger than an hour",
  );
});

test("clear removes damaged rows and their files with everything, and says so", async () => {
  const location = await filled();
  damageRows(location);
  expect(jsonOf(bloscache(location, ["clear", "ramp", "--yes", "--json"]))).toMatchObject([
    { removed: 1, rest: 0 },
  ]);
  expect(objectsOf(location)).toHaveLength(3);
});

test("rebuild finds what damaged rows spoke of", async () => {
  const location = await filled();
  damageRows(location);
  expect(bloscache(location, ["rebuild"]).stdout).toMatch(/^found 3 results, 3 files, [\d.]+K\n$/);
  expect(bloscache(location, ["verify"]).stdout).toMatch(/^OK: 4 results, 3 files/);
});

test("a clear of everything leaves nothing", async () => {
  const location = await filled();
  damageRows(location);
  const { status, stdout } = bloscache(location, ["clear", "--yes"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^removed 1 result and 6 damaged rows or files of no result, [\d.]+K of files\n$/,
  );
  expect(objectsOf(location)).toEqual([]);
  const [usage] = jsonOf<CacheUsage>(bloscache(location, ["du", "--json"]));
  expect(usage).toMatchObject({ versions: [], litter: { files: 0, cbytes: 0 } });
  expect(bloscache(location, ["ls"])).toMatchObject({ status: 0, stderr: "" });
});

test("files of an index that is lost are told of, and go with everything", async () => {
  const location = await filled();
  fs.truncateSync(join(location, "index/data.mdb"), 0);
  const { status, stdout } = bloscache(location, ["verify"]);
  expect(status).toBe(0);
  expect(stdout).toBe(
    "OK: 0 results, 0 files, 0B\n" +
      "3 files younger than an hour that no result speaks of: being stored now, or of a lost index\n",
  );
  expect(jsonOf<CacheReport>(bloscache(location, ["verify", "--json"]))).toMatchObject([
    { entries: 0, unclaimed: 3, findings: [] },
  ]);
  expect(bloscache(location, ["clear", "--yes"]).stdout).toMatch(/^removed 0 results and 3 /);
  expect(objectsOf(location)).toEqual([]);
});
