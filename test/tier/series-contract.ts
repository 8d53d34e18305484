/** What a shared tier does for results that grow, whatever its bucket is. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { readHeadSync } from "../../src/format/head.ts";
import { MemorySource } from "../../src/format/source.ts";
import { type Metadata, packNdarray } from "../../src/format.ts";
import { type Incremental, type IncrementalOptions, Memory } from "../../src/index.ts";
import { type Bucket, readBody } from "../../src/tier/bucket.ts";
import { Seal } from "../../src/tier/seal.ts";
import { askReference, type Description, hasReference, sha256 } from "../python/reference.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { type Host, hostOf, names, type TierSubject } from "./hosts.ts";

/** What a walk needs to go on. */
interface Walk {
  readonly seed: Float64Array;
  readonly at: number;
}

/** A walk of two numbers an item, which fails where its state is not of the item before. */
function walking(
  computed: number[] = [],
  { step = 100, pauseMs = 0 } = {},
): IncrementalOptions<unknown, "<f8", Walk> {
  return {
    id: "walk",
    version: 1,
    dtype: "<f8",
    itemShape: [2],
    commitMs: 0,
    async *extend({ from, to, tail, state }) {
      if (from > 0 && state?.at !== from) throw new Error(`state of ${state?.at} at ${from}`);
      let [place = 0] = tail;
      const seed = state?.seed ?? Float64Array.of(1);
      for (let at = from; at < to; ) {
        const count = Math.min(step, to - at);
        const data = new Float64Array(2 * count);
        for (let i = 0; i < count; i++) {
          seed[0] = ((seed[0] as number) * 25_214_903_917 + 11) % 2 ** 20;
          place += seed[0];
          data.set([place, at + i], 2 * i);
          computed.push(at + i);
        }
        at += count;
        if (pauseMs > 0) await sleep(pauseMs);
        yield { data, state: { seed, at } };
      }
    },
  };
}

/** To be made once for a cache. */
export function walkOn(
  { memory }: Pick<Host, "memory">,
  ...options: Parameters<typeof walking>
): Incremental<unknown, Float64Array> {
  return memory.incremental(walking(...options));
}

/** The first items, computed without a cache. */
export const walked = (length: number) => walkOn({ memory: new Memory(null) })("a", { length });

const upTo = (length: number) => Array.from({ length }, (_, i) => i);
const sorted = (computed: number[]) => computed.sort((a, b) => a - b);
const ended = ({ memory }: Host) => memory[Symbol.asyncDispose]();

