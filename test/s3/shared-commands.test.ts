/** `bloscache ls`, `du`, `show`, `export` and `verify` of a bucket, as users run them. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { unpackNdarrayFromFileSync } from "bloscache/format";
import { s3Tier } from "bloscache/s3";
import { beforeAll, describe, expect, test } from "vitest";
import { openBucket } from "../../src/s3/open-bucket.ts";
import type { Bucket, BucketObject } from "../../src/tier/bucket.ts";
import { command } from "../cli/bloscache/command.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { clientOptions, environmentOf, isInstalled, newBucket, startServer } from "./servers.ts";

const SIGNING_KEY = "a secret of at least thirty-two bytes";

let env: Record<string, string> = {};

function bloscache(...args: string[]) {
  const options = { env: { ...process.env, ...env }, encoding: "utf8" } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], options);
  return { status, stdout, stderr };
}

function jsonOf(...args: string[]): Record<string, unknown>[] {
  const { stdout, stderr } = bloscache(...args, "--json");
  if (stdout === "") throw new Error(stderr);
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Computes and sends some results of two functions; their keys. */
async function fill(shared: ReturnType<typeof s3Tier>) {
  const memory = new Memory({ location: temporaryFolder(), shared });
  const ramp = memory.memoize(
    async (length: number, _options?: { step: number }) =>
      Float64Array.from({ length }, (_, i) => i),
    { id: "sample@/lib/ramp.js#ramp", version: 1, tags: ["ramps"] },
  );
  const pair = memory.memoize(
    async (rows: number) => ({
      grid: { data: new Int16Array(rows * 400).fill(7), shape: [rows, 400] },
      mask: new Uint8Array(20_000).fill(1),
    }),
    { id: "sample@/lib/pair.js#pair", version: "a" },
  );
  await ramp(3);
  await ramp(50_000, { step: 2 });
  await pair(100);
  await memory[Symbol.asyncDispose]();
  return { small: ramp.keyOf(3), ramp: ramp.keyOf(50_000, { step: 2 }), pair: pair.keyOf(100) };
}

