// `blpk` with objects for files.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { blpk, command, failure, type Outcome, sampleBytes, silence } from "../cli/blpk.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { environmentOf, isInstalled } from "./servers.ts";
import { noise, TestBucket } from "./test-bucket.ts";

const QUIET = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" };
const plain = sampleBytes(3_000_000);

describe.each(["ceph", "swift"] as const)("%s", (name) => {
  describe.skipIf(!isInstalled(name))("blpk", () => {
    let bucket: TestBucket;
    let cwd: string;
    beforeAll(async () => {
      bucket = await TestBucket.on(name);
      cwd = temporaryFolder();
      writeFileSync(join(cwd, "in"), plain);
    });

    const environment = () => ({ ...process.env, ...environmentOf(bucket.server), ...QUIET });
    const run = (...args: string[]): Outcome => blpk(cwd, args, { env: environment() });
    const url = (key: string) => `s3://${bucket.name}/${key}`;

    test("takes objects wherever it takes files", () => {
      writeFileSync(join(cwd, "m"), '{"a":1}\n');
      expect(run("c", "-m", "m", "in", url("a/in.blp"))).toMatchObject(silence);
      expect(run("d", url("a/in.blp"), "out", "-m", url("m"))).toMatchObject(silence);
      expect(readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
      expect(run("c", "-m", url("m"), url("a/in.blp"), url("twice.blp"))).toMatchObject(silence);
      expect(run("d", url("twice.blp"))).toMatchObject({ status: 0, stderr: "" });
      expect(run("cat", url("twice")).bytes.equals(plain)).toBe(true);
      expect(run("cat", url("a/in.blp")).bytes.equals(plain)).toBe(true);
      expect(run("slice", url("a/in.blp"), "1000000:1000010").bytes).toEqual(
        plain.subarray(1_000_000, 1_000_010),
      );
      expect(run("verify", url("a/in.blp")).stdout).toMatch(/in\.blp: OK, 3 chunks/);
      expect(JSON.parse(run("info", "--json", url("a/in.blp")).stdout)).toMatchObject({
        file: url("a/in.blp"),
        nbytes: plain.byteLength,
        metadata: { a: 1 },
      });
      expect(run("-v", "d", "-f", url("a/in.blp"), "out").stdout).toMatch(/input file size: \d/);
      writeFileSync(join(cwd, "mine.blp"), run("c", "in", "-").bytes);
      expect(run("append", "mine.blp", url("a/in.blp"))).toMatchObject(silence);
    });

    test("refuses what is there, what is not, and what cannot be", async () => {
      await bucket.upload("there", Buffer.from("an object"));
      const before = await bucket.etag("there");
      expect(run("c", "in", url("there"))).toMatchObject(
        failure(1, `output file '${url("there")}' exists!`),
      );
      expect(await bucket.etag("there")).toBe(before);
      expect(run("-f", "c", "in", url("there"))).toMatchObject(silence);
      expect(await bucket.etag("there")).not.toBe(before);
      expect(run("-f", "c", url("there"), url("there"))).toMatchObject({ status: 1 });
      expect(run("d", url("no.blp"))).toMatchObject(
        failure(1, `input file '${url("no.blp")}' does not exist!`),
      );
      const reason = "is an object of a store, and these cannot be appended to";
      expect(run("a", "-e", url("there"), "in").stderr).toContain(`'${url("there")}' ${reason}`);
      expect(run("c", "in", "s3://bucket")).toMatchObject(
        failure(2, "'s3://bucket' names no object: that is s3://bucket/key"),
      );
    });

    test("names the object that is damaged, and what the store refuses", async () => {
      await bucket.upload("x.blp", Buffer.from("no Bloscpack file at all, but some text"));
      expect(run("d", url("x.blp"), "y").stderr).toContain(`'${url("x.blp")}': BAD_MAGIC`);
      expect(run("verify", url("x.blp")).status).toBe(1);
      expect(readdirSync(cwd)).not.toContain("y");
      const env = { ...environment(), AWS_SECRET_ACCESS_KEY: "not-the-secret-key" };
      const { status, stderr } = blpk(cwd, ["-d", "info", url("x.blp")], { env });
      expect(status).toBe(1);
      expect(stderr).toContain(`Cannot read "${url("x.blp")}"`);
      expect(stderr).not.toContain("not-the-secret-key");
      expect(stderr).not.toMatch(/AWS4-HMAC|Signature=/);
    });

    test("leaves no object and no upload when it is interrupted", async () => {
      const args = [command, "c", "-l", "0", "-", url("endless.blp")];
      const child = spawn(process.execPath, args, { env: environment() });
      const bytes = noise(2 ** 20);
      child.stdin.on("error", () => undefined);
      // Enough for several parts, the first of them under way.
      for (let i = 0; i < 40; i++) {
        if (!child.stdin.write(bytes)) await once(child.stdin, "drain");
      }
      child.kill("SIGINT");
      const [, signal] = await once(child, "exit");
      expect(signal).toBe("SIGINT");
      await bucket.expectNothing("endless.blp");
    });
  });
});

test("without the SDK blpk works on files, and says what objects take", () => {
  const folder = temporaryFolder();
  const root = join(import.meta.dirname, "../..");
  const library = join(folder, "node_modules/bloscache");
  mkdirSync(library, { recursive: true });
  for (const part of ["dist", "package.json", "build", "prebuilds"]) {
    if (readdirSync(root).includes(part))
      cpSync(join(root, part), join(library, part), { recursive: true });
  }
  for (const dependency of ["commander", "cli-progress", "string-width", "find-cache-dir"]) {
    const target = join(root, "node_modules", dependency);
    symlinkSync(target, join(folder, "node_modules", dependency), "junction");
  }
  writeFileSync(join(folder, "in"), plain);
  const own = join(library, "dist/cli/blpk.js");
  expect(blpk(folder, ["c", "in", "out.blp"], {}, own)).toMatchObject(silence);
  expect(blpk(folder, ["info", "s3://bucket/key"], {}, own)).toMatchObject(
    failure(
      1,
      "'s3://bucket/key' takes a package that is not installed: npm install @aws-sdk/client-s3",
    ),
  );
});
