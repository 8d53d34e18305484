import { mkdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../src/errors.ts";
import type { PutOptions, PutOutcome } from "../../src/tier/bucket.ts";
import { capabilitiesOf } from "../../src/tier/capabilities.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** What many stores of S3 were before they had conditions: they do not look at them. */
class HeedlessBucket extends FolderBucket {
  override put(name: string, bytes: Uint8Array, options: PutOptions = {}): Promise<PutOutcome> {
    const { condition: _, ...rest } = options;
    return super.put(name, bytes, rest);
  }
}

/** What Ceph 16 is to a client that sends its ETags in quotes. */
class StubbornBucket extends FolderBucket {
  override async put(name: string, bytes: Uint8Array, options?: PutOptions): Promise<PutOutcome> {
    if (typeof options?.condition === "object") return { outcome: "refused" };
    return super.put(name, bytes, options);
  }
}

async function namesIn(bucket: FolderBucket): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bucket.list("")) names.push(name);
  return names;
}

describe("what a bucket heeds", () => {
  test("is found out by trying, and nothing remains of that but the answer", async () => {
    const bucket = new FolderBucket(temporaryFolder());
    const found = await capabilitiesOf(bucket);
    expect(found).toEqual({ create: "atomic", replace: "atomic" });
    expect(await namesIn(bucket)).toEqual(["capabilities.json"]);
    expect(await capabilitiesOf(bucket)).toBe(found);
  });

  test("is nothing where conditions are not looked at, or refuse whatever comes", async () => {
    const heedless = await capabilitiesOf(new HeedlessBucket(temporaryFolder()));
    expect(heedless).toEqual({ create: "ignored", replace: "ignored" });
    const stubborn = await capabilitiesOf(new StubbornBucket(temporaryFolder()));
    expect(stubborn).toEqual({ create: "atomic", replace: "unsupported" });
  });

  test("is known to others without trying, for a week", async () => {
    const folder = temporaryFolder();
    await capabilitiesOf(new HeedlessBucket(folder));
    const later = await capabilitiesOf(new FolderBucket(folder));
    expect(later).toEqual({ create: "ignored", replace: "ignored" });
    const file = join(folder, "capabilities.json~");
    utimesSync(file, new Date(), new Date(statSync(file).mtimeMs - 8 * 24 * 3_600_000));
    const muchLater = await capabilitiesOf(new FolderBucket(folder));
    expect(muchLater).toEqual({ create: "atomic", replace: "atomic" });
  });

  test.each([
    "",
    "{",
    "null",
    '{"create": "atomic"}',
    '{"create": "x", "replace": "atomic"}',
    `{"create": "ignored", "replace": "ignored", "more": "${"x".repeat(5_000)}"}`,
  ])("is not believed of %j", async (text) => {
    const bucket = new FolderBucket(temporaryFolder());
    await bucket.put("capabilities.json", new TextEncoder().encode(text));
    expect(await capabilitiesOf(bucket)).toEqual({ create: "atomic", replace: "atomic" });
  });

  test("is asked again when the bucket was not there", async () => {
    const folder = join(temporaryFolder(), "later");
    const bucket = new FolderBucket(folder);
    await expect(capabilitiesOf(bucket)).rejects.toThrow(StoreError);
    mkdirSync(folder);
    expect(await capabilitiesOf(bucket)).toEqual({ create: "atomic", replace: "atomic" });
  });
});