describe.skipIf(!isInstalled("ceph"))("a bucket of Ceph", () => {
  let url = "";
  let signed = "";
  let bucket: Bucket;
  let keys: Awaited<ReturnType<typeof fill>>;

  beforeAll(async () => {
    const server = await startServer("ceph");
    const client = clientOptions(server);
    const name = await newBucket(server);
    env = environmentOf(server);
    url = `s3://${name}/team/cache`;
    signed = `s3://${name}/signed`;
    keys = await fill(s3Tier({ bucket: name, prefix: "team/cache", client }));
    const options = { bucket: name, prefix: "signed", client, signingKey: SIGNING_KEY };
    await fill(s3Tier(options));
    bucket = openBucket(url, client);
  });

  test("is listed by names, sizes and ages", () => {
    const { status, stdout, stderr } = bloscache("ls", url);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(/^KEY +FUNCTION +CREATED +DISK$/);
    expect(lines.find((line) => line.startsWith(keys.ramp.slice(0, 8)))).toMatch(
      /^\w{8} {2}sample-lib-ramp-js-ramp-\w{8} {2}\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +[\d.]+K$/,
    );
    const [found] = jsonOf("ls", url, "pair.js#pair");
    expect(found).toMatchObject({ key: keys.pair, slug: expect.stringMatching(/pair-\w{8}$/) });
    expect(found?.["files"]).toHaveLength(3);
    const age = Date.now() - Date.parse(found?.["created"] as string);
    expect(Math.abs(age)).toBeLessThan(600_000);
  });

  test("is listed with all that objects say, in the order that is asked for", () => {
    const lines = bloscache("ls", url, "-l").stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(
      /^KEY +FUNCTION +VERSION +CREATED +TOOK +PLAIN +DISK +TAGS +ARGUMENTS$/,
    );
    expect(lines.find((line) => line.startsWith(keys.ramp))).toMatch(
      /^\w{32} {2}sample@\/lib\/ramp\.js#ramp {2}v:1 {2}.* 390\.62K .* ramps {2}50000, args\[1\]\.step: 2$/,
    );
    const sizes = jsonOf("ls", url, "--sort", "size").map(({ cbytes }) => cbytes as number);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    const [only, ...others] = jsonOf("ls", url, "-l", "-t", "ramps", "--sort", "duration", "#ramp");
    expect(others).toHaveLength(1);
    expect(only).toMatchObject({ id: "sample@/lib/ramp.js#ramp", tags: ["ramps"], threw: false });
    expect(bloscache("ls", url, "-t", "none").stdout).toMatch(/^KEY.*\n$/);
    const created = jsonOf("ls", url, "--sort", "created").map(({ created: at }) => at as string);
    expect(created).toEqual(created.toSorted().reverse());
  });

  test("names what cannot be read, and why", async () => {
    const key = "0".repeat(32);
    const name = `results/f-00000000/00/${key}.blp`;
    await bucket.put(name, new Uint8Array(40));
    const { status, stdout, stderr } = bloscache("ls", url, "-l");
    expect(status).toBe(1);
    expect(stdout).toMatch(new RegExp(`^${key}  f-00000000 .* 40\\.0B .*BAD_MAGIC in header`, "m"));
    expect(stderr).toBe(
      `bloscache: warning: 1 result in ${url}/ cannot be read: bloscache verify\n`,
    );
    expect(jsonOf("ls", url, "-l", "f-00000000")).toMatchObject([
      { key, fault: expect.stringContaining("BAD_MAGIC") },
    ]);
    const shown = bloscache("show", url, key);
    expect(shown).toMatchObject({ status: 1, stdout: "" });
    expect(shown.stderr).toContain(`error: '${url}/${name}' cannot be read: BAD_MAGIC in header`);
    const none = bloscache("show", url, "0123456789");
    expect(none.stderr).toBe(
      `bloscache: error: no result in ${url}/ has a key that begins with '0123456789'\n`,
    );
    const unknown = bloscache("ls", url, "nothing").stderr;
    expect(unknown).toContain("no results of 'nothing'; there are of:\n");
    await bucket.delete([name]);
  });

  test("is counted by functions", () => {
    const [usage] = jsonOf("du", url);
    expect(usage).toMatchObject({
      location: `${url}/`,
      functions: [
        { slug: expect.stringMatching(/pair/), entries: 1, files: 3 },
        { slug: expect.stringMatching(/ramp/), entries: 2, files: 2 },
      ],
      litter: { files: 0, cbytes: 0 },
    });
    expect(bloscache("du", url).stdout).toMatch(
      /^FUNCTION +RESULTS +FILES +DISK\n[\s\S]*\nleases .*\nlitter {2}0B, 0 objects of no result\ntotal .* in s3:/,
    );
  });

  test("shows a result, with what its arrays are", () => {
    const { status, stdout, stderr } = bloscache("show", url, keys.pair.slice(0, 10));
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain("function   sample@/lib/pair.js#pair, asynchronous\n");
    expect(stdout).toContain("signed     no\n");
    expect(stdout).toContain("arguments  args[0]: 100\n");
    expect(stdout).toContain("result.grid.data  Int16Array, <i2 [100, 400]\n");
    expect(stdout).toContain("result.mask  Uint8Array, |u1 [20000]\n");
    expect(stdout).toContain("  [7, 7, 7, 7, 7, 7, …]\n");
    const [ramp] = jsonOf("show", url, keys.ramp, "--depth", "2");
    expect(ramp).toMatchObject({
      ...{ key: keys.ramp, tags: ["ramps"], isSigned: false, nbytes: 400_000, needs: [] },
      arrays: [
        { place: "result", dtype: "<f8", shape: [50_000], preview: "[0, 1, 2, 3, 4, 5, …]" },
      ],
    });
    expect(ramp?.["value"]).toMatch(/^Float64Array\(50000\) \[\n/);
    expect(bloscache("show", signed, keys.small).stdout).toMatch(
      /\nsigned {5}by a key, which verify checks\n[\s\S]*\nFloat64Array\(3\) \[ 0, 1, 2 \]\n$/,
    );
  });

  test("gives arrays to others", () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const run = (...args: string[]) =>
      expect(bloscache("export", url, ...args)).toEqual({ status: 0, stdout: "", stderr: "" });
    run(keys.ramp, at("ramp.blp"));
    const ramp = Float64Array.from({ length: 50_000 }, (_, i) => i);
    expect(unpackNdarrayFromFileSync(at("ramp.blp")).data).toEqual(ramp);
    run(keys.small, at("small.npy"));
    const small = readFileSync(at("small.npy"));
    expect(small.toString("latin1")).toContain("'descr': '<f8', 'fortran_order': False");
    expect(small.readDoubleLE(small.byteLength - 8)).toBe(2);
    run(keys.pair, "--path", "grid.data", at("grid.npy"));
    const grid = readFileSync(at("grid.npy"));
    expect(grid.toString("latin1")).toContain("'shape': (100, 400)");
    expect(grid.subarray(-80_000).equals(Buffer.from(new Int16Array(40_000).fill(7).buffer))).toBe(
      true,
    );
    const { status, stderr } = bloscache("export", url, keys.pair, at("x.blp"));
    expect(status).toBe(1);
    expect(stderr).toContain("holds several arrays, name one by --path or --array:\n");
  });

  test("gives no array that is damaged", async () => {
    const [name = ""] = await ramps();
    const { metadata, body } = (await bucket.get(name)) as BucketObject;
    const bytes = Buffer.concat(await pieces(body));
    const spoilt = Buffer.from(bytes);
    spoilt[bytes.byteLength - 50] = (bytes[bytes.byteLength - 50] as number) ^ 1;
    await bucket.put(name, spoilt, { metadata });
    const out = join(temporaryFolder(), "x.blp");
    const { status, stderr } = bloscache("export", url, keys.ramp, out);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^bloscache: error: 's3:\S+': CHUNK_CHECKSUM in chunk \d/);
    expect(existsSync(out)).toBe(false);
    await bucket.put(name, bytes, { metadata });
  });

  /** The object of `keys.ramp`. */
  async function ramps(): Promise<string[]> {
    const names: string[] = [];
    for await (const object of bucket.list("results/")) {
      if (object.name.includes(keys.ramp)) names.push(object.name);
    }
    return names;
  }

  test("is verified, and mended when that is asked for", async () => {
    const sound = bloscache("verify", url);
    expect(sound).toMatchObject({ status: 0, stderr: "" });
    expect(sound.stdout).toMatch(/^OK: 3 results, 5 objects, [\d.]+K\n$/);
    const file = join(temporaryFolder(), "key");
    writeFileSync(file, `${SIGNING_KEY}\n`);
    const proved = bloscache("verify", signed, "--signing-key-file", file);
    expect(proved).toMatchObject({ status: 0, stdout: expect.stringMatching(/^OK: 3 .*K\n$/) });
    expect(bloscache("verify", signed).stdout).toContain(
      "\n3 signed results whose signature was not checked: give --signing-key-file\n",
    );
    const [side] = jsonOf("ls", url, "pair").flatMap(({ files }) => (files as string[]).slice(1));
    await bucket.delete([(side as string).slice(url.length + 1)]);
    const found = bloscache("verify", url);
    expect(found.status).toBe(1);
    expect(found.stdout).toMatch(
      /^missing {5}\w{8} {2}pair\.js#pair {2}s3:\S+ {2}The object is gone\.\n1 fault: 3 results/,
    );
    expect(jsonOf("verify", url, "--fix")).toMatchObject([
      { location: `${url}/`, ok: true, findings: [{ kind: "missing", file: side, isFixed: true }] },
    ]);
    expect(bloscache("verify", url)).toMatchObject({ status: 0 });
  });
});

