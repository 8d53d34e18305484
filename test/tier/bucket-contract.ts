/** What every bucket does, as `src/tier/bucket.ts` says it. */
import { randomBytes } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { type Bucket, type ListedObject, readBody } from "../../src/tier/bucket.ts";
import { read, type Subject, testConditions, testNoConditions, text } from "./conditions.ts";

/** A kind of bucket. */
export interface BucketKind {
  readonly name: string;
  /** Whether puts may depend on what is there. */
  readonly hasConditions: boolean;
  /** An empty bucket, which more than one is made of; and one that is not there. */
  make(): Promise<{ open(): Bucket; missing: Bucket }>;
}

export function describeBucket({ name, hasConditions, make }: BucketKind): void {
  describe(name, () => {
    let open: () => Bucket;
    let bucket: Bucket;
    let missing: Bucket;
    beforeAll(async () => {
      ({ open, missing } = await make());
      bucket = open();
    });
    const it: Subject = { bucket: () => bucket, open: () => open(), missing: () => missing };

    describe("one object", () => testObjects(it));
    describe("uploads", () => testUploads(it));
    describe("parts of an object", () => testRanges(it));
    describe("lists", () => testLists(it));
    describe("deletes", () => testDeletes(it));
    describe("failures", () => testFailures(it));
    describe("conditions", () => (hasConditions ? testConditions(it) : testNoConditions(it)));
  });
}

