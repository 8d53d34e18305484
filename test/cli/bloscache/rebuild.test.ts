import fs from "node:fs";
import { join } from "node:path";
import type { Rebuilt } from "bloscache";
import { expect, test } from "vitest";
import { inChild } from "../../support/child.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { bloscache, failure, jsonOf } from "./command.ts";

/** A cache of two results with files and a small one, with an index that is damaged. */
async function damaged(): Promise<{ location: string; file: string }> {
  const location = join(temporaryFolder(), "cache");
  const [file = ""] = await inChild<string[]>(`
    import { Memory } from "bloscache";
    const memory = new Memory(${JSON.stringify(location)});
    const zeros = memory.memoize((n) => new Float64Array(n), { id: "zeros", version: 1 });
    for (const n of [3, 5000, 6000]) zeros(n);
    console.log(JSON.stringify(zeros.info(5000).files));`);
  fs.truncateSync(join(location, "index", "data.mdb"), 100);
  return { location, file };
}

test("finds the results of a damaged index that have files", async () => {
  const { location, file } = await damaged();
  const look = bloscache(location, ["ls"]);
  expect(look).toMatchObject({ status: 1, stdout: "" });
  expect(look.stderr).toMatch(/^bloscache: error: .*damaged/);

  const { status, stdout, stderr } = bloscache(location, ["rebuild"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/^found 2 results, 2 files, [\d.]+K\n$/);
  expect(stderr).toMatch(/^bloscache: warning: The index .* is damaged/);
  expect(jsonOf(bloscache(location, ["ls", "--json"]))).toHaveLength(2);
  expect(bloscache(location, ["verify"]).stdout).toMatch(/^OK: 2 results, 2 files/);

  const stray = join(file, "..", "stray.blp");
  fs.writeFileSync(stray, "x");
  expect(jsonOf<Rebuilt>(bloscache(location, ["rebuild", "--json"]))).toEqual([
    {
      location,
      ...{ results: 0, files: 0, cbytes: 0 },
      unused: [{ file: stray, text: expect.stringContaining("name") }],
    },
  ]);
  expect(bloscache(location, ["rebuild"]).stdout).toContain(`not used  ${stray}  `);
});

test("verify says that it would help", async () => {
  const { location } = await damaged();
  const { status, stdout } = bloscache(location, ["verify", "--fix"]);
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /\n2 files that no result speaks of: of a lost index, see bloscache rebuild\n$/,
  );
  expect(bloscache(location, ["rebuild"]).stdout).toMatch(/^found 2 results/);
});

test("makes no cache where there is none", () => {
  const location = temporaryFolder();
  expect(bloscache(location, ["rebuild"])).toMatchObject(
    failure(1, `Cannot open cache "${location}": it holds no cache`),
  );
  expect(bloscache(location, ["verify", "--fix"]).status).toBe(1);
  expect(fs.readdirSync(location)).toEqual([]);
});
