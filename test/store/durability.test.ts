import { execFileSync, spawn } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = new URL("../..", import.meta.url);

describe("a process that is killed while it stores", () => {
  // Says every call that has returned; the results are large and small in turn.
  const writer = `
    import { Memory } from "bloscache";
    const memory = new Memory(process.env.LOCATION);
    const square = memory.memoize(function square(i) {
      return new Float64Array(i % 2 === 0 ? 10 : 40_000).fill(i * i);
    });
    for (let i = 0; ; i++) {
      square(i);
      process.stdout.write(i + "\\n");
    }`;
  const reader = `
    import { Memory } from "bloscache";
    const memory = new Memory(process.env.LOCATION);
    let runs = 0;
    const warned = [];
    process.on("warning", ({ message }) => warned.push(message));
    const square = memory.memoize(function square(i) {
      runs++;
      return new Float64Array(i % 2 === 0 ? 10 : 40_000).fill(i * i);
    });
    let wrong = 0;
    for (let i = 0; i < Number(process.env.COUNT); i++) {
      if (!square(i).every((x) => x === i * i)) wrong++;
    }
    setImmediate(() => console.log(JSON.stringify({ runs, wrong, warned })));`;
  // The reader must be the same function to the cache as the writer.
  const asWriter = reader.replace("      runs++;\n", "");

  it.each([40, 90, 150, 260])(
    "after %i ms of work loses nothing that it had returned",
    async (ms) => {
      const LOCATION = temporaryFolder();
      const child = spawn(process.execPath, ["--input-type=module", "-e", writer], {
        cwd: root,
        env: { ...process.env, LOCATION },
      });
      let printed = "";
      child.stdout.on("data", (text) => {
        printed += text;
      });
      while (!printed.includes("\n")) await sleep(5);
      await sleep(ms);
      child.kill("SIGKILL");
      await new Promise((resolve) => child.on("close", resolve));
      const returned = printed.split("\n").length - 1;
      expect(returned).toBeGreaterThan(1);
      const COUNT = String(returned);
      expect(await inChild(asWriter, { LOCATION, COUNT })).toEqual({
        runs: 0,
        wrong: 0,
        warned: [],
      });
    },
  );
});

describe("strict durability", () => {
  const source = `
    import { Memory } from "bloscache";
    const memory = new Memory({ location: process.env.LOCATION, durability: process.env.DURABILITY });
    const f = memory.memoize(function f(n) { return new Float64Array(n).fill(1); });
    f(10);
    f(10_000);
    const g = memory.memoize(async function g(n) { return new Float64Array(n).fill(1); });
    await g(10_000);
    process.kill(process.pid, "SIGKILL");`;

  /** The calls by which a process made things durable. */
  function syncs(durability: string): string[] {
    const LOCATION = temporaryFolder();
    const log = join(LOCATION, "calls");
    const args = ["-f", "-y", "-e", "trace=fsync,fdatasync,msync,rename", "-o", log];
    try {
      execFileSync("strace", [...args, process.execPath, "--input-type=module", "-e", source], {
        cwd: root,
        env: { ...process.env, LOCATION: join(LOCATION, "cache"), DURABILITY: durability },
        stdio: "pipe",
      });
    } catch (error) {
      if ((error as { signal?: string }).signal !== "SIGKILL") throw error;
    }
    return execFileSync("cat", [log], { encoding: "utf8" }).split("\n");
  }

  const hasStrace = (() => {
    try {
      execFileSync("strace", ["-V"], { stdio: "ignore" });
      return true;
    } catch {
      if (process.env["CI"] === "true") throw new Error("CI needs strace");
      console.error("NOT TESTED: strace is not installed, so syncs cannot be observed");
      return false;
    }
  })();

  it.runIf(hasStrace)("syncs file, folder and row before the call returns", () => {
    const calls = syncs("strict");
    const count = (pattern: RegExp) => calls.filter((call) => pattern.test(call)).length;
    expect(count(/fsync\(\d+<[^>]*\.tmp>/)).toBe(2);
    // Of both functions: the folder of the file, and the new folders' entries above it.
    expect(count(/fsync\(\d+<[^>]*\/objects\/[^>.]*>/)).toBe(4);
    expect(count(/fsync\(\d+<[^>]*\/objects>/)).toBe(2);
    expect(count(/f(data)?sync\(\d+<[^>]*data\.mdb>/)).toBeGreaterThanOrEqual(3);
    // The file is on disk before it has its name.
    const first = calls.findIndex((call) => /fsync\(\d+<[^>]*\.tmp>/.test(call));
    const named = calls.findIndex((call) => call.includes("rename("));
    expect(first).toBeLessThan(named);
  });

  it.runIf(hasStrace)("is not paid for by the relaxed", () => {
    const calls = syncs("relaxed");
    expect(calls.filter((call) => /sync\(\d+<[^>]*(\.tmp|data\.mdb|objects)/.test(call))).toEqual(
      [],
    );
  });

  it("is one choice per folder and process", () => {
    const location = temporaryFolder();
    new Memory(location);
    expect(() => new Memory({ location, durability: "strict" })).toThrow(TypeError);
    expect(() => new Memory({ location, durability: "strict" })).toThrow(/must be "relaxed"/);
  });
});

describe("the mark of what is not synced", () => {
  it("goes when the process ends, and about a second after the last store", async () => {
    const location = temporaryFolder();
    const marks = () =>
      readdirSync(join(location, "marks")).filter((name) => name.startsWith("unsynced"));
    new Memory(location).memoize(() => 1, { id: "one" })();
    expect(marks()).toHaveLength(1);
    for (let i = 0; i < 100 && marks().length > 0; i++) await sleep(50);
    expect(marks()).toEqual([]);
    rmSync(location, { recursive: true });
    await inChild(
      `import { Memory } from "bloscache";
       new Memory(process.env.LOCATION).memoize(function one() { return 1; })();
       console.log(1);`,
      { LOCATION: location },
    );
    expect(marks()).toEqual([]);
  });
});