function testObjects({ bucket, open }: Subject): void {
  test("is read as it was put, with its metadata", async () => {
    const long = Object.fromEntries(["a", "b", "c", "d", "e"].map((n) => [n, n.repeat(240)]));
    const metadata = { "a-b": "1", json: '{"x": "y\\\\z"}', ...long };
    const put = await bucket().put("one/object", text("bytes"), { metadata });
    expect(put).toMatchObject({ outcome: "written", etag: expect.stringMatching(/^[^"]+$/) });
    const object = await open().get("one/object");
    expect(object).toMatchObject({ size: 5, length: 5, metadata });
    expect(object?.etag).toBe((put as { etag: string }).etag);
    expect(new TextDecoder().decode(object && (await readBody(object)))).toBe("bytes");
    const { body: _, length: __, ageMs, ...rest } = object ?? { ageMs: -1 };
    const head = await bucket().head("one/object");
    expect(head).toMatchObject(rest);
    expect(head?.ageMs).toBeGreaterThanOrEqual(Math.max(0, ageMs));
    expect(head).not.toHaveProperty("body");
  });

  test("is absent before it is put", async () => {
    expect(await bucket().get("nobody/put-this")).toBeUndefined();
    expect(await bucket().head("nobody/put-this")).toBeUndefined();
    expect(await open().head("nobody/put-this")).toBeUndefined();
  });

  test("may be empty, and large", async () => {
    const bytes = randomBytes(20 * 1024 * 1024);
    await bucket().put("sizes/empty", new Uint8Array());
    await bucket().put("sizes/large", bytes);
    expect(await read(bucket(), "sizes/empty")).toBe("");
    const large = await bucket().get("sizes/large");
    expect(large?.size).toBe(bytes.length);
    const found = Buffer.from(large ? await readBody(large) : []);
    expect(found.equals(bytes)).toBe(true);
  });

  test("is of a view's bytes only", async () => {
    await bucket().put("view", text("[view]").subarray(1, 5));
    expect(await read(bucket(), "view")).toBe("view");
  });

  test("has the bytes, the metadata and the etag of the last put", async () => {
    const etags = new Set<string | undefined>();
    for (const n of ["0", "1", "2", "3"]) {
      await bucket().put("again", text(n), { metadata: { n } });
      const head = await open().head("again");
      expect(head?.metadata).toEqual({ n });
      expect(await read(open(), "again")).toBe(n);
      etags.add(head?.etag);
    }
    expect(etags.size).toBe(4);
  });

  test.each([
    ...["a.b/c.d", ".hidden/.x", "-/_", "a..b/...c", "UPPER/upper", "upper/UPPER"],
    ...[`${"n".repeat(200)}/${"m".repeat(200)}`, "tmp/x", "lock", "0/1/2/3/4/5/6/7/8/9"],
  ])("is found by the name %s, and by no other", async (name) => {
    await bucket().put(name, text(name));
    await bucket().put(`${name}/below`, text("below"));
    expect(await read(bucket(), name)).toBe(name);
    expect(await read(bucket(), `${name}/below`)).toBe("below");
    expect(await bucket().head(`${name}/bel`)).toBeUndefined();
  });

  test.each(["", "/a", "a/", "a//b", "../a", "a/../b", "./a", "a b", "a~", "ä", "a\\b", "a\0b"])(
    "refuses the name %j",
    async (name) => {
      await expect(bucket().put(name, text("x"))).rejects.toThrow(RangeError);
      await expect(bucket().get(name)).rejects.toThrow(RangeError);
      await expect(bucket().head(name)).rejects.toThrow(RangeError);
      await expect(bucket().delete(["fine", name])).rejects.toThrow(RangeError);
    },
  );

  test("grows older by the store's clock", async () => {
    await bucket().put("age", text("x"));
    const young = await bucket().head("age");
    expect(young?.ageMs).toBeGreaterThanOrEqual(0);
    await setTimeout(2_100);
    const older = await open().head("age");
    const listed = await collect(bucket(), "age");
    // Of two times in whole seconds, the difference may be a second less.
    expect(older?.ageMs).toBeGreaterThanOrEqual(1_000);
    expect(listed[0]?.ageMs).toBeGreaterThanOrEqual(1_000);
    await bucket().put("age", text("x"));
    expect((await bucket().head("age"))?.ageMs).toBeLessThan(older?.ageMs ?? 0);
  });
}

function testRanges({ bucket }: Subject): void {
  beforeAll(async () => void (await bucket().put("range", text("0123456789"))));

  test.each([
    [0, 1, "0"],
    [3, 6, "345"],
    [9, 10, "9"],
    [8, 100, "89"],
    [0, 10, "0123456789"],
  ])("are the bytes from %i to %i", async (start, end, expected) => {
    const object = await bucket().get("range", { range: { start, end } });
    expect(object).toMatchObject({ size: 10, length: expected.length });
    expect(new TextDecoder().decode(object && (await readBody(object)))).toBe(expected);
  });

  test.each([
    [10, 11],
    [200, 300],
    [3, 3],
    [5, 3],
  ])("are refused where there is nothing from %i to %i", async (start, end) => {
    await expect(bucket().get("range", { range: { start, end } })).rejects.toThrow(StoreError);
  });

  test("are absent of an absent object, and refused of an empty one", async () => {
    await bucket().put("range-of-none", new Uint8Array());
    const range = { start: 0, end: 1 };
    expect(await bucket().get("nothing-here", { range })).toBeUndefined();
    await expect(bucket().get("range-of-none", { range })).rejects.toThrow(StoreError);
  });

  test("are of the version that is asked for, or refused", async () => {
    const { etag } = (await bucket().head("range")) ?? { etag: "" };
    const range = { start: 1, end: 3 };
    const found = await bucket().get("range", { etag, range });
    expect(new TextDecoder().decode(found && (await readBody(found)))).toBe("12");
    const wanted = { etag: etag.replaceAll(/./g, "0"), range };
    await expect(bucket().get("range", wanted)).rejects.toThrow(StoreError);
  });

  test("may be left before their end, and before their beginning", async () => {
    await bucket().put("left", randomBytes(4 * 1024 * 1024));
    // More than a client has connections: one that stays taken would block the last ones.
    for (let i = 0; i < 120; i++) {
      const object = await bucket().get("left");
      const iterator = object?.body[Symbol.asyncIterator]();
      if (i % 2 === 0) await iterator?.next();
      await iterator?.return?.();
      expect(await iterator?.next()).toMatchObject({ done: true });
    }
  });
}

async function collect(bucket: Bucket, prefix: string) {
  const all: ListedObject[] = [];
  for await (const object of bucket.list(prefix)) all.push(object);
  return all;
}

/** Does something for each, some at a time. */
async function forEach<T>(items: readonly T[], use: (item: T) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await use(item);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

function testUploads({ bucket, missing }: Subject): void {
  const piece = randomBytes(1024 * 1024);
  async function* pieces(count: number, andThen?: () => void) {
    for (let i = 0; i < count; i++) {
      yield piece;
      // Who takes it is done with it.
      piece[0] = i;
    }
    andThen?.();
  }

  test.each([0, 1, 20])("of %d pieces make an object", async (count) => {
    const wanted: Buffer[] = [];
    async function* noted() {
      for await (const one of pieces(count)) {
        wanted.push(Buffer.from(one));
        yield one;
      }
    }
    await bucket().upload("uploads/whole", noted());
    const found = await bucket().get("uploads/whole");
    expect(found?.size).toBe(count * piece.byteLength);
    expect(Buffer.from(found ? await readBody(found) : []).equals(Buffer.concat(wanted))).toBe(
      true,
    );
  });

  test("that fail leave nothing", async () => {
    const fail = () => {
      throw new Error("no more");
    };
    await expect(bucket().upload("uploads/failed", pieces(20, fail))).rejects.toThrow("no more");
    expect(await bucket().head("uploads/failed")).toBeUndefined();
    expect(await bucket().abortUploads?.(0, { dryRun: true })).toBe(0);
    await expect(missing().upload("uploads/failed", pieces(1))).rejects.toThrow(StoreError);
  });

  test("that are cancelled leave nothing, and throw the reason", async () => {
    const controller = new AbortController();
    const cancel = () => controller.abort(new Error("enough"));
    const { signal } = controller;
    const uploading = bucket().upload("uploads/cancelled", pieces(20, cancel), { signal });
    await expect(uploading).rejects.toThrow("enough");
    expect(await bucket().head("uploads/cancelled")).toBeUndefined();
    expect(await bucket().abortUploads?.(0, { dryRun: true })).toBe(0);
  });
}

function testLists({ bucket, open }: Subject): void {
  test("are in the order of names, whatever is folder or file", async () => {
    const names = ["a", "a-b", "a.b", "a/b", "a/b/c", "a/b-c", "a0", "aB/c", "ab", "a_", "b/a"];
    await forEach(names, (name) => bucket().put(`order/${name}`, text(name)));
    const listed = await collect(bucket(), "order/");
    expect(listed.map(({ name }) => name)).toEqual(names.map((name) => `order/${name}`).sort());
    expect(listed.map(({ size }) => size)).toEqual(listed.map(({ name }) => name.length - 6));
    expect(listed.every(({ ageMs }) => ageMs >= 0 && ageMs < 60_000)).toBe(true);
  });

  test("are of a prefix, which need not end with a part", async () => {
    await forEach(["xa/1", "xab/2", "xac", "xb"], (name) => bucket().put(`p/${name}`, text("")));
    const names = async (prefix: string) =>
      (await collect(bucket(), prefix)).map(({ name }) => name);
    expect(await names("p/xa")).toEqual(["p/xa/1", "p/xab/2", "p/xac"]);
    expect(await names("p/xa/")).toEqual(["p/xa/1"]);
    expect(await names("p/xac")).toEqual(["p/xac"]);
    expect(await names("p/none")).toEqual([]);
    expect((await names("")).filter((name) => name.startsWith("p/"))).toHaveLength(4);
  });

  test("have all of more than a thousand, and can be left", async () => {
    const names = Array.from({ length: 1_130 }, (_, i) => `many/${i % 7}/${i}`);
    await forEach(names, (name) => bucket().put(name, text("")));
    const listed = (await collect(open(), "many/")).map(({ name }) => name);
    expect(listed).toEqual(names.sort());
    for await (const { name } of bucket().list("many/")) {
      expect(name).toBe(names[0]);
      break;
    }
    await bucket().delete(names);
    expect(await collect(bucket(), "many/")).toEqual([]);
  });
}

function testDeletes({ bucket }: Subject): void {
  test("remove what is there, and what is not", async () => {
    await forEach(["d/a", "d/b", "d/c"], (name) => bucket().put(name, text("x")));
    await bucket().delete(["d/a", "d/never-was", "d/c"]);
    await bucket().delete(["d/a"]);
    await bucket().delete([]);
    expect((await collect(bucket(), "d/")).map(({ name }) => name)).toEqual(["d/b"]);
    expect(await bucket().head("d/a")).toBeUndefined();
    await bucket().put("d/a", text("again"));
    expect(await read(bucket(), "d/a")).toBe("again");
  });

  test("of uploads spare the young ones", async () => {
    expect(await bucket().abortUploads?.(3_600_000)).toBe(0);
    expect(await bucket().abortUploads?.(3_600_000, { dryRun: true })).toBe(0);
  });
}

function testFailures({ bucket, missing }: Subject): void {
  test("of a bucket that is not there are errors, and no absence", async () => {
    const calls: readonly (() => Promise<unknown>)[] = [
      () => missing().get("x"),
      () => missing().head("x"),
      () => missing().put("x", text("x")),
      () => missing().delete(["x"]),
      () => missing().delete(["x", "y"]),
      () => collect(missing(), ""),
      async () => missing().abortUploads?.(0),
    ];
    for (const call of calls) {
      const error = await call().then(String, (reason: unknown) => reason);
      expect(error).toBeInstanceOf(StoreError);
      expect((error as StoreError).location).toContain(missing().url);
    }
  });

  test("of what is cancelled are its reason", async () => {
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(bucket().put("cancelled", text("x"), { signal })).rejects.toBe(reason);
    await expect(bucket().get("range", { signal })).rejects.toBe(reason);
    await expect(bucket().head("range", { signal })).rejects.toBe(reason);
    await expect(bucket().delete(["range"], { signal })).rejects.toBe(reason);
    await expect(bucket().delete(["range", "left"], { signal })).rejects.toBe(reason);
    await expect(bucket().list("", { signal }).next()).rejects.toBe(reason);
    expect(await bucket().head("cancelled")).toBeUndefined();
    expect(await read(bucket(), "range")).toBe("0123456789");
  });

  test("of a body that is cancelled on its way are the reason", async () => {
    await bucket().put("long", randomBytes(20 * 1024 * 1024));
    const controller = new AbortController();
    const object = await bucket().get("long", { signal: controller.signal });
    const reason = new Error("enough");
    const reading = (async () => {
      for await (const _ of object?.body ?? []) controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
  });
}