async function pieces(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of body) all.push(piece);
  return all;
}

test("what makes no sense is said", () => {
  const failure = (status: number, text: string) => ({
    ...{ status, stdout: "" },
    stderr: expect.stringContaining(`bloscache: error: ${text}\n`),
  });
  expect(bloscache("ls", "s3://")).toEqual(
    failure(2, 'Not of the form s3://bucket/prefix: "s3://"'),
  );
  expect(bloscache("du", "s3://b", "-C", "x")).toEqual(
    failure(2, "--dir is for a folder, not for a bucket"),
  );
  expect(bloscache("show", "s3://b")).toEqual(failure(2, "missing required argument 'key'"));
  expect(bloscache("show")).toEqual(failure(2, "missing required argument 'key'"));
  expect(bloscache("show", "1", "2")).toEqual(
    failure(2, "too many arguments for 'show'. Expected 1 argument but got 2."),
  );
  expect(bloscache("du", "x")).toEqual(
    failure(2, "too many arguments for 'du'. Expected 0 arguments but got 1."),
  );
  expect(bloscache("show", "s3://b", "xyz")).toEqual(
    failure(2, "'xyz' is not a key: up to 32 hexadecimal digits"),
  );
  expect(bloscache("verify", "--signing-key-file", "x")).toEqual(
    failure(2, "--signing-key-file is for buckets: in a folder nothing is signed"),
  );
  const short = join(temporaryFolder(), "key");
  writeFileSync(short, "too short\n");
  expect(bloscache("verify", "s3://b", "--signing-key-file", short)).toEqual(
    failure(1, `'${short}': Option signingKey must have at least 32 bytes: got 9`),
  );
});
