/** A tier that does not answer costs some time, and nothing that was to be sent is lost. */
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { Memory } from "../../src/index.ts";
import type { Bucket } from "../../src/tier/bucket.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { bucketTier, folderTier } from "../../src/tier.ts";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

/** A bucket of which every call is counted, and ends as `answer` says. */
function bucketThat(answer: () => Promise<never>): { bucket: Bucket; asked: () => number } {
  let asked = 0;
  const ask = () => {
    asked++;
    return answer();
  };
  const bucket = {
    ...{ url: "nowhere:", get: ask, head: ask, put: ask, upload: ask, delete: ask },
    // biome-ignore lint/correctness/useYield: it fails before
    async *list() {
      await ask();
    },
  };
  return { bucket, asked: () => asked };
}

function refusing() {
  return bucketThat(() => Promise.reject(new StoreError("reach", "nowhere:", new Error("no"))));
}

function errandsIn(location: string): string[] {
  const found = readdirSync(join(location, "shared"), { recursive: true, encoding: "utf8" });
  return found.filter((path) => path.endsWith(".json"));
}

async function objectsIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of new FolderBucket(folder).list("results/")) names.push(name);
  return names;
}

describe("a tier that fails", () => {
  const warnings = collectWarnings();

  test("is left alone after some failures, and told of once", async () => {
    const { bucket, asked } = refusing();
    const memory = new Memory({ location: temporaryFolder(), shared: bucketTier(bucket, {}) });
    const f = memory.memoize(async (n: number) => n * 2, { id: "double" });
    for (let n = 0; n < 50; n++) expect(await f(n)).toBe(2 * n);
    expect(asked()).toBeLessThanOrEqual(5);
    await nextTurn();
    expect(warnings.map(({ code }) => code).sort()).toEqual([
      "SHARED_UNREACHABLE",
      "SHARED_UNSENT",
    ]);
    await memory[Symbol.asyncDispose]();
  });

  test("and never answers is waited for no longer than answerMs", async () => {
    const { bucket } = bucketThat(() => new Promise(() => undefined));
    const shared = bucketTier(bucket, { answerMs: 50 });
    const memory = new Memory({ location: temporaryFolder(), shared });
    const f = memory.memoize(async (n: number) => n * 3, { id: "triple" });
    expect(await Promise.all([1, 2, 3].map((n) => f(n)))).toEqual([3, 6, 9]);
    await memory[Symbol.asyncDispose]();
  });

  test("throws what is no store's error at no caller either", async () => {
    const { bucket } = bucketThat(() => Promise.reject(new Error("a fault of its own")));
    const memory = new Memory({ location: temporaryFolder(), shared: bucketTier(bucket, {}) });
    const f = memory.memoize(async (n: number) => n + 1, { id: "next" });
    expect(await f(1)).toBe(2);
    await memory[Symbol.asyncDispose]();
    expect(warnings.map(({ code }) => code)).toContain("SHARED_FAILED");
  });

  test("takes what waits for it from the next process, once", async () => {
    const [location, folder] = [temporaryFolder(), join(temporaryFolder(), "tier")];
    const source = (isThere: boolean) => `
      import { renameSync } from "node:fs";
      import { Memory } from "bloscache";
      import { folderTier } from "bloscache/tier";
      const shared = folderTier({ folder: ${JSON.stringify(folder)} });
      if (!${isThere}) renameSync(${JSON.stringify(folder)}, ${JSON.stringify(`${folder}.away`)});
      const memory = new Memory({ location: ${JSON.stringify(location)}, shared });
      let runs = 0;
      const f = memory.memoize(async (n) => (runs++, new Float64Array(n)), { id: "zeros" });
      for (const n of [1, 2, 30_000]) await f(n);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await memory[Symbol.asyncDispose]();
      console.log(runs);
      if (!${isThere}) process.stdout.write("", () => process.kill(process.pid, "SIGKILL"));`;
    await expect(inChild(source(false), {}, 30_000)).rejects.toMatchObject({ stdout: "3\n" });
    expect(errandsIn(location)).toHaveLength(3);
    renameSync(`${folder}.away`, folder);
    expect(await inChild(source(true))).toBe(0);
    expect(errandsIn(location)).toEqual([]);
    expect(await objectsIn(folder)).toHaveLength(3);
  });

  test("has no more than 1,000 results wait for it", async () => {
    const { bucket } = refusing();
    const location = temporaryFolder();
    const memory = new Memory({ location, shared: bucketTier(bucket, {}) });
    const f = memory.memoize((n: number) => n, { id: "same" });
    for (let n = 0; n < 1010; n++) f(n);
    await memory[Symbol.asyncDispose]();
    await nextTurn();
    expect(errandsIn(location).length).toBeLessThanOrEqual(1004);
    expect(warnings.map(({ code }) => code)).toContain("SHARED_QUEUE_FULL");
    expect(f(1009)).toBe(1009);
  });
});

test("a result that is invalidated while the tier cannot be reached does not come back", async () => {
  const [location, folder] = [temporaryFolder(), join(temporaryFolder(), "tier")];
  const open = () => new Memory({ location, shared: folderTier({ folder }) });
  const memory = open();
  let runs = 0;
  const f = memory.memoize(async (n: number) => n + runs++ * 0, { id: "identity" });
  await f(7);
  await memory[Symbol.asyncDispose]();
  expect(await objectsIn(folder)).toHaveLength(1);
  renameSync(folder, `${folder}.away`);
  f.invalidate(7);
  await memory[Symbol.asyncDispose]();
  renameSync(`${folder}.away`, folder);
  expect(await f(7)).toBe(7);
  expect(runs).toBe(2);
  await memory[Symbol.asyncDispose]();
});
