/** Whatever dies or fails between a series and its bucket, what is committed there stays so. */
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, realpathSync, renameSync, rmdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Memory } from "../../src/index.ts";
import type { Bucket, PutOutcome } from "../../src/tier/bucket.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { bucketTier, folderTier } from "../../src/tier.ts";
// @ts-expect-error: a script, and no types
import { expected, walkOn as walkOf } from "../series/walk.mjs";
import { inChild } from "../support/child.ts";
import { hasStrace, killEverywhere, type Trial } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { hostOf, names } from "./hosts.ts";
import { manifestIn, walked, walkOn } from "./series-contract.ts";

const script = join(import.meta.dirname, "walk-sender.mjs");
const walkModule = join(import.meta.dirname, "../series/walk.mjs");
const send = (location: string, folder: string, length: number) =>
  execFileSync(process.execPath, [script, location, folder, String(length)], { stdio: "pipe" });

/** A bucket in a folder, whose puts of manifests go through other hands. */
function bucketWith(
  folder: string,
  putManifest: (put: () => Promise<PutOutcome>) => Promise<PutOutcome>,
): Bucket {
  const inner = new FolderBucket(folder);
  return {
    url: inner.url,
    get: (...given) => inner.get(...given),
    head: (...given) => inner.head(...given),
    put: (...given) =>
      given[0].endsWith("manifest.json")
        ? putManifest(() => inner.put(...given))
        : inner.put(...given),
    upload: (...given) => inner.upload(...given),
    delete: (...given) => inner.delete(...given),
    list: (...given) => inner.list(...given),
  };
}

describe.skipIf(!hasStrace)("a machine that is killed while it sends", () => {
  test("leaves what was committed, or what is committed now", { timeout: 600_000 }, async () => {
    const start = temporaryFolder();
    const parts = (root: string) => [join(root, "cache"), join(root, "bucket")] as const;
    send(...parts(start), 300);
    const stage = (): Trial => {
      const root = realpathSync(temporaryFolder());
      cpSync(start, root, { recursive: true });
      const [location, folder] = parts(root);
      return { folder, args: [script, location, folder, "700"] };
    };
    const lengths = new Set<number>();
    const kills = await killEverywhere(stage, async ({ folder, args }) => {
      const froms: number[] = [];
      const b = hostOf(folderTier({ folder }), { waitMs: 0 });
      const walk = walkOf(b.memory, 1000, (from: number) => froms.push(from));
      expect(await walk("a", { length: 900 })).toEqual(await expected(900));
      expect(froms).toHaveLength(1);
      lengths.add(froms[0] as number);
      await b.memory[Symbol.asyncDispose]();
      // The one that was killed has a say again.
      send(args[1] as string, folder, 1000);
      const none: number[] = [];
      const c = hostOf(folderTier({ folder }), { waitMs: 0 });
      const last = walkOf(c.memory, 1000, (from: number) => none.push(from));
      expect(await last("a", { length: 1000 })).toEqual(await expected(1000));
      expect(none).toEqual([]);
      await c.memory[Symbol.asyncDispose]();
    });
    expect(kills.length).toBeGreaterThan(10);
    expect(lengths).toEqual(new Set([300, 700]));
  });
});

describe("a machine that sends too late", () => {
  test.each([
    ["less than there is", 100],
    ["more than there is", 400],
  ])("and has %s changes nothing that is committed", async (_, length) => {
    const folder = temporaryFolder();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const late = hostOf(
      bucketTier(
        bucketWith(folder, (put) => gate.then(put)),
        {},
      ),
    );
    const computed: number[] = [];
    const zombie = walkOn(late, computed);
    await zombie.extend("a", { length });
    const bucket = new FolderBucket(folder);
    // It waits for its turn no longer.
    const other = hostOf(folderTier({ folder }), { waitMs: 0 });
    await walkOn(other).extend("a", { length: 250 });
    await other.memory[Symbol.asyncDispose]();
    const before = await manifestIn(bucket);
    expect(before.manifest.length).toBe(250);
    open();
    await late.memory[Symbol.asyncDispose]();
    const after = await manifestIn(bucket);
    expect(after.manifest.length).toBe(Math.max(250, length));
    expect(after.manifest.segments.slice(0, 1)).toEqual(before.manifest.segments);
    const segments = after.manifest.segments.map(({ name }) => after.folder + name);
    expect(await names(bucket, after.folder)).toEqual([...segments, after.name].sort());
    expect(await zombie("a", { length: 300 })).toEqual(await walked(300));
    const last = walkOn(hostOf(folderTier({ folder })));
    expect(await last("a", { length: 300 })).toEqual(await walked(300));
  });
});

describe("a put of which no answer comes", () => {
  const lost = { outcome: "unknown", cause: new Error("reset") } as const;

  // Refused is what a put is, too, that was sent twice.
  test.each([lost, { outcome: "refused" } as const])("is known to be done: %j", async (outcome) => {
    const folder = temporaryFolder();
    const bucket = bucketWith(folder, async (put) => {
      await put();
      return outcome;
    });
    const a = hostOf(bucketTier(bucket, {}));
    await walkOn(a).extend("a", { length: 100 });
    await a.memory[Symbol.asyncDispose]();
    expect(await names(bucket, "series/")).toHaveLength(2);
    const computed: number[] = [];
    const b = hostOf(folderTier({ folder }));
    expect(await walkOn(b, computed)("a", { length: 100 })).toEqual(await walked(100));
    expect(computed).toEqual([]);
  });

  test("is tried again", async () => {
    const folder = temporaryFolder();
    let puts = 0;
    const bucket = bucketWith(folder, async (put) => (puts++ === 0 ? lost : put()));
    const a = hostOf(bucketTier(bucket, {}));
    await walkOn(a).extend("a", { length: 100 });
    await expect.poll(() => names(bucket, "series/").then(String)).toContain("manifest.json");
    expect((await manifestIn(bucket)).manifest.length).toBe(100);
  });
});

