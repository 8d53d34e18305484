/** What a shared tier does for caches, whatever its bucket is. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { Memory } from "../../src/index.ts";
import { xxh64 } from "../../src/store/hash.ts";
import { readBody } from "../../src/tier/bucket.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { type Host, hostOf, names, type Place, type TierSubject } from "./hosts.ts";

/** A function whose computations are counted, on all hosts together. */
function countedOn(runs: { count: number }) {
  return ({ memory }: Host, options = {}) =>
    memory.memoize(
      async function squares(n: number) {
        runs.count++;
        return { data: Float64Array.from({ length: n }, (_, i) => i * i), name: `${n} squares` };
      },
      { id: "squares", ...options },
    );
}

const SMALL = 10;
const LARGE = 100_000;

export function tierContract({ name, isInstalled, hasLeases, makePlace }: TierSubject): void {
  describe.skipIf(!isInstalled)(`a shared tier in ${name}`, () => {
    const warnings = collectWarnings();
    const codes = () =>
      warnings.map(({ code }) => code).filter((code) => code !== "SHARED_WITHOUT_LEASES");
    let place: Place;

    beforeAll(async () => {
      place = await makePlace();
    });

    describe.each([SMALL, LARGE])("a result of %d numbers", (n) => {
      test("is computed on one machine, and found on another, which stores it", async () => {
        const place = await makePlace();
        const runs = { count: 0 };
        const counted = countedOn(runs);
        const a = hostOf(place.tier());
        const made = await counted(a)(n);
        await a.memory[Symbol.asyncDispose]();
        const b = hostOf(place.tier());
        const f = counted(b);
        expect(await f(n)).toEqual(made);
        expect(await f(n)).toEqual(made);
        expect(runs.count).toBe(1);
        expect(a.events).toEqual(["miss", "store"]);
        expect(b.events).toEqual(["fetch", "hit", "hit"]);
        expect(b.memory.stats()).toMatchObject({ fetches: 1, hits: 2, computedMs: 0 });
        expect(f.info(n)).toMatchObject({ id: "squares" });
        expect(await b.memory.verify()).toMatchObject({ findings: [] });
        expect(await names(place.bucket)).toHaveLength(1);
      });
    });

    test("gives everything that can be a result, in as many objects as it needs", async () => {
      const place = await makePlace();
      const results = {
        number: 42,
        nothing: undefined,
        nested: { a: [new Map([["x", new Uint8Array([1, 2, 3])]]), null], b: new Date(5) },
        two: [new Float32Array(50_000).fill(1.5), new BigInt64Array(20_000).fill(7n)],
        text: "ä".repeat(100_000),
        small: [new Int16Array([1, 2]), new Float64Array([0.1, -0])],
        empty: new Float64Array(),
        // Of so many words that they are a file, and there is no other.
        words: Array.from({ length: 3_000 }, (_, i) => ({ i, name: `the name of ${i}` })),
      };
      const remember = ({ memory }: Host) =>
        memory.memoize(async (which: keyof typeof results) => results[which], { id: "remember" });
      const a = hostOf(place.tier());
      const there = remember(a);
      for (const which of Object.keys(results)) await there(which as never);
      await a.memory[Symbol.asyncDispose]();
      const b = hostOf(place.tier());
      const here = remember(b);
      for (const [which, result] of Object.entries(results)) {
        expect(await here(which as never)).toEqual(result);
      }
      expect(b.events.filter((type) => type === "fetch")).toHaveLength(8);
      expect(b.events).not.toContain("miss");
    });

    test("has what synchronous functions compute", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      a.memory.memoize((n: number) => new Float64Array(n), { id: "sync" })(5);
      await a.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket)).toHaveLength(1);
    });

    test("has no errors, which are of one machine", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      const fail = async () => {
        throw new Error("no");
      };
      const f = a.memory.memoize(fail, { id: "fail", cacheErrors: true });
      await expect(f()).rejects.toThrow("no");
      await a.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket)).toEqual([]);
    });

    test("forgets what is invalidated, and takes what is refreshed or set", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier());
      const f = counted(a);
      await f(SMALL);
      await a.memory[Symbol.asyncDispose]();
      f.invalidate(SMALL);
      await a.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket)).toEqual([]);
      await f(SMALL);
      await f.set([SMALL], { data: new Float64Array(1), name: "set" });
      await a.memory[Symbol.asyncDispose]();
      expect(await counted(hostOf(place.tier()))(SMALL)).toMatchObject({ name: "set" });
      expect(runs.count).toBe(2);
    });

    test("gives nothing that is older than the call allows, and has it replaced", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier());
      await counted(a)(SMALL);
      await a.memory[Symbol.asyncDispose]();
      const [object] = await names(place.bucket);
      const before = await place.bucket.head(object as string);
      const b = hostOf(place.tier());
      await counted(b, { validate: () => runs.count > 1 })(SMALL);
      await b.memory[Symbol.asyncDispose]();
      expect(runs.count).toBe(2);
      expect(b.events).toEqual(["miss", "store"]);
      expect((await place.bucket.head(object as string))?.etag).not.toBe(before?.etag);
    });

    test.each([
      ["cut short", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 3)],
      ["damaged", (bytes: Uint8Array) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte))],
      ["foreign", () => new Uint8Array(randomBytes(100))],
      ["empty", () => new Uint8Array()],
      ["oversized", () => new Uint8Array(33 * 1024 * 1024)],
    ])("refuses an object that is %s, and puts another in its place", async (_, change) => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier());
      await counted(a)(LARGE);
      await a.memory[Symbol.asyncDispose]();
      const [object = ""] = await names(place.bucket);
      const found = await place.bucket.get(object);
      if (found === undefined) throw new Error("It is not there");
      const { metadata } = found;
      await place.bucket.put(object, change(await readBody(found)), { metadata });
      const b = hostOf(place.tier());
      expect((await counted(b)(LARGE)).name).toBe(`${LARGE} squares`);
      await b.memory[Symbol.asyncDispose]();
      expect(runs.count).toBe(2);
      expect(codes()).toEqual(["SHARED_REFUSED"]);
      const c = hostOf(place.tier());
      expect((await counted(c)(LARGE)).data[3]).toBe(9);
      expect(c.events).toEqual(["fetch", "hit"]);
    });

    test.each(["missing", "damaged"])("refuses a result of which a file is %s", async (fault) => {
      const place = await makePlace();
      const runs = { count: 0 };
      const pair = ({ memory }: Host) =>
        memory.memoize(
          async function pair() {
            runs.count++;
            return [new Float64Array(30_000).fill(1), new Float64Array(30_000).fill(2)];
          },
          { id: "pair" },
        );
      const a = hostOf(place.tier());
      await pair(a)();
      await a.memory[Symbol.asyncDispose]();
      const listed = await names(place.bucket);
      const side = listed.find((name) => name.endsWith("-1.blp")) ?? "";
      const found = await place.bucket.get(side);
      if (found === undefined) throw new Error("It is not there");
      const bytes = await readBody(found);
      if (fault === "missing") await place.bucket.delete([side]);
      else await place.bucket.put(side, bytes.fill(1, 500, 510));
      const b = hostOf(place.tier());
      expect((await pair(b)())[1]?.[7]).toBe(2);
      await b.memory[Symbol.asyncDispose]();
      expect(runs.count).toBe(2);
      expect(codes()).toEqual(["SHARED_REFUSED"]);
      const c = hostOf(place.tier());
      expect((await pair(c)())[0]?.[7]).toBe(1);
      expect(c.events).toEqual(["fetch", "hit"]);
    });

    test("does not hand on what the disk has spoilt", async () => {
      const place = await makePlace();
      const folder = temporaryFolder();
      const memory = new Memory(folder);
      const compute = async () => new Float64Array(50_000).fill(3);
      const f = memory.memoize(compute, { id: "spoilt" });
      await f();
      const [file = ""] = f.info()?.files ?? [];
      const { row } = JSON.parse(JSON.stringify(await f.shelve()));
      const bytes = readFileSync(file);
      bytes[bytes.length - 20] = (bytes.at(-20) ?? 0) ^ 1;
      writeFileSync(file, bytes);
      const host = hostOf(place.tier(), { location: folder });
      const errand = { action: "publish", row, replaces: "nothing" };
      const tier = xxh64(Buffer.from(place.bucket.url)).toString(16).padStart(16, "0");
      const outbox = join(folder, "shared", tier, "outbox", "gone");
      mkdirSync(outbox, { recursive: true });
      writeFileSync(join(outbox, `${row}.json`), JSON.stringify(errand));
      await nextTurn();
      await nextTurn();
      await host.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket)).toEqual([]);
      expect(codes()).toEqual(["SHARED_UNSENT"]);
    });

    test("refuses the result of another call under this one's name", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier());
      const there = counted(a);
      await there(SMALL);
      await there(SMALL + 1);
      await a.memory[Symbol.asyncDispose]();
      const [one = "", other = ""] = await names(place.bucket);
      const found = await place.bucket.get(one);
      if (found === undefined) throw new Error("It is not there");
      await place.bucket.put(other, await readBody(found), { metadata: found.metadata });
      const f = counted(hostOf(place.tier()));
      expect([(await f(SMALL)).name, (await f(SMALL + 1)).name]).toEqual([
        "10 squares",
        "11 squares",
      ]);
      expect(codes()).toEqual(["SHARED_REFUSED"]);
    });

    test("with a signingKey uses only what is signed with it, under its name", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const [ours, others] = [randomBytes(32), randomBytes(32)];
      for (const signingKey of [others, undefined, ours]) {
        const options = signingKey === undefined ? {} : { signingKey };
        const host = hostOf(place.tier(options));
        await counted(host)(SMALL);
        await host.memory[Symbol.asyncDispose]();
      }
      expect(runs.count).toBe(3);
      expect(codes()).toEqual(["SHARED_REFUSED"]); // of one result it is told once
      const host = hostOf(place.tier({ signingKey: ours }));
      await counted(host)(SMALL);
      expect(runs.count).toBe(3);
    });

    test("is not written to when it is readOnly", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier({ readOnly: true }));
      await counted(a)(SMALL);
      await a.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket, "")).toEqual([]);
      const b = hostOf(place.tier());
      await counted(b)(SMALL);
      await b.memory[Symbol.asyncDispose]();
      await counted(hostOf(place.tier({ readOnly: true })))(SMALL);
      expect(runs.count).toBe(2);
    });

    test.runIf(hasLeases)("has one machine compute, while others wait", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const slow = ({ memory }: Host) =>
        memory.memoize(
          async function slow() {
            runs.count++;
            await new Promise((resolve) => setTimeout(resolve, 300));
            return new Float64Array(3);
          },
          { id: "slow" },
        );
      const hosts = Array.from({ length: 5 }, () => hostOf(place.tier()));
      const results = await Promise.all(hosts.map((host) => slow(host)()));
      expect(results).toEqual(Array(5).fill(new Float64Array(3)));
      expect(runs.count).toBe(1);
      expect(hosts.filter(({ events }) => events.includes("wait"))).toHaveLength(4);
    });

    test.runIf(hasLeases)("has another machine compute when the first one fails", async () => {
      const place = await makePlace();
      let runs = 0;
      const flaky = ({ memory }: Host) =>
        memory.memoize(
          async function flaky() {
            const run = runs++;
            await new Promise((resolve) => setTimeout(resolve, 100));
            if (run === 0) throw new Error("no");
            return run;
          },
          { id: "flaky" },
        );
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => flaky(hostOf(place.tier()))()));
      const values = outcomes.map((outcome) =>
        outcome.status === "fulfilled" ? outcome.value : "no",
      );
      expect(values.sort()).toEqual([1, 1, "no"]);
      expect(runs).toBe(2);
    });

    test("lets a caller leave who waits for it", async () => {
      const place = await makePlace();
      const wait = ({ memory }: Host) =>
        memory.memoize(
          (async (_signal: AbortSignal) =>
            new Promise((resolve) => setTimeout(resolve, 200, 1))) as (
            signal: AbortSignal,
          ) => Promise<number>,
          { id: "wait" },
        );
      const never = new AbortController();
      const first = wait(hostOf(place.tier()))(never.signal);
      const controller = new AbortController();
      const second = wait(hostOf(place.tier()))(controller.signal);
      controller.abort(new Error("left"));
      await expect(second).rejects.toThrow("left");
      expect(await first).toBe(1);
    });

    test("keeps what is not sent in its folder, and nothing else", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      await countedOn({ count: 0 })(a)(SMALL);
      await a.memory[Symbol.asyncDispose]();
      await nextTurn();
      const left = readdirSync(join(a.location, "shared"), { recursive: true, encoding: "utf8" });
      expect(left.filter((path) => path.endsWith(".json"))).toEqual([]);
    });

    test("tells once that its bucket has no conditional writes, if it has none", async () => {
      await countedOn({ count: 0 })(hostOf(place.tier()))(SMALL);
      await nextTurn();
      const told = warnings.filter(({ code }) => code === "SHARED_WITHOUT_LEASES");
      expect(told).toHaveLength(hasLeases ? 0 : 1);
    });
  });
}
