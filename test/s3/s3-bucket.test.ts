import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { clientOptions, isInstalled, newBucket, startServer } from "./servers.ts";

describe.skipIf(!isInstalled("ceph"))("try", () => {
  test("starts", async () => {
    const ceph = await startServer("ceph");
    expect(await newBucket(ceph)).toMatch(/test/);
    new S3Client(clientOptions(ceph));
  });
});
describe.skipIf(!isInstalled("swift"))("try", () => {
  test("starts", async () => {
    expect(await newBucket(await startServer("swift"))).toMatch(/test/);
  });
});