interface Segment {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

/** The one manifest of a bucket. */
export async function manifestIn(bucket: Bucket) {
  const [name = ""] = (await names(bucket, "series/")).filter((one) => one.endsWith(".json"));
  const object = await bucket.get(name);
  if (object === undefined) throw new Error("There is no manifest");
  const manifest = JSON.parse(Buffer.from(await readBody(object)).toString()) as {
    length: number;
    dtype: string;
    segments: Segment[];
  };
  return { name, folder: name.replace("manifest.json", ""), manifest };
}

/** Puts bytes as whoever can write to the bucket may. */
async function forge(bucket: Bucket, name: string, bytes: Uint8Array): Promise<void> {
  await bucket.put(name, bytes, { metadata: new Seal().fieldsFor(name, bytes) });
}

/** A sound segment that is as long, and says the same of itself. */
function withOtherItems(bytes: Uint8Array): Uint8Array {
  const { metadata } = readHeadSync(new MemorySource(bytes));
  const { bloscache } = metadata as { readonly bloscache: Metadata };
  const array = { data: new Float64Array(200), shape: [100, 2] };
  const pack = (room: number) =>
    packNdarray(array, {
      metadata: { bloscache },
      metadataArgs: { metaCodec: "None", maxMetaSize: (size) => size + room },
    });
  const lack = bytes.byteLength - pack(0).byteLength;
  return pack(lack);
}

export function seriesContract({ name, isInstalled, hasLeases, makePlace }: TierSubject): void {
  describe.skipIf(!isInstalled)(`series on a shared tier in ${name}`, () => {
    const warnings = collectWarnings();
    const codes = () =>
      warnings.map(({ code }) => code).filter((code) => code !== "SHARED_WITHOUT_LEASES");

    test("are computed on one machine, and continued on another with their state", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      const there: number[] = [];
      const first = walkOn(a, there);
      await first.extend("a", { length: 1050 });
      await ended(a);
      const computed: number[] = [];
      const b = hostOf(place.tier());
      const walk = walkOn(b, computed);
      expect(walk.lengthOf("a")).toBe(0);
      expect(await walk("a", { length: 1000 })).toEqual(await walked(1000));
      expect(walk.lengthOf("a")).toBe(1050);
      expect(computed).toEqual([]);
      expect(b.events).toEqual(["miss", "fetch"]);
      expect(walk.stats()).toMatchObject({ fetches: 1, stores: 0 });
      expect(await walk("a", { length: 2000 })).toEqual(await walked(2000));
      expect(computed).toEqual(upTo(2000).slice(1050));
      expect(walk.info("a")).toMatchObject({ id: "walk", length: 2000 });
      expect(await b.memory.verify()).toMatchObject({ findings: [] });
      await ended(b);
      expect(await first("a", { length: 2000 })).toEqual(await walked(2000));
      expect(there).toEqual(upTo(1050));
      expect(codes()).toEqual([]);
    });

    test("are streamed from there, and from where they end", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      await walkOn(a).extend("a", { length: 500 });
      await ended(a);
      const computed: number[] = [];
      const parts: number[] = [];
      const walk = walkOn(hostOf(place.tier()), computed);
      for await (const part of walk.stream("a", { start: 400, stop: 700 })) parts.push(...part);
      expect(parts).toEqual([...(await walked(700)).slice(800)]);
      expect(computed).toEqual(upTo(700).slice(500));
    });

    test("are sent in pieces that are few, and none of them large", async () => {
      const place = await makePlace();
      const wide = (host: Host, computed: number[] = []) =>
        host.memory.incremental<unknown, "<f8">({
          id: "wide",
          version: 1,
          dtype: "<f8",
          itemShape: [2 ** 20],
          *extend({ from, to }) {
            for (let at = from; at < to; at++) {
              computed.push(at);
              yield new Float64Array(2 ** 20).fill(at);
            }
          },
        });
      const a = hostOf(place.tier());
      await wide(a).extend("a", { length: 9 });
      await ended(a);
      const { manifest } = await manifestIn(place.bucket);
      expect(manifest.length).toBe(9);
      for (const { from, to } of manifest.segments) expect(to - from).toBeLessThanOrEqual(4);
      const computed: number[] = [];
      const whole = (await wide(hostOf(place.tier()), computed)("a", {
        length: 9,
      })) as Float64Array;
      expect(upTo(9).map((at) => whole[at * 2 ** 20 + 5])).toEqual(upTo(9));
      expect(computed).toEqual([]);
    });

    test.runIf(hasLeases)("have few segments, however often they grow", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      const walk = walkOn(a);
      for (let length = 10; length <= 160; length += 10) {
        await walk.extend("a", { length });
        await ended(a);
      }
      const { manifest, folder } = await manifestIn(place.bucket);
      expect(manifest.segments.length).toBeLessThan(6);
      const named = manifest.segments.map(({ name }) => folder + name);
      const there = await names(place.bucket, folder);
      expect(there.sort()).toEqual([...named, `${folder}manifest.json`].sort());
      expect(await walkOn(hostOf(place.tier()))("a", { length: 160 })).toEqual(await walked(160));
    });

