/** What users do while results are on their way from and to the tier is what counts. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { StoreError } from "../../src/errors.ts";
import { Memory, type MemoryOptions } from "../../src/index.ts";
import type { Bucket } from "../../src/tier/bucket.ts";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { bucketTier } from "../../src/tier.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";

type Method = "get" | "head" | "put" | "upload" | "delete";
type Before = (name: string) => Promise<void> | void;

/** A bucket in a folder, before whose methods something else happens; it is of another process, say. */
function bucketWith(
  before: { [method in Method]?: Before } = {},
  folder = temporaryFolder(),
): Bucket {
  const inner = new FolderBucket(folder);
  const wrapped = (method: Method) =>
    async function call(name: string | readonly string[], ...rest: never[]) {
      await before[method]?.(String(name));
      return (inner[method] as (...args: unknown[]) => unknown)(name, ...rest);
    };
  return {
    url: inner.url,
    list: (...args: Parameters<Bucket["list"]>) => inner.list(...args),
    ...Object.fromEntries(
      (["get", "head", "put", "upload", "delete"] as const).map((name) => [name, wrapped(name)]),
    ),
  } as Bucket;
}

const refused = () => {
  throw new StoreError("reach", "nowhere:", new Error("no"));
};

const opened: Memory[] = [];

afterEach(async () => {
  for (const memory of opened.splice(0)) await memory[Symbol.asyncDispose]();
});

function memoryOn(
  bucket: Bucket,
  options: Partial<MemoryOptions> & { readOnly?: never } = {},
): Memory {
  const memory = new Memory({
    location: temporaryFolder(),
    shared: bucketTier(bucket, {}),
    ...options,
  });
  opened.push(memory);
  return memory;
}

const warnings = collectWarnings();

async function resultsIn(bucket: Bucket): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of bucket.list("results/")) names.push(name);
  return names;
}

/** A bucket that has the result of `old(1)`, and is slow to give it. */
async function slowBucket(fn: (n: number) => Promise<string>): Promise<Bucket> {
  const folder = temporaryFolder();
  const first = memoryOn(bucketWith({}, folder));
  await first.memoize(fn, { id: "old" })(1);
  await first[Symbol.asyncDispose]();
  return bucketWith({ get: async () => void (await sleep(100)) }, folder);
}

test("what is invalidated while it is brought is not stored", async () => {
  const old = async (_n: number) => "old";
  const f = memoryOn(await slowBucket(old)).memoize(old, { id: "old" });
  const call = f(1);
  await sleep(20);
  f.invalidate(1);
  await call;
  expect(f.has(1)).toBe(false);
});

test("what is set while another result is brought stays", async () => {
  const old = async (_n: number) => "old";
  const f = memoryOn(await slowBucket(old)).memoize(old, { id: "old" });
  const call = f(1);
  await sleep(20);
  await f.set([1], "set");
  await call;
  expect(await f(1)).toBe("set");
});

test("what is set or invalidated while an old result is revalidated stays so", async () => {
  for (const change of ["set", "invalidate"] as const) {
    const memory = memoryOn(bucketWith({ get: async () => void (await sleep(100)) }));
    let value = "old";
    const options = { id: `swr-${change}`, ttlMs: 500, staleWhileRevalidateMs: 60_000 };
    const f = memory.memoize(async (_n: number) => value, options);
    await f(1);
    await memory[Symbol.asyncDispose]();
    await sleep(600);
    value = "revalidated";
    expect(await f(1)).toBe("old");
    if (change === "set") await f.set([1], "set");
    else f.invalidate(1);
    await memory[Symbol.asyncDispose](); // which waits for what goes on behind
    expect(await f.peek(1)).toBe(change === "set" ? "set" : undefined);
  }
});

test("what goes on behind is waited for at the end", async () => {
  const memory = memoryOn(bucketWith({ get: async () => void (await sleep(100)) }));
  let runs = 0;
  const options = { id: "behind", ttlMs: 200, staleWhileRevalidateMs: 60_000 };
  const f = memory.memoize(async (_n: number) => runs++, options);
  await f(1);
  await memory[Symbol.asyncDispose]();
  await sleep(300);
  await f(1);
  await memory[Symbol.asyncDispose]();
  expect(runs).toBe(2);
});

