/** The thread that asks the shared tier for synchronous functions: how it begins, ends and fails. */
import { once } from "node:events";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { bucketTier, folderTier } from "../../src/tier.ts";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { hostOf, names } from "./hosts.ts";

const LIMIT_MS = 30_000;

/** A module that calls a synchronous function once, and then does something. */
function sourceThat(does: string, folder: string, location = temporaryFolder()): string {
  return `
    import { Memory } from "bloscache";
    import { folderTier } from "bloscache/tier";
    const shared = folderTier({ folder: ${JSON.stringify(folder)} });
    const memory = new Memory({ location: ${JSON.stringify(location)}, shared });
    let runs = 0;
    const f = memory.memoize((n) => (runs++, new Float64Array(n)), { id: "zeros", version: "1" });
    f(100);
    f(100_000);
    console.log(runs);
    ${does}`;
}

const numbersOf = (n: number) => new Float64Array(n);

describe("the agent of a thread", () => {
  const warnings = collectWarnings();
  const codes = () => warnings.map(({ code }) => code);

  test.each([
    ["by itself, when everything is sent", "", 2],
    ["by process.exit, and what is not sent is kept", "process.exit(0);", undefined],
    [
      "when its cache was deleted",
      "(await import('node:fs')).rmSync(memory.location, { recursive: true });",
      undefined,
    ],
    ["when it was disposed of", "await memory[Symbol.asyncDispose]();", 2],
    ["when it was disposed of at once", "memory[Symbol.dispose]();", 2],
  ])("lets the process end %s", async (_, does, sent) => {
    const [folder, location] = [temporaryFolder(), temporaryFolder()];
    expect(await inChild(sourceThat(does, folder, location), {}, LIMIT_MS)).toBe(2);
    if (sent !== undefined) {
      expect(await names(new FolderBucket(folder))).toHaveLength(sent);
    } else if (does.includes("exit")) {
      expect(await inChild(sourceThat("", folder, location), {}, LIMIT_MS)).toBe(0);
      expect(await names(new FolderBucket(folder))).toHaveLength(2);
    }
  });

  test("begins again after its cache was disposed of", async () => {
    const folder = temporaryFolder();
    const { memory, events } = hostOf(folderTier({ folder }));
    const f = memory.memoize(numbersOf, { id: "zeros" });
    for (const n of [1, 2, 3]) {
      f(n);
      await memory[Symbol.asyncDispose]();
      expect(await names(new FolderBucket(folder))).toHaveLength(n);
    }
    expect(events).not.toContain("wait");
  });

  test("ends with a worker thread that is terminated, whatever that does", async () => {
    const folder = temporaryFolder();
    for (let waitMs = 0; waitMs < 400; waitMs += 40) {
      const loop = "for (let n = 1; ; n++) { f(n); if (n % 3 === 0) f.invalidate(n); }";
      const source = `
        const run = async () => { ${sourceThat(loop, folder).replaceAll(/import (.*) from (".*");/g, "const $1 = await import($2);")} };
        run();`;
      const worker = new Worker(source, { eval: true, stdout: true });
      await once(worker, "online");
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await worker.terminate();
    }
    const host = hostOf(folderTier({ folder }));
    expect(host.memory.memoize(numbersOf, { id: "zeros", version: "1" })(1)).toEqual(numbersOf(1));
  });

  test("that cannot begin costs a warning, and calls compute", async () => {
    const place = temporaryFolder();
    const folder = join(place, "tier");
    const { memory, events } = hostOf(folderTier({ folder }));
    renameSync(folder, join(place, "away"));
    writeFileSync(folder, "no folder");
    const f = memory.memoize(numbersOf, { id: "zeros" });
    expect([f(1), f(2)]).toEqual([numbersOf(1), numbersOf(2)]);
    await nextTurn();
    expect(codes()).toContain("SHARED_AGENT_FAILED");
    expect(events).toEqual(["miss", "store", "miss", "store"]);
    rmSync(folder);
    renameSync(join(place, "away"), folder);
  });

  test("tells what it cannot reach in the thread that it works for, and calls compute", async () => {
    const place = temporaryFolder();
    const folder = join(place, "tier");
    const { memory, events } = hostOf(folderTier({ folder }));
    const f = memory.memoize(numbersOf, { id: "zeros" });
    f(1);
    // It may be sending still.
    rmSync(folder, { recursive: true, maxRetries: 20 });
    writeFileSync(folder, "no folder");
    for (let n = 2; n < 20; n++) expect(f(n)).toEqual(numbersOf(n));
    await memory[Symbol.asyncDispose]();
    await nextTurn();
    expect(codes()).toContain("SHARED_UNREACHABLE");
    expect(codes()).not.toContain("SHARED_AGENT_FAILED");
    expect(events).not.toContain("fetch");
    rmSync(folder);
    mkdirSync(folder);
  });

  test("has each event of an eviction told", async () => {
    const folder = temporaryFolder();
    const a = hostOf(folderTier({ folder }));
    const there = a.memory.memoize(numbersOf, { id: "zeros", version: "1" });
    for (let n = 1; n <= 20; n++) there(n);
    await a.memory[Symbol.asyncDispose]();
    const b = hostOf(folderTier({ folder }), { limitItems: 5 });
    const here = b.memory.memoize(numbersOf, { id: "zeros", version: "1" });
    for (let n = 1; n <= 20; n++) here(n);
    await b.memory[Symbol.asyncDispose]();
    const count = (type: string) => b.events.filter((one) => one === type).length;
    const { items } = b.memory.size();
    expect(items).toBeLessThanOrEqual(5);
    // What goes before it is read is computed.
    expect(count("fetch") + count("store") - count("evict")).toBe(items);
    expect(b.memory.stats().evictions).toBe(count("evict"));
  });

  test("has the signingKey, which nobody sees who prints the tier", async () => {
    const folder = temporaryFolder();
    const keys = ["first secret of 32 bytes and more", "another secret of 32 bytes, or so"];
    for (const [signingKey, expected] of [
      [keys[0], ["miss", "store"]],
      [keys[0], ["fetch", "hit"]],
      [keys[1], ["miss", "store"]],
    ] as const) {
      const tier = folderTier({ folder, signingKey: signingKey as string });
      const { memory, events } = hostOf(tier);
      memory.memoize(numbersOf, { id: "zeros", version: "1" })(1);
      expect(events).toEqual(expected);
      await memory[Symbol.asyncDispose]();
      const shown = inspect({ tier, memory }, { depth: 20, showHidden: true });
      expect(shown).not.toContain("secret");
    }
    await nextTurn();
    expect(codes()).toEqual(["SHARED_REFUSED"]);
    expect(warnings.map(({ message }) => message).join()).not.toContain("secret");
  });

  test("cannot have a bucket of one's own, which is told once", async () => {
    const bucket = new FolderBucket(temporaryFolder());
    const { memory, events } = hostOf(bucketTier(bucket));
    const f = memory.memoize(numbersOf, { id: "zeros" });
    expect([f(1), f(2)]).toEqual([numbersOf(1), numbersOf(2)]);
    await memory[Symbol.asyncDispose]();
    expect(codes()).toEqual(["SHARED_NOT_PORTABLE"]);
    expect(events).toEqual(["miss", "store", "miss", "store"]);
    expect(await names(bucket)).toHaveLength(2);
  });

  test("is not wanted with { sync: false }: calls compute, and results are sent", async () => {
    const folder = temporaryFolder();
    for (const _ of [1, 2]) {
      const { memory, events } = hostOf(folderTier({ folder, sync: false }));
      memory.memoize(numbersOf, { id: "zeros", version: "1" })(1);
      await memory[Symbol.asyncDispose]();
      expect(events).toEqual(["miss", "store"]);
    }
    expect(await names(new FolderBucket(folder))).toHaveLength(1);
    expect(codes()).toEqual([]);
  });
});