describe("a series whose bucket cannot be reached", () => {
  const warnings = collectWarnings();

  test("is extended all the same, and sent after a restart", async () => {
    const root = temporaryFolder();
    const [location, folder] = [join(root, "cache"), join(root, "bucket")];
    await inChild(`
      import { rmdirSync } from "node:fs";
      import { Memory } from "bloscache";
      import { folderTier } from "bloscache/tier";
      import { walkOn } from ${JSON.stringify(walkModule)};
      const [location, folder] = ${JSON.stringify([location, folder])};
      const memory = new Memory({ location, shared: folderTier({ folder }) });
      rmdirSync(folder);
      console.log(await walkOn(memory, 100).extend("a", { length: 500 }));
      await memory[Symbol.asyncDispose]();`);
    const errands = readdirSync(join(location, "shared"), { recursive: true, encoding: "utf8" });
    expect(errands.filter((path) => path.endsWith(".json"))).toHaveLength(1);
    const a = hostOf(folderTier({ folder }), { location });
    // It takes over by itself what was left.
    await nextTurn();
    await a.memory[Symbol.asyncDispose]();
    expect((await manifestIn(new FolderBucket(folder))).manifest.length).toBe(500);
    const froms: number[] = [];
    const b = hostOf(folderTier({ folder }));
    const walk = walkOf(b.memory, 100, (from: number) => froms.push(from));
    expect(await walk("a", { length: 500 })).toEqual(await expected(500));
    expect(froms).toEqual([]);
  });

  test("is forgotten, and begun anew, as soon as it can be reached", async () => {
    const folder = temporaryFolder();
    const a = hostOf(folderTier({ folder }));
    const walk = walkOn(a);
    await walk.extend("a", { length: 100 });
    await a.memory[Symbol.asyncDispose]();
    renameSync(folder, `${folder}-away`);
    walk.invalidate("a");
    await walk.extend("a", { length: 20 });
    await a.memory[Symbol.asyncDispose]();
    renameSync(`${folder}-away`, folder);
    const bucket = new FolderBucket(folder);
    const length = () => manifestIn(bucket).then(({ manifest }) => manifest.length);
    await expect.poll(length, { timeout: 20_000 }).toBe(20);
    expect(await names(bucket, "series/")).toHaveLength(2);
  });

  test("costs its callers a warning", async () => {
    const folder = temporaryFolder();
    const a = hostOf(folderTier({ folder }));
    rmdirSync(folder);
    expect(await walkOn(a)("a", { length: 120 })).toEqual(await walked(120));
    await a.memory[Symbol.asyncDispose]();
    await nextTurn();
    expect(new Set(warnings.map(({ code }) => code))).toEqual(
      new Set(["SHARED_UNREACHABLE", "SHARED_UNSENT"]),
    );
  });
});

test("who waits goes on from all that was computed, however long it takes to be sent", async () => {
  const folder = temporaryFolder();
  const slow = bucketWith(folder, async (put) => {
    await sleep(400);
    return put();
  });
  const computed: number[] = [];
  const extend = (length: number) => {
    const host = hostOf(bucketTier(slow, {}));
    return walkOn(host, computed, { pauseMs: 100 })("a", { length });
  };
  const all = await Promise.all([100, 150].map(extend));
  expect(all).toEqual([await walked(100), await walked(150)]);
  expect(new Set(computed).size).toBe(computed.length);
});

test("a long run is seen by others before it ends", async () => {
  const folder = temporaryFolder();
  const wide = (memory: Memory) =>
    memory.incremental<unknown, "<f8">({
      ...{ id: "wide", version: 1, dtype: "<f8", itemShape: [2 ** 20], commitMs: 0 },
      *extend({ from }) {
        for (let at = from; ; at++) yield new Float64Array(2 ** 20).fill(at);
      },
    });
  const stream = wide(hostOf(folderTier({ folder })).memory).stream("a");
  for (let parts = 0; parts < 3; parts++) await stream.next();
  const bucket = new FolderBucket(folder);
  const length = () =>
    manifestIn(bucket).then(
      ({ manifest }) => manifest.length,
      () => 0,
    );
  await expect.poll(length, { timeout: 10_000 }).toBeGreaterThan(0);
  const b = wide(hostOf(folderTier({ folder })).memory);
  expect((await b("a", { length: 1 }))[7]).toBe(0);
  expect(b.stats()).toMatchObject({ fetches: 1, stores: 0 });
  await stream.return();
});

test("segments that somebody left who was killed are removed an hour later", async () => {
  const folder = temporaryFolder();
  const bucket = new FolderBucket(folder);
  const first = hostOf(folderTier({ folder }));
  await walkOn(first).extend("a", { length: 100 });
  await first.memory[Symbol.asyncDispose]();
  const { folder: of } = await manifestIn(bucket);
  const [old, young] = [`${of}0-10-old.blp`, `${of}0-10-young.blp`];
  for (const name of [old, young]) await bucket.put(name, new Uint8Array(5));
  const then = new Date(Date.now() - 2 * 3_600_000);
  utimesSync(join(folder, `${old}~`), then, then);
  const second = hostOf(folderTier({ folder }));
  await walkOn(second).extend("a", { length: 150 });
  await second.memory[Symbol.asyncDispose]();
  const there = await names(bucket, of);
  expect([there.includes(old), there.includes(young)]).toEqual([false, true]);
});
