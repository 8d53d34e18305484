import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { Memory } from "../../src/index.ts";
import { s3Tier } from "../../src/s3/s3-tier.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tierContract } from "../tier/tier-contract.ts";
import { clientOptions, isInstalled, newBucket, startServer } from "./servers.ts";
import { tierSubjects } from "./tier-subjects.ts";

for (const subject of tierSubjects) tierContract(subject);

describe.skipIf(!isInstalled("ceph"))("requests", () => {
  /** A client of Ceph, and the commands that it sends. */
  async function countedClient() {
    const server = await startServer("ceph");
    const client = new S3Client(clientOptions(server));
    const sent: string[] = [];
    client.middlewareStack.add(
      (next, context) => (args) => {
        const { Key = "" } = args.input as { Key?: string };
        sent.push(`${context.commandName} ${Key.split("/")[0]}`);
        return next(args);
      },
      { step: "initialize" },
    );
    return { server, client, sent };
  }

  test("of a remote hit are one, of a local one none, and of a miss as few as documented", async () => {
    const { server, client, sent } = await countedClient();
    const bucket = await newBucket(server);
    const host = () => {
      const memory = new Memory({
        location: temporaryFolder(),
        shared: s3Tier({ bucket, client }),
      });
      const f = memory.memoize(async (n: number) => new Float64Array(n), { id: "zeros" });
      return { memory, f };
    };
    const a = host();
    await a.f(1); // and what the bucket can do
    await a.memory[Symbol.asyncDispose]();
    sent.length = 0;
    await a.f(100);
    await a.memory[Symbol.asyncDispose]();
    expect(sent).toEqual([
      "GetObjectCommand results",
      "PutObjectCommand leases",
      "PutObjectCommand results",
      "PutObjectCommand leases",
    ]);
    sent.length = 0;
    const b = host();
    await b.f(100);
    expect(sent).toEqual(["GetObjectCommand results"]);
    await b.f(100);
    await b.memory[Symbol.asyncDispose]();
    expect(sent).toHaveLength(1);
  });
});

test.each([
  [{}, "Option bucket must be the name of a bucket"],
  [{ bucket: "" }, "Option bucket must be the name of a bucket"],
  [{ bucket: "b", prefix: "/x" }, "Option prefix must be a text that begins with no slash"],
  [{ bucket: "b", prefix: 5 }, "Option prefix must be a text that begins with no slash"],
  [{ bucket: "b", client: "x" }, "Option client must be an S3Client or its options"],
  [{ bucket: "b", region: "x" }, "region"],
])("refuses options %j", (options, message) => {
  expect(() => s3Tier(options as never)).toThrow(message);
});
