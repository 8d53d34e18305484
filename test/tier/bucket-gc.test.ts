import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { collectBucket } from "../../src/tier/bucket-gc.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { temporaryFolder } from "../support/temporary.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Objects and their ages in hours; each has ten bytes. */
type Ages = Record<string, number>;

class AgedBucket extends FolderBucket {
  readonly folder: string;

  constructor(folder: string) {
    super(folder);
    this.folder = folder;
  }

  static async with(ages: Ages): Promise<AgedBucket> {
    const bucket = new AgedBucket(temporaryFolder());
    for (const [name, hours] of Object.entries(ages)) {
      await bucket.put(name, new Uint8Array(10));
      bucket.age(`${name}~`, hours);
    }
    return bucket;
  }

  age(file: string, hours: number): void {
    utimesSync(join(this.folder, file), new Date(), new Date(Date.now() - hours * HOUR));
  }

  async names(): Promise<string[]> {
    const names: string[] = [];
    for await (const { name } of this.list("")) names.push(name);
    return names;
  }
}

const key = (n: number) => n.toString(16).padStart(32, "0");
const row = (n: number, slug = "f") => `results/${slug}/${key(n).slice(0, 2)}/${key(n)}.blp`;
const side = (n: number, i: number, stamp = "0badcafe") =>
  row(n).replace(".blp", `-${stamp}-${i}.blp`);
const series = (n: number, part: string) => `series/f/${key(n).slice(0, 2)}/${key(n)}/${part}`;

const none = { items: 0, bytes: 0 };

describe("a bucket is made smaller", () => {
  test("not at all without limits", async () => {
    const ages = { [row(1)]: 10_000, [side(1, 0)]: 10_000, [series(1, "manifest.json")]: 10_000 };
    const bucket = await AgedBucket.with({ ...ages, "capabilities.json": 99, "others/x": 10_000 });
    const outcome = await collectBucket(bucket);
    expect(outcome).toEqual({
      removed: none,
      remaining: { items: 2, bytes: 30 },
      litter: { files: 0, cbytes: 0 },
      uploads: 0,
    });
    expect(await bucket.names()).toHaveLength(5);
  });

  test("by age, with all objects of a result", async () => {
    const bucket = await AgedBucket.with({
      [row(1)]: 50,
      [side(1, 0)]: 50,
      [side(1, 1)]: 50,
      [row(2)]: 5,
      [side(2, 0)]: 50,
      [row(1, "g")]: 50,
    });
    const { removed, remaining } = await collectBucket(bucket, { maxAgeMs: 10 * HOUR });
    expect({ removed, remaining }).toEqual({
      removed: { items: 2, bytes: 40 },
      remaining: { items: 1, bytes: 20 },
    });
    expect(await bucket.names()).toEqual([side(2, 0), row(2)]);
  });

  test("by numbers, the oldest first, wherever they stand", async () => {
    const ages = Object.fromEntries([3, 1, 4, 1.5, 9, 2, 6].map((hours, n) => [row(n), hours]));
    const bucket = await AgedBucket.with({ ...ages, [row(0, "g")]: 5 });
    const { removed } = await collectBucket(bucket, { limitItems: 3 });
    expect(removed).toEqual({ items: 5, bytes: 50 });
    expect(await bucket.names()).toEqual([row(1), row(3), row(5)].sort());
  });

  test("by bytes, exactly as far as it takes, also where ages are equal", async () => {
    const ages = Object.fromEntries(Array.from({ length: 3_000 }, (_, n) => [row(n), 3]));
    const bucket = await AgedBucket.with({ ...ages, [row(5_000)]: 2, [side(5_000, 0)]: 2 });
    const { removed, remaining } = await collectBucket(bucket, { limitBytes: 1_000 });
    expect(remaining).toEqual({ items: 99, bytes: 1_000 });
    expect(removed).toEqual({ items: 2_902, bytes: 29_020 });
    expect(await bucket.names()).toHaveLength(100);
    expect(await bucket.head(row(5_000))).toBeDefined();
  });

  test("by all limits at once, of which the strictest counts", async () => {
    const ages = Object.fromEntries([1, 2, 3, 4, 5, 6].map((hours, n) => [row(n), hours]));
    const limits = { limitBytes: 50, limitItems: 4, maxAgeMs: 3.5 * HOUR };
    const bucket = await AgedBucket.with(ages);
    expect(await collectBucket(bucket, limits)).toMatchObject({ remaining: { items: 3 } });
    expect(await bucket.names()).toEqual([row(0), row(1), row(2)]);
    const empty = await collectBucket(bucket, { limitItems: 0 });
    expect(empty.remaining).toEqual(none);
    expect(await bucket.names()).toEqual([]);
  });

  test("of a series whole, as old as its manifest", async () => {
    const bucket = await AgedBucket.with({
      [series(1, "0.blp")]: 90,
      [series(1, "manifest.json")]: 1,
      [series(2, "0.blp")]: 90,
      [series(2, "a/1.blp")]: 2,
      [series(2, "manifest.json")]: 40,
    });
    const { removed, litter } = await collectBucket(bucket, { maxAgeMs: 30 * HOUR });
    expect(removed).toEqual({ items: 1, bytes: 30 });
    expect(litter.files).toBe(0);
    expect(await bucket.names()).toEqual([series(1, "0.blp"), series(1, "manifest.json")]);
  });
});

