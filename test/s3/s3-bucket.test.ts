/** Buckets of real stores; `servers.ts` says where they come from. */
import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import {
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { clientOf } from "../../src/s3/client.ts";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { describeBucket } from "../tier/bucket-contract.ts";
import { clientOptions, isInstalled, newBucket, startServer } from "./servers.ts";

for (const server of ["ceph", "swift"] as const) {
  if (!isInstalled(server)) {
    test.skip(`${server} is not installed`, () => undefined);
    continue;
  }

  describeBucket({
    name: `a bucket of ${server}`,
    hasConditions: server === "ceph",
    make: async () => {
      const started = await startServer(server);
      const client = clientOf(clientOptions(started));
      const name = await newBucket(started);
      const missing = new S3Bucket(client, `missing-${randomUUID()}`, "some/");
      return { open: () => new S3Bucket(client, name, "some/prefix/"), missing };
    },
  });

  describe(`a bucket of ${server}`, () => {
    const wrong = { accessKeyId: "AKIDPUBLIC", secretAccessKey: `secret-${randomUUID()}` };
    const known = { ceph: "testaccess", swift: "test:tester" }[server];

    test.each([
      ["an unknown user", wrong],
      ["a wrong secret", { ...wrong, accessKeyId: known }],
    ])("tells of %s without what a request is signed with", async (_, credentials) => {
      const started = await startServer(server);
      const client = clientOf(clientOptions(started, { credentials }));
      const bucket = new S3Bucket(client, await newBucket(started), "p/");
      const calls: readonly (() => Promise<unknown>)[] = [
        () => bucket.get("x"),
        () => bucket.head("x"),
        () => bucket.put("x", new Uint8Array(3)),
        () => bucket.delete(["x"]),
        () => bucket.delete(["x", "y"]),
        () => bucket.list("").next(),
        () => bucket.abortUploads(0),
      ];
      for (const call of calls) {
        const error: unknown = await call().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(StoreError);
        const all = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
        expect(all).toContain(bucket.url);
        expect(all).toContain("HTTP 403");
        expect(all).not.toContain(credentials.secretAccessKey);
        expect(all).not.toMatch(/AWS4|[0-9a-f]{64}|headers|x-amz-/i);
      }
    });

    test("tells where nobody answers", async () => {
      const options = { credentials: wrong, endpoint: "http://127.0.0.1:1", region: "us-east-1" };
      const bucket = new S3Bucket(clientOf({ ...options, maxAttempts: 1 }), "b", "p/");
      await expect(bucket.get("x")).rejects.toThrow(/Cannot read "s3:\/\/b\/p\/x": .*ECONNREFUSED/);
      const put = await bucket.put("x", new Uint8Array(1), { condition: "absent" });
      expect(put).toMatchObject({ outcome: "unknown", cause: expect.any(StoreError) });
    });

    // Of Ceph more than a page; of Swift, which takes half a minute for that, some.
    const uploads = { ceph: 1020, swift: 40 }[server];

    test("removes uploads in parts that were never ended", async () => {
      const started = await startServer(server);
      const name = await newBucket(started);
      const client = new S3Client(clientOptions(started));
      const begin = (Key: string) =>
        client.send(new CreateMultipartUploadCommand({ Bucket: name, Key }));
      for (let from = 0; from < uploads; from += 20) {
        await Promise.all(Array.from({ length: 20 }, (_, i) => begin(`p/${from + i}`)));
      }
      await begin("another/1");
      const bucket = new S3Bucket(clientOf(client), name, "p/");
      expect(await bucket.abortUploads(3_600_000)).toBe(0);
      expect(await bucket.abortUploads(0, { dryRun: true })).toBe(uploads);
      expect(await bucket.abortUploads(0)).toBe(uploads);
      const left = await client.send(new ListMultipartUploadsCommand({ Bucket: name }));
      expect(left.Uploads?.map(({ Key }) => Key)).toEqual(["another/1"]);
      client.destroy();
    });
  });
}
