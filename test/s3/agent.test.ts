/** Synchronous functions and a store that cannot be asked by another thread, or does not answer. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { S3Client } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { s3Tier } from "../../src/s3/s3-tier.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { hostOf } from "../tier/hosts.ts";

const credentials = { accessKeyId: "a", secretAccessKey: "hush-hush" };
const config = { region: "us-east-1", forcePathStyle: true, credentials };
const UNREACHABLE = { ...config, endpoint: "http://127.0.0.1:9" };

const numbersOf = (n: number) => new Float64Array(n);

describe("synchronous functions", () => {
  const warnings = collectWarnings();
  const codes = () => warnings.map(({ code }) => code);

  test.each([
    ["a client", () => new S3Client(UNREACHABLE)],
    ["options with functions", () => ({ ...UNREACHABLE, credentials: async () => credentials })],
  ])("cannot have another thread use %s, which is told once", async (_, make) => {
    const bucket = `bucket-${_.length}`;
    const { memory, events } = hostOf(s3Tier({ bucket, client: make(), answerMs: 200 }));
    const f = memory.memoize(numbersOf, { id: "zeros" });
    expect([f(1), f(2)]).toEqual([numbersOf(1), numbersOf(2)]);
    await nextTurn();
    expect(codes().filter((code) => code === "SHARED_NOT_PORTABLE")).toHaveLength(1);
    expect(events).toEqual(["miss", "store", "miss", "store"]);
  });

  test("compute when the store cannot be reached, or says nothing, and wait only a few times", async () => {
    // Nobody answers while the thread of this test is blocked.
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    // If each call waited, the time of the test would be over.
    const answerMs = 1000;
    for (const endpoint of [UNREACHABLE.endpoint, `http://127.0.0.1:${port}`]) {
      const client = { ...config, endpoint };
      const { memory, events } = hostOf(s3Tier({ bucket: "bucket", client, answerMs }));
      const f = memory.memoize(numbersOf, { id: "zeros" });
      for (let n = 0; n < 100; n++) expect(f(n)).toEqual(numbersOf(n));
      expect(new Set(events)).toEqual(new Set(["miss", "store"]));
      await nextTurn();
      expect(codes()).toContain("SHARED_UNREACHABLE");
      expect(warnings.map(({ message }) => message).join()).not.toContain("hush-hush");
      warnings.length = 0;
    }
    server.close();
  });
});
