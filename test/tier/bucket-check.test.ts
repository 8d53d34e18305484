/** What is told of a bucket, and found wrong in it. */
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { addressOfResult } from "../../src/cache/address.ts";
import { Memory } from "../../src/index.ts";
import type { Bucket, BucketObject } from "../../src/tier/bucket.ts";
import { type BucketFinding, checkBucket } from "../../src/tier/bucket-check.ts";
import { entriesOf, measureBucket, readEntry } from "../../src/tier/bucket-inventory.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { folderTier } from "../../src/tier/folder-tier.ts";
import { Seal } from "../../src/tier/seal.ts";
import { temporaryFolder } from "../support/temporary.ts";

const KEY = "a secret of at least thirty-two bytes";
const OTHER_KEY = "another secret, which is as long as that";
const READING = { addressOf: addressOfResult, inlineBytes: 16 * 1024 };

interface Sample {
  readonly folder: string;
  readonly bucket: FolderBucket;
  /** Names of the objects of `two(40_000)`: what says what it is, and its arrays. */
  readonly large: readonly string[];
  /** The object of `ramp(5)`. */
  readonly small: string;
}

/** Two functions with a small result, one array in a file, and two. */
async function fill(signingKey?: string): Promise<Sample> {
  const folder = temporaryFolder();
  const shared = folderTier({ folder, ...(signingKey === undefined ? {} : { signingKey }) });
  const memory = new Memory({ location: temporaryFolder(), shared });
  const ramp = memory.memoize(async (n: number) => new Float64Array(n).map((_, i) => Math.sin(i)), {
    ...{ id: "sample@/lib/ramp.js#ramp", version: 1, tags: ["ramps"] },
  });
  const two = memory.memoize(
    async (n: number) => ({ a: new Float32Array(n).fill(2), b: [new Int16Array(n).fill(3)] }),
    { id: "sample@/lib/two.js#two", version: 1 },
  );
  await ramp(5);
  await ramp(50_000);
  await two(40_000);
  await memory[Symbol.asyncDispose]();
  const bucket = new FolderBucket(folder);
  const names = await namesIn(bucket);
  const of = (key: string) => names.filter((name) => name.includes(key));
  const large = of(two.keyOf(40_000)).filter((name) => name.startsWith("results/"));
  const small = of(ramp.keyOf(5)).find((name) => name.startsWith("results/")) as string;
  return { folder, bucket, large: large.sort(byLength), small };
}

const byLength = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1);

