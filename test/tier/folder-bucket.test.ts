import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readBody } from "../../src/tier/bucket.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { inChild } from "../support/child.ts";
import { buildModules } from "../support/modules.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { describeBucket } from "./bucket-contract.ts";

describeBucket({
  name: "a bucket that is a folder",
  hasConditions: true,
  make: async () => {
    const folder = temporaryFolder();
    const missing = new FolderBucket(join(folder, randomUUID()));
    return { open: () => new FolderBucket(folder), missing };
  },
});

describe("a bucket that is a folder", () => {
  test("leaves no empty folders, and no drafts", async () => {
    const folder = temporaryFolder();
    const bucket = new FolderBucket(folder);
    await bucket.put("a/b/c", new Uint8Array(3), { condition: "absent" });
    await bucket.put("a/b/c", new Uint8Array(3), { condition: "absent" });
    await bucket.put("a/d", new Uint8Array(3));
    await bucket.delete(["a/b/c"]);
    expect(existsSync(join(folder, "a"))).toBe(true);
    expect(existsSync(join(folder, "a", "b"))).toBe(false);
    await bucket.delete(["a/d"]);
    expect(existsSync(join(folder, "a"))).toBe(false);
    expect(readdirSync(join(folder, "~tmp"))).toEqual([]);
  });

  test("lets one process at a time replace an object", async () => {
    const folder = temporaryFolder();
    const bucket = new FolderBucket(folder);
    await bucket.put("count", new Uint8Array(8));
    const modules = buildModules("folder-bucket");
    const count = `
      import { FolderBucket } from "${modules}/tier/folder-bucket.js";
      import { readBody } from "${modules}/tier/bucket.js";
      const bucket = new FolderBucket(${JSON.stringify(folder)});
      for (let n = 0; n < 300; ) {
        const object = await bucket.get("count");
        const { etag } = object;
        const bytes = Buffer.from(await readBody(object));
        bytes.writeUInt32LE(bytes.readUInt32LE() + 1);
        const put = await bucket.put("count", bytes, { condition: { etag } });
        if (put.outcome === "written") n++;
      }
      console.log(true);`;
    await Promise.all(Array.from({ length: 4 }, () => inChild(count)));
    const object = await bucket.get("count");
    const bytes = Buffer.from(object ? await readBody(object) : []);
    expect(bytes.readUInt32LE()).toBe(1_200);
  });

  test("removes drafts of those who were killed", async () => {
    const folder = temporaryFolder();
    const bucket = new FolderBucket(folder);
    await bucket.put("a", new Uint8Array(3));
    const draft = join(folder, "~tmp", randomUUID());
    writeFileSync(draft, "half");
    utimesSync(draft, new Date(), new Date(Date.now() - 3_600_000));
    expect(await bucket.abortUploads(1_800_000, { dryRun: true })).toBe(1);
    expect(await bucket.abortUploads(1_800_000)).toBe(1);
    expect(existsSync(draft)).toBe(false);
    expect(await bucket.head("a")).toMatchObject({ size: 3 });
  });

  test.each([0, 100, 5000])(
    "lets a file of %d bytes be replaced that is none of its own",
    async (n) => {
      const folder = temporaryFolder();
      const bucket = new FolderBucket(folder);
      writeFileSync(join(folder, "a~"), "x".repeat(n));
      const found = await bucket.get("a");
      expect(found).toMatchObject({ metadata: {}, size: Math.max(0, n - 4096) });
      await found?.body[Symbol.asyncIterator]().return?.();
      const condition = { etag: found?.etag ?? "" };
      const put = await bucket.put("a", new Uint8Array(3), { condition });
      expect(put.outcome).toBe("written");
      expect(await bucket.put("a", new Uint8Array(3), { condition })).toEqual({
        outcome: "refused",
      });
    },
  );

  test("refuses more metadata than it has room for", async () => {
    const bucket = new FolderBucket(temporaryFolder());
    const metadata = { x: "y".repeat(5000) };
    await expect(bucket.put("b", new Uint8Array(), { metadata })).rejects.toThrow(RangeError);
  });
});
