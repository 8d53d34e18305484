/** `bloscache gc s3://…`, as users run it. */
import { spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { CreateMultipartUploadCommand, S3Client } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { openBucket } from "../../src/s3/open-bucket.ts";
import { parseS3Url } from "../../src/s3/s3-url.ts";
import type { Bucket } from "../../src/tier/bucket.ts";
import { command } from "../cli/bloscache/command.ts";
import { clientOptions, environmentOf, isInstalled, newBucket, startServer } from "./servers.ts";

function gc(args: readonly string[], env: Record<string, string> = {}) {
  const options = { env: { ...process.env, ...env }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, "gc", ...args], options);
  return { status, stdout, stderr };
}

const row = (n: number) => `results/f/00/${String(n).padStart(32, "0")}.blp`;

async function namesIn(bucket: Bucket): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bucket.list("")) names.push(name);
  return names;
}

describe.each(["ceph", "swift"] as const)("on %s", (name) => {
  test.skipIf(!isInstalled(name))("the oldest results go", async () => {
    const server = await startServer(name);
    const url = `s3://${await newBucket(server)}/team/cache`;
    const bucket = openBucket(url, clientOptions(server));
    for (let n = 0; n < 6; n++) {
      if (n === 4) await setTimeout(2_100);
      await bucket.put(row(n), new Uint8Array(1024));
      await bucket.put(row(n).replace(".blp", "-0badcafe-0.blp"), new Uint8Array(1024));
    }
    await bucket.put("leases/f/1", new Uint8Array(10));
    const env = environmentOf(server);
    const planned = gc([url, "--limit-bytes", "4K", "--dry-run"], env);
    const words = "4 results, 8.0K; 2 results, 4.0K left\n";
    expect(planned).toEqual({ status: 0, stdout: `would remove ${words}`, stderr: "" });
    expect(await namesIn(bucket)).toHaveLength(13);
    expect(gc([url, "--limit-bytes", "4K"], env).stdout).toBe(`removed ${words}`);
    expect((await namesIn(bucket)).filter((each) => !each.includes("-"))).toEqual([
      "leases/f/1",
      row(4),
      row(5),
    ]);
    const client = new S3Client(clientOptions(server));
    const Key = "team/cache/results/x";
    const Bucket = parseS3Url(url).bucket;
    await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const again = gc([url, "--limit-items", "1", "--json"], env);
    expect(JSON.parse(again.stdout)).toEqual({
      location: `${url}/`,
      dryRun: false,
      removed: { items: 1, bytes: 2048 },
      remaining: { items: 1, bytes: 2048 },
      litter: { files: 0, cbytes: 0 },
      uploads: 0,
    });
  });
});

test("what cannot be done is said", () => {
  const error = (status: number, text: string) => {
    return { status, stdout: "", stderr: `bloscache: error: ${text}\n` };
  };
  expect(gc(["bucket"])).toEqual(
    error(2, "'bucket' is no bucket: s3://bucket/prefix, or --dir for a folder"),
  );
  expect(gc(["s3://"])).toEqual(error(2, 'Not of the form s3://bucket/prefix: "s3://"'));
  expect(gc(["s3://b", "-C", "x"])).toEqual(error(2, "--dir is for a folder, not for a bucket"));
  expect(gc(["s3://b", "--order", "lru"])).toEqual(
    error(2, "--order is for folders: of a bucket the oldest results go"),
  );
  const nobody = {
    ...{ AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1", AWS_MAX_ATTEMPTS: "1" },
    ...{ AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  };
  const { status, stderr } = gc(["s3://b/p"], nobody);
  expect(status).toBe(1);
  expect(stderr).toMatch(/^bloscache: error: Cannot list "s3:\/\/b\/p\/results\/": .*ECONNREFUSED/);
});

test("without the SDK, what to install is said", () => {
  const hooks = `export const resolve = (name, context, next) =>
    next(name.startsWith("@aws-sdk/") ? "@aws-sdk/not-installed" : name, context);`;
  const register = `import { register } from "node:module";
    register("data:text/javascript,${encodeURIComponent(hooks)}");`;
  const NODE_OPTIONS = `--import "data:text/javascript,${encodeURIComponent(register)}"`;
  expect(gc(["s3://b/p"], { NODE_OPTIONS })).toEqual({
    status: 1,
    stdout: "",
    stderr:
      "bloscache: error: 's3://b/p' takes a package that is not installed: npm install @aws-sdk/client-s3\n",
  });
});

test.each([
  ["s3://b", "b", ""],
  ["s3://b/", "b", ""],
  ["s3://b/p", "b", "p/"],
  ["s3://b/p/q/", "b", "p/q/"],
])("%s is the bucket %s under %j", (url, bucket, prefix) => {
  expect(parseS3Url(url)).toEqual({ bucket, prefix });
});

test.each(["", "b/p", "s3:/b", "s3://", "s3:///p", "http://b/p"])("%j is no bucket", (url) => {
  expect(() => parseS3Url(url)).toThrow(TypeError);
});