async function namesIn(bucket: Bucket, prefix = ""): Promise<string[]> {
  return (await gather(bucket.list(prefix))).map(({ name }) => name);
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function check(bucket: Bucket, options: { key?: string; fix?: boolean } = {}) {
  const findings: BucketFinding[] = [];
  const { key, fix = false } = options;
  const report = await checkBucket(bucket, {
    ...{ ...READING, fix, seal: new Seal(key) },
    onFinding: async (finding) => void findings.push(finding),
  });
  return { report, findings };
}

/** Changes the bytes of an object, and not what is said of it. */
function spoil({ folder }: Sample, name: string, change: (bytes: Buffer) => Buffer): void {
  const file = join(folder, `${name}~`);
  writeFileSync(file, change(readFileSync(file)));
}

function flip(bytes: Buffer, at: number): Buffer {
  const i = at < 0 ? bytes.byteLength + at : at;
  bytes[i] = (bytes[i] as number) ^ 4;
  return bytes;
}

function age(folder: string, name: string): void {
  const days = new Date(Date.now() - 2 * 86_400_000);
  utimesSync(join(folder, `${name}~`), days, days);
}

let sample: Sample;
beforeEach(async () => {
  sample = await fill();
});

test("results are listed with all their objects, and of one function alone", async () => {
  const { bucket, small } = sample;
  const found = await gather(entriesOf(bucket));
  expect(found.map(({ others }) => others.length).sort()).toEqual([0, 0, 2]);
  const slug = small.split("/")[1] as string;
  const ofOne = await gather(entriesOf(bucket, { slug }));
  expect(ofOne.map((entry) => entry.slug)).toEqual([slug, slug]);
  expect(found.reduce((sum, { cbytes }) => sum + cbytes, 0)).toBe(
    (await gather(bucket.list("results/"))).reduce((sum, { size }) => sum + size, 0),
  );
});

test("what is there is counted, by functions", async () => {
  const { bucket, large } = sample;
  await bucket.put("others/x", new Uint8Array(999));
  await bucket.delete([large[0] as string]);
  const usage = await measureBucket(bucket);
  expect(usage.functions).toMatchObject([{ entries: 2, files: 2 }]);
  expect(usage.litter.files).toBe(2);
  expect(usage.leases.files).toBeGreaterThanOrEqual(3);
  const all = await gather(bucket.list(""));
  expect(usage.total).toBe(all.reduce((sum, { size }) => sum + size, 0) - 999);
});

test("an object says what it is by its head", async () => {
  const { bucket } = sample;
  let asked = 0;
  const get = bucket.get.bind(bucket);
  bucket.get = async (name, options = {}) => {
    const object = await get(name, options);
    asked += object?.length ?? 0;
    return object;
  };
  for await (const entry of entriesOf(bucket)) {
    const result = await readEntry(bucket, entry, READING);
    expect(result?.address.name).toBe(entry.key);
    expect(result?.said.functionId).toMatch(/^sample@\/lib\/(ramp|two)\.js#/);
    expect(result?.isSigned).toBe(false);
  }
  expect(asked).toBeLessThanOrEqual(3 * 32 * 1024);
});

describe("a sound bucket", () => {
  test("is sound", async () => {
    const { report, findings } = await check(sample.bucket);
    expect(findings).toEqual([]);
    const all = await gather(sample.bucket.list("results/"));
    const cbytes = all.reduce((sum, { size }) => sum + size, 0);
    expect(report).toEqual({ entries: 3, files: 5, cbytes, unclaimed: 0, unproved: 0 });
  });

  test("is so for who has the key; who has not is told", async () => {
    const { bucket } = await fill(KEY);
    const proved = await check(bucket, { key: KEY });
    expect(proved).toMatchObject({ findings: [], report: { entries: 3, files: 5, unproved: 0 } });
    const unproved = await check(bucket);
    expect(unproved).toMatchObject({ findings: [], report: { entries: 3, files: 5, unproved: 3 } });
  });

  test("stays as it is for who has another key, or one for what is not signed", async () => {
    const signed = await fill(KEY);
    const before = await namesIn(signed.bucket);
    const { findings } = await check(signed.bucket, { key: OTHER_KEY, fix: true });
    expect(findings.map(({ kind, isFixed }) => [kind, isFixed])).toEqual(
      Array.from({ length: 3 }, () => ["unreadable", false]),
    );
    expect(await namesIn(signed.bucket)).toEqual(before);
    const unsigned = await check(sample.bucket, { key: KEY, fix: true });
    expect(unsigned.findings.map(({ text }) => text)).toEqual(Array(3).fill("it is not signed"));
    expect(await namesIn(sample.bucket, "results/")).toHaveLength(5);
  });
});

describe("what is wrong is found, and removed only when that is asked for", () => {
  const damages: [name: string, text: RegExp, damage: (sample: Sample) => unknown][] = [
    [
      "a bit in the bytes of a small result",
      /digest does not match|in chunk/,
      (s) => spoil(s, s.small, (bytes) => flip(bytes, -3)),
    ],
    [
      "a bit in the metadata",
      /digest does not match/,
      (s) => spoil(s, s.large[0] as string, (bytes) => flip(bytes, bytes.indexOf("blpk") + 90)),
    ],
    [
      "a bit in a file",
      /CHUNK_CHECKSUM/,
      (s) => spoil(s, s.large[1] as string, (bytes) => flip(bytes, -100)),
    ],
    [
      "a bit in the head of a file",
      /./,
      (s) => spoil(s, s.large[2] as string, (bytes) => flip(bytes, bytes.indexOf("container"))),
    ],
    [
      "what no digest of the file is of",
      /its digest does not match/,
      (s) => spoil(s, s.large[1] as string, (bytes) => flip(bytes, bytes.indexOf("blpk") + 7)),
    ],
    [
      "the end of a file",
      /it has \d+ bytes, not \d+/,
      (s) => spoil(s, s.large[2] as string, (bytes) => bytes.subarray(0, -7)),
    ],
    ["a file", /The object is gone/, (s) => s.bucket.delete([s.large[1] as string])],
    ["all of an object", /./, (s) => s.bucket.put(s.small, new Uint8Array())],
    ["a result that is another", /./, async (s) => move(s.bucket, s.large[0] as string, s.small)],
  ];

  test.each(damages)("%s", async (_name, text, damage) => {
    const { bucket, large, small } = sample;
    await damage(sample);
    const before = await namesIn(bucket);
    const { findings, report } = await check(bucket);
    expect(findings).toHaveLength(1);
    const [finding] = findings as [BucketFinding];
    expect(finding.text).toMatch(text);
    expect(finding.kind).toBe(/gone/.test(finding.text) ? "missing" : "damaged");
    expect(finding.file.startsWith(bucket.url)).toBe(true);
    expect(report.entries).toBe(3);
    expect(await namesIn(bucket)).toEqual(before);
    const fixed = await check(bucket, { fix: true });
    expect(fixed.findings).toEqual([{ ...finding, isFixed: true }]);
    const isSmall = finding.file.endsWith(small);
    const gone = isSmall ? [small] : large;
    const left = await namesIn(bucket, "results/");
    expect(left.filter((name) => gone.includes(name))).toEqual([]);
    expect(left).toHaveLength(5 - gone.length);
    expect((await check(bucket)).findings).toEqual([]);
  });

  test("a bit in a signed array, without the key too", async () => {
    const signed = await fill(KEY);
    const arrays = (await gather(signed.bucket.list("results/"))).filter(
      ({ name, size }) => name.includes("ramp") && size > 100_000,
    );
    expect(arrays).toHaveLength(1);
    spoil(signed, arrays[0]?.name as string, (bytes) => flip(bytes, -100));
    for (const options of [{}, { key: KEY }, { key: OTHER_KEY }]) {
      const { findings } = await check(signed.bucket, options);
      expect(findings.filter(({ kind }) => kind === "damaged")).toMatchObject([
        { text: expect.stringContaining("CHUNK_CHECKSUM") },
      ]);
    }
  });

  test("an object that is larger than any, without being read", async () => {
    const { bucket, small } = sample;
    await bucket.put(small, new Uint8Array(17 * 1024 * 1024));
    const { findings, report } = await check(bucket);
    expect(findings).toMatchObject([
      { text: expect.stringMatching(/^it has 17825792 bytes, and/) },
    ]);
    expect(report.cbytes).toBeLessThan(17 * 1024 * 1024);
    const head = { name: small, size: 17 * 1024 * 1024, ageMs: 0 };
    await expect(readEntry(bucket, { head }, READING)).rejects.toThrow(/^it has 17825792 bytes/);
  });

  test("litter, when it is older than a day", async () => {
    const { bucket, folder, large } = sample;
    const [head = "", old = "", young = ""] = large;
    const stale = old.replace(/-[0-9a-f]{8}-0\.blp$/, "-00000000-0.blp");
    await bucket.delete([head]);
    await bucket.put(stale, new Uint8Array(3));
    age(folder, old);
    const { findings, report } = await check(bucket, { fix: true });
    expect(findings).toEqual([
      {
        ...{ kind: "litter", file: bucket.url + old, isFixed: true },
        text: "No result speaks of the object.",
      },
    ]);
    expect(report).toMatchObject({ entries: 2, unclaimed: 2 });
    expect((await namesIn(bucket)).includes(young)).toBe(true);
  });

  test("and files of an earlier version of a result", async () => {
    const { bucket, folder, large } = sample;
    const stale = (large[1] as string).replace(/-[0-9a-f]{8}-0\.blp$/, "-00000000-0.blp");
    await bucket.put(stale, new Uint8Array(3));
    age(folder, stale);
    const { findings } = await check(bucket);
    expect(findings).toMatchObject([{ kind: "litter", file: bucket.url + stale }]);
  });
});

test("what goes while it is looked at is no fault", async () => {
  const { bucket, large } = sample;
  const get = bucket.get.bind(bucket);
  bucket.get = async (name, options) => {
    if (name === large[1]) await bucket.delete([...large]);
    return get(name, options);
  };
  const { findings, report } = await check(bucket);
  expect(findings).toEqual([]);
  expect(report.entries).toBe(2);
});

test("what is replaced while it is looked at is looked at again", async () => {
  const { bucket, small } = sample;
  const { metadata, body } = (await bucket.get(small)) as BucketObject;
  const bytes = Buffer.concat(await gather(body));
  await bucket.put(small, flip(Buffer.from(bytes), -3), { metadata });
  const get = bucket.get.bind(bucket);
  let gets = 0;
  bucket.get = async (name, options) => {
    const object = await get(name, options);
    if (name === small && ++gets === 1) await bucket.put(small, bytes, { metadata });
    return object;
  };
  expect((await check(bucket, { fix: true })).findings).toEqual([]);
  expect(gets).toBe(2);
  expect(await bucket.head(small)).toBeDefined();
});

test("a result that is replaced when it is about to be removed stays", async () => {
  const { bucket, small } = sample;
  spoil(sample, small, (bytes) => flip(bytes, -3));
  const head = bucket.head.bind(bucket);
  let heads = 0;
  bucket.head = async (name, options) => {
    if (name === small && ++heads === 2) await bucket.put(small, new Uint8Array(10));
    return head(name, options);
  };
  const { findings } = await check(bucket, { fix: true });
  expect(findings).toMatchObject([{ kind: "damaged", isFixed: false }]);
  expect(await head(small)).toMatchObject({ size: 10 });
});

test("what a store refuses to read is told, and stays", async () => {
  const { bucket, folder, small } = sample;
  const file = join(folder, `${small}~`);
  await bucket.delete([small]);
  // A folder in its place cannot be read as a file.
  mkdirSync(file, { recursive: true });
  const list = bucket.list.bind(bucket);
  bucket.list = async function* (prefix, options) {
    yield* list(prefix, options);
    if (small.startsWith(prefix)) yield { name: small, size: 100, ageMs: 5 };
  };
  const { findings } = await check(bucket, { fix: true });
  expect(findings).toMatchObject([{ kind: "unreadable", isFixed: false }]);
  expect(readdirSync(file)).toEqual([]);
});

test("it ends when that is asked for", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  const seal = new Seal();
  const onFinding = () => Promise.resolve();
  await expect(checkBucket(sample.bucket, { ...READING, signal, seal, onFinding })).rejects.toThrow(
    "enough",
  );
});

/** Puts an object, with all that is said of it, in the place of another. */
async function move(bucket: Bucket, from: string, to: string): Promise<void> {
  const object = await bucket.get(from);
  if (object === undefined) throw new Error(`${from} is gone`);
  const bytes = Buffer.concat(await gather(object.body));
  await bucket.put(to, bytes, { metadata: object.metadata });
}