test("what is invalidated by one Memory of a folder is not brought back by another", async () => {
  const bucket = bucketWith({ delete: async () => void (await sleep(100)) });
  const location = temporaryFolder();
  let runs = 0;
  const fn = async (_n: number) => `v${runs++}`;
  const [one, other] = [memoryOn(bucket, { location }), memoryOn(bucket, { location })];
  const [f, g] = [one.memoize(fn, { id: "v" }), other.memoize(fn, { id: "v" })];
  await f(1);
  await one[Symbol.asyncDispose]();
  f.invalidate(1);
  expect([await g(1), await f(1)]).toEqual(["v1", "v1"]);
});

test("what is invalidated comes back neither when the queue is full, nor from a tier that is only read", async () => {
  let gate: Promise<void> | undefined;
  let open = () => {};
  const folder = temporaryFolder();
  const memory = memoryOn(
    bucketWith({ put: (name) => (name.startsWith("results/") ? gate : undefined) }, folder),
  );
  let runs = 0;
  const fn = async (_n: number) => `v${runs++}`;
  const f = memory.memoize(fn, { id: "v" });
  await f(1);
  await memory[Symbol.asyncDispose]();
  gate = new Promise((resolve) => {
    open = resolve;
  });
  const fill = memory.memoize((n: number) => n, { id: "fill" });
  for (let n = 0; n < 1010; n++) fill(n);
  f.invalidate(1);
  await nextTurn();
  expect(warnings.map(({ code }) => code)).toContain("SHARED_QUEUE_FULL");
  expect(await f(1)).toBe("v1");
  const reader = memoryOn(bucketWith({}, folder), {
    shared: bucketTier(bucketWith({}, folder), { readOnly: true }),
  });
  const g = reader.memoize(fn, { id: "v" });
  await g(1);
  g.invalidate(1);
  const before = runs;
  await g(1);
  expect(runs).toBe(before + 1);
  reader.clear();
  await reader[Symbol.asyncDispose]();
  await g(1);
  expect(runs).toBe(before + 2);
  open();
});

test("the end is not held up by what cannot be sent", async () => {
  const bucket = bucketWith({
    delete: (name) => (name.startsWith("probe/") ? undefined : refused()),
  });
  const memory = memoryOn(bucket);
  const f = memory.memoize(async (n: number) => n, { id: "same" });
  await f(1);
  await memory[Symbol.asyncDispose]();
  f.invalidate(1);
  await sleep(20);
  await f(2);
  const outcome = await Promise.race([memory[Symbol.asyncDispose](), sleep(5000, "hangs")]);
  expect(outcome).toBeUndefined();
});

test("a tier that is only read sends nothing that others have left", async () => {
  const [location, folder] = [temporaryFolder(), temporaryFolder()];
  let isDown = true;
  const down = () => (isDown ? refused() : undefined);
  const first = memoryOn(bucketWith({ get: down, put: down, head: down }, folder), { location });
  await first.memoize(async (n: number) => n, { id: "left" })(1);
  await first[Symbol.asyncDispose]();
  isDown = false;
  const bucket = bucketWith({}, folder);
  const reader = memoryOn(bucket, { location, shared: bucketTier(bucket, { readOnly: true }) });
  await nextTurn();
  await nextTurn();
  await reader[Symbol.asyncDispose]();
  expect(await resultsIn(bucket)).toEqual([]);
  const other = bucketWith();
  await nextTurn();
  const next = memoryOn(other, { location });
  await nextTurn();
  await nextTurn();
  await next[Symbol.asyncDispose]();
  expect(await resultsIn(other)).toEqual([]); // it was not for this one
});