describe("what is of no result goes", () => {
  const ages = {
    [side(1, 0)]: 25,
    [side(2, 0)]: 23,
    [row(3)]: 100,
    [side(3, 0)]: 100,
    [series(1, "0.blp")]: 25,
    [series(1, "1.blp")]: 23,
    [`leases/f/${key(1)}`]: 25,
    [`leases/f/${key(2)}`]: 1,
    "probe/1": 25,
    "probe/2": 1,
    "results/not-ours": 100,
    "capabilities.json": 100,
  };

  const kept = Object.keys(ages)
    .filter((name) => ages[name] !== 25)
    .sort();

  test("when it is older than a day", async () => {
    const bucket = await AgedBucket.with(ages);
    const drafts = join(bucket.folder, "~tmp");
    mkdirSync(drafts, { recursive: true });
    for (const [name, hours] of [
      ["young", 23],
      ["old", 25],
    ] as const) {
      writeFileSync(join(drafts, name), "");
      bucket.age(`~tmp/${name}`, hours);
    }
    const planned = await collectBucket(bucket, { dryRun: true });
    expect(await bucket.names()).toEqual(Object.keys(ages).sort());
    const outcome = await collectBucket(bucket);
    expect(outcome).toEqual(planned);
    expect(outcome).toEqual({
      removed: none,
      remaining: { items: 1, bytes: 20 },
      litter: { files: 4, cbytes: 40 },
      uploads: 1,
    });
    expect(await bucket.names()).toEqual(kept);
  });

  test("until it is cancelled", async () => {
    const bucket = await AgedBucket.with(ages);
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(collectBucket(bucket, { signal })).rejects.toBe(reason);
    expect(await bucket.names()).toHaveLength(Object.keys(ages).length);
  });

  test("but no result that was stored anew while others were counted", async () => {
    const bucket = await AgedBucket.with({ [row(1)]: 2 * 24, [row(2)]: 24 });
    let lists = 0;
    const list = bucket.list.bind(bucket);
    bucket.list = async function* (prefix, options) {
      // Between the two looks.
      if (prefix === "results/" && ++lists === 2) {
        await new Promise((resolve) => setTimeout(resolve, 2_100));
        await bucket.put(row(1), new Uint8Array(7));
      }
      yield* list(prefix, options);
    };
    const { removed } = await collectBucket(bucket, { limitItems: 1 });
    expect(removed).toEqual(none);
    expect(await bucket.head(row(1))).toMatchObject({ size: 7 });
    expect((await bucket.head(row(2)))?.ageMs).toBeGreaterThan(DAY / 2);
  });
});