    test("take over what is not here yet, behind what is", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      const there = walkOn(a);
      await there.extend("a", { length: 300 });
      await ended(a);
      const b = hostOf(place.tier());
      const computed: number[] = [];
      const options = walking(computed);
      const here = b.memory.incremental(options);
      await here.extend("a", { length: 300 });
      // Without the tier it goes on, and the others go further.
      await ended(b);
      await new Memory(b.location).incremental(options).extend("a", { length: 450 });
      await there.extend("a", { length: 900 });
      await ended(a);
      expect(await here("a", { length: 900 })).toEqual(await walked(900));
      expect(computed).toEqual(upTo(450).slice(300));
    });

    test("are the same everywhere when several machines extend them at once", async () => {
      const place = await makePlace();
      const computed: number[] = [];
      const hosts = Array.from({ length: 4 }, () => hostOf(place.tier()));
      const options = { step: 20, pauseMs: 30 };
      const lengths = [100, 200, 250, 300];
      const walks = hosts.map((host) => walkOn(host, computed, options));
      const all = await Promise.all(walks.map((walk, n) => walk("a", { length: lengths[n] ?? 0 })));
      for (const [n, items] of all.entries()) {
        expect(items).toEqual(await walked(lengths[n] as number));
      }
      if (!hasLeases) return;
      expect(sorted(computed)).toEqual(upTo(300));
      expect(hosts.some(({ events }) => events.includes("wait"))).toBe(true);
      await Promise.all(hosts.map(ended));
      expect((await manifestIn(place.bucket)).manifest.length).toBe(300);
    });

    test.runIf(hasLeases)("are extended by who waits, where the other one stops", async () => {
      const place = await makePlace();
      const computed: number[] = [];
      const options = { step: 10, pauseMs: 20 };
      const stream = walkOn(hostOf(place.tier()), computed, options).stream("a");
      for (let parts = 0; parts < 5; parts++) await stream.next();
      const controller = new AbortController();
      const b = hostOf(place.tier());
      const walk = walkOn(b, computed, options);
      const left = walk("a", { length: 60, signal: controller.signal });
      const stays = walk("a", { length: 80 });
      await sleep(300);
      controller.abort(new Error("left"));
      await expect(left).rejects.toThrow("left");
      expect(sorted([...computed])).toEqual(upTo(50));
      await stream.return();
      expect(await stays).toEqual(await walked(80));
      expect(sorted(computed)).toEqual(upTo(80));
      expect(b.events).toContain("wait");
    });

    test("are forgotten there too", async () => {
      const place = await makePlace();
      const computed: number[] = [];
      const a = hostOf(place.tier());
      const walk = walkOn(a, computed);
      await walk.extend("a", { length: 50 });
      await walk.extend("b", { length: 50 });
      await ended(a);
      expect(walk.invalidate("a")).toBe(true);
      // At once, before it can be gone there.
      await walk.extend("a", { length: 20 });
      await ended(a);
      expect(computed).toHaveLength(120);
      expect((await names(place.bucket, "series/")).length).toBe(4);
      walk.invalidate("b");
      walk.invalidate("a");
      await ended(a);
      expect(await names(place.bucket, "series/")).toEqual([]);
    });

    const text = (manifest: object) => Buffer.from(JSON.stringify(manifest));

    test.each<[string, (manifest: { segments: Segment[] }, bytes: Uint8Array) => Uint8Array]>([
      ["is cut short", (_, bytes) => bytes.subarray(0, bytes.length - 5)],
      ["is foreign", () => new Uint8Array(randomBytes(100))],
      ["is empty", () => new Uint8Array()],
      ["is of another version", (manifest) => text({ ...manifest, version: 2 })],
      ["is of another call", (manifest) => text({ ...manifest, key: "0".repeat(48) })],
      ["is of another dtype", (manifest) => text({ ...manifest, dtype: "<f4" })],
      ["is of other items", (manifest) => text({ ...manifest, itemShape: [3] })],
      ["is longer than its segments", (manifest) => text({ ...manifest, length: 2000 })],
      ["has a gap", (manifest) => text({ ...manifest, segments: manifest.segments.slice(1) })],
      ["has no segments", (manifest) => text({ ...manifest, segments: [null] })],
      [
        "names what is elsewhere",
        ({ segments: [first, ...others], ...manifest }) =>
          text({ ...manifest, segments: [{ ...first, name: "../other.blp" }, ...others] }),
      ],
      [
        "has a segment that no memory holds",
        ({ segments: [first, ...others], ...manifest }) =>
          text({ ...manifest, segments: [{ ...first, cbytes: 2 ** 40 }, ...others] }),
      ],
    ])("are computed again when their manifest %s", async (_, change) => {
      const place = await makePlace();
      const { manifest, name } = await twoSegments(place);
      const bytes = change(manifest, text(manifest));
      await forge(place.bucket, name, bytes);
      await isReplaced(place);
    });

    test("are computed again when their manifest is not the one that was put", async () => {
      const place = await makePlace();
      const { manifest, name } = await twoSegments(place);
      const metadata = (await place.bucket.head(name))?.metadata ?? {};
      await place.bucket.put(name, text({ ...manifest, durationMs: 0 }), { metadata });
      await isReplaced(place);
    });

    test.each<[string, (bytes: Uint8Array) => Uint8Array | undefined]>([
      ["missing", () => undefined],
      ["cut short", (bytes) => bytes.subarray(0, bytes.length - 1)],
      ["damaged", (bytes) => bytes.map((byte, i) => (i === 300 ? byte ^ 1 : byte))],
      ["another one", withOtherItems],
    ])("are computed from where a segment is %s", async (_, change) => {
      const place = await makePlace();
      const { manifest, folder } = await twoSegments(place);
      const [first, second] = manifest.segments.map(({ name }) => folder + name);
      const object = await place.bucket.get(second as string);
      if (object === undefined || first === undefined) throw new Error("It is not there");
      const changed = change(await readBody(object));
      if (changed === undefined) await place.bucket.delete([second as string]);
      else await place.bucket.put(second as string, changed);
      await isReplaced(place, 400);
    });

    type Where = Awaited<ReturnType<typeof makePlace>>;

    async function twoSegments({ bucket, tier }: Where) {
      const a = hostOf(tier());
      const walk = walkOn(a);
      for (const length of [400, 500]) {
        await walk.extend("a", { length });
        await ended(a);
      }
      const there = await manifestIn(bucket);
      expect(there.manifest.segments).toMatchObject([{ from: 0 }, { from: 400, to: 500 }]);
      return there;
    }

    /** What is in the bucket is refused behind `good` items, and then as good as ever. */
    async function isReplaced({ tier }: Where, good = 0): Promise<void> {
      const computed: number[] = [];
      const b = hostOf(tier());
      expect(await walkOn(b, computed)("a", { length: 500 })).toEqual(await walked(500));
      expect(computed).toEqual(upTo(500).slice(good));
      await ended(b);
      expect(codes()).toEqual(["SHARED_REFUSED"]);
      const none: number[] = [];
      expect(await walkOn(hostOf(tier()), none)("a", { length: 500 })).toEqual(await walked(500));
      expect(none).toEqual([]);
    }

    test("are used only if they are signed, where there is a signingKey", async () => {
      const place = await makePlace();
      const [ours, others] = [randomBytes(32), randomBytes(32)];
      const computed: number[] = [];
      for (const signingKey of [others, ours, ours]) {
        const host = hostOf(place.tier({ signingKey }));
        await walkOn(host, computed).extend("a", { length: 10 });
        await ended(host);
      }
      expect(computed).toEqual([...upTo(10), ...upTo(10)]);
      expect(codes()).toEqual(["SHARED_REFUSED"]);
    });

    test("are read from a tier that is readOnly, and not written", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      await walkOn(a).extend("a", { length: 30 });
      await ended(a);
      const computed: number[] = [];
      const b = hostOf(place.tier({ readOnly: true }));
      expect(await walkOn(b, computed)("a", { length: 50 })).toEqual(await walked(50));
      await ended(b);
      expect(computed).toEqual(upTo(50).slice(30));
      expect((await manifestIn(place.bucket)).manifest.length).toBe(30);
    });

    test.runIf(hasReference)("are in segments that Python reads as arrays", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      await walkOn(a).extend("a", { length: 1000 });
      await ended(a);
      const { manifest, folder } = await manifestIn(place.bucket);
      const [{ name = "" } = {}] = manifest.segments;
      const object = await place.bucket.get(folder + name);
      const path = join(temporaryFolder(), "segment.blp");
      writeFileSync(path, object === undefined ? "" : await readBody(object));
      const [answer] = askReference([{ do: "unpack", path }]) as [Description];
      expect(answer).toMatchObject({ shape: [1000, 2], sha256: sha256(await walked(1000)) });
      await nextTurn();
    });
  });
}