test("an error that has taken the place of a result is not sent in its stead", async () => {
  const [location, folder] = [temporaryFolder(), temporaryFolder()];
  let isDown = true;
  const down = () => (isDown ? refused() : undefined);
  const options = { id: "fails", ttlMs: 100, cacheErrors: { ttlMs: 60_000 } };
  let fails = false;
  const fn = async (n: number) => {
    if (fails) throw new Error("mine");
    return n;
  };
  const memory = memoryOn(bucketWith({ get: down, put: down, head: down }, folder), { location });
  const f = memory.memoize(fn, options);
  await f(1);
  await sleep(150);
  fails = true;
  await expect(f(1)).rejects.toThrow("mine");
  await memory[Symbol.asyncDispose]();
  isDown = false;
  const next = memoryOn(bucketWith({}, folder), { location });
  await nextTurn();
  await nextTurn();
  await next[Symbol.asyncDispose]();
  expect(await resultsIn(bucketWith({}, folder))).toEqual([]);
});

test("a refresh that waits to be sent is not forgotten for what is computed later", async () => {
  const [location, folder] = [temporaryFolder(), temporaryFolder()];
  let isDown = false;
  const down = () => (isDown ? refused() : undefined);
  const bucket = bucketWith({ get: down, put: down, head: down }, folder);
  const memory = memoryOn(bucket, { location });
  let value = "old";
  const f = memory.memoize(async (_n: number) => value, { id: "refreshed" });
  await f(1);
  await memory[Symbol.asyncDispose]();
  const [name = ""] = await resultsIn(bucket);
  const before = await new FolderBucket(folder).head(name);
  isDown = true;
  value = "new";
  await f.refresh(1);
  await sleep(20);
  memory.clear();
  await f(1);
  await memory[Symbol.asyncDispose]();
  isDown = false;
  await f(2); // who comes next sends what was left
  await sleep(100);
  await memory[Symbol.asyncDispose]();
  expect((await new FolderBucket(folder).head(name))?.etag).not.toBe(before?.etag);
});

test("many failures at once are one reason to wait", async () => {
  let isDown = true;
  let asked = 0;
  const down = async () => {
    asked++;
    await sleep(5);
    if (isDown) refused();
  };
  const memory = memoryOn(bucketWith({ get: down, put: down, head: down }));
  const f = memory.memoize(async (n: number) => n, { id: "burst" });
  await Promise.all(Array.from({ length: 20 }, (_, n) => f(n)));
  isDown = false;
  asked = 0;
  const isAsked = async () => {
    await f(Math.random());
    return asked > 0;
  };
  await expect.poll(isAsked, { timeout: 8000, interval: 100 }).toBe(true);
});

test("files whose result was refused are not sent again and again by who may not delete", async () => {
  let uploads = 0;
  const folder = temporaryFolder();
  const other = memoryOn(bucketWith({}, folder));
  const pair = async () => [new Float64Array(50_000).fill(1), new Float64Array(50_000).fill(2)];
  const theirs = other.memoize(pair, { id: "pair", version: 1 });
  await theirs();
  await other[Symbol.asyncDispose]();
  const bucket = bucketWith({ delete: refused, upload: () => void uploads++ }, folder);
  const memory = memoryOn(bucket);
  let isRace = true;
  const ours = memory.memoize(
    async () => {
      if (isRace) await theirs.refresh();
      isRace = false;
      await other[Symbol.asyncDispose]();
      return pair();
    },
    { id: "pair", version: 1, validate: () => false },
  );
  await ours();
  await sleep(1500);
  await memory[Symbol.asyncDispose]();
  expect(uploads).toBe(2);
});

test("nothing is done after the end, and a folder that was deleted stays so", async () => {
  const location = join(temporaryFolder(), "cache");
  let isDown = true;
  const down = () => (isDown ? refused() : undefined);
  const memory = memoryOn(bucketWith({ get: down, put: down, head: down }), { location });
  const f = memory.memoize(async (n: number) => n, { id: "gone" });
  await f(1);
  await memory[Symbol.asyncDispose]();
  const { rmSync, existsSync } = await import("node:fs");
  rmSync(location, { recursive: true });
  isDown = false;
  await sleep(1500);
  expect(existsSync(location)).toBe(false);
  expect(warnings.map(({ code }) => code)).toContain("SHARED_UNSENT");
});
