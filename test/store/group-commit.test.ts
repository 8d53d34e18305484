// Results of asynchronous functions that become ready together.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Memory } from "bloscache";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const root = new URL("../..", import.meta.url);

/** How each process begins: the function is one and the same to the cache. */
const prelude = `
  import { Memory } from "bloscache";
  const { LOCATION: location, DURABILITY: durability = "relaxed" } = process.env;
  const memory = new Memory({ location, durability });
  const warned = [];
  process.on("warning", ({ code }) => warned.push(code));
  let runs = 0;
  const wave = memory.memoize(
    async (i) => {
      runs++;
      if (i < 0) throw new RangeError("below zero");
      // Every ninth has a file of its own.
      return new Float64Array(i % 9 === 0 ? 5000 : 700).fill(i / 3);
    },
    { id: "wave", version: "1" },
  );
  const burst = (from, to) =>
    Promise.all(Array.from({ length: to - from }, (_, n) => wave(from + n)));
  const isRight = (values, from = 0) =>
    values.every((value, n) => value.every((x) => x === (from + n) / 3));
  const tell = (told) => setImmediate(() => console.log(JSON.stringify({ ...told, runs, warned })));`;

/** What a new process finds of the first `count` results. */
const look = (LOCATION: string, count: number) =>
  inChild<{ right: boolean; runs: number; warned: string[]; findings: string[]; items: number }>(
    `${prelude}
     const { findings } = await memory.verify();
     const { items } = memory.size();
     tell({ right: isRight(await burst(0, ${count})), findings, items });`,
    { LOCATION },
  );

const soundLook = { right: true, runs: 0, warned: [], findings: [] };

describe.each(["relaxed", "strict"])("a thousand results at once, %s", (DURABILITY) => {
  it("are all there when their promises resolve", async () => {
    const LOCATION = temporaryFolder();
    const source = `${prelude}
      const right = isRight(await burst(0, 1000));
      const { items } = memory.size();
      tell({ right, items, found: await Promise.all([wave.has(0), wave.has(512), wave.has(999)]) });
      // What is left to do at the end of a process is not done.
      setImmediate(() => process.kill(process.pid, "SIGKILL"));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
      cwd: root,
      env: { ...process.env, LOCATION, DURABILITY },
    });
    let printed = "";
    child.stdout.on("data", (text) => {
      printed += text;
    });
    await once(child, "close");
    expect(JSON.parse(printed)).toEqual({
      ...{ right: true, items: 1000, found: [true, true, true] },
      ...{ runs: 1000, warned: [] },
    });
    expect(await look(LOCATION, 1000)).toEqual({ ...soundLook, items: 1000 });
  });

  it.each([20, 60, 150, 300])(
    "are there as far as acknowledged %i ms before a kill",
    async (ms) => {
      const LOCATION = temporaryFolder();
      const source = `${prelude}
      for (let from = 0; ; from += 300) {
        const acknowledge = async (i) => {
          await wave(i);
          process.stdout.write(i + "\\n");
        };
        await Promise.all(Array.from({ length: 300 }, (_, n) => acknowledge(from + n)));
      }`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", source], {
        cwd: root,
        env: { ...process.env, LOCATION, DURABILITY },
      });
      let printed = "";
      child.stdout.on("data", (text) => {
        printed += text;
      });
      while (!printed.includes("\n")) await sleep(2);
      await sleep(ms);
      child.kill("SIGKILL");
      await once(child, "close");
      const acknowledged = printed.split("\n").slice(0, -1).map(Number);
      const memory = new Memory(LOCATION);
      const wave = memory.memoize(async (_i: number) => 0, { id: "wave", version: "1" });
      const lost = acknowledged.filter((i) => !wave.has(i));
      expect({ lost, findings: (await memory.verify()).findings }).toEqual({
        lost: [],
        findings: [],
      });
      const after = await look(LOCATION, Math.max(...acknowledged) + 1);
      expect(after).toMatchObject({ right: true, warned: [], findings: [] });
      expect(after.runs).toBeLessThan(300);
    },
  );
});

it("what cannot be stored leaves the others stored", async () => {
  const LOCATION = temporaryFolder();
  const outcome = await inChild(
    `${prelude}
     const odd = memory.memoize(
       async (i) => {
         if (i === 3) return () => "a function";
         if (i === 50) throw new RangeError("fifty");
         return new Float32Array(100).fill(i);
       },
       {
         id: "odd",
         version: "1",
         // A row that the index does not take.
         tags: (i) => (i === 70 || i === 71 ? ["x".repeat(17 * 2 ** 20)] : []),
       },
     );
     const ended = await Promise.allSettled(Array.from({ length: 200 }, (_, i) => odd(i)));
     const rejected = ended.flatMap(({ status }, i) => (status === "rejected" ? [i] : []));
     const missing = ended.flatMap((_, i) => (odd.has(i) ? [] : [i]));
     const { findings } = await memory.verify();
     tell({ rejected, missing, findings, items: memory.size().items });`,
    { LOCATION },
  );
  expect(outcome).toEqual({
    ...{ rejected: [50], missing: [3, 50, 70, 71], findings: [], items: 196 },
    ...{ runs: 0, warned: ["UNSTORABLE_RESULT", "STORE_FAILED"] },
  });
});

it("two processes with the same calls compute each once", async () => {
  const LOCATION = temporaryFolder();
  const source = `${prelude}
    tell({ right: isRight(await burst(0, 600)) });`;
  const both = await Promise.all([inChild(source, { LOCATION }), inChild(source, { LOCATION })]);
  expect(both).toMatchObject([
    { right: true, warned: [] },
    { right: true, warned: [] },
  ]);
  const runs = (both as { runs: number }[]).reduce((sum, one) => sum + one.runs, 0);
  expect(runs).toBe(600);
  expect(await look(LOCATION, 600)).toEqual({ ...soundLook, items: 600 });
});

it("results that are refreshed take the place of the old ones, with their files", async () => {
  const LOCATION = temporaryFolder();
  const outcome = await inChild(
    `${prelude}
     await burst(0, 200);
     const before = memory.size();
     await Promise.all(Array.from({ length: 200 }, (_, i) => wave.refresh(i)));
     tell({ isSame: JSON.stringify(memory.size()) === JSON.stringify(before) });`,
    { LOCATION },
  );
  expect(outcome).toEqual({ isSame: true, runs: 400, warned: [] });
  const files = readdirSync(join(LOCATION, "objects"), { recursive: true, encoding: "utf8" });
  expect(files.filter((name) => name.endsWith(".blp"))).toHaveLength(23);
  expect(await look(LOCATION, 200)).toEqual({ ...soundLook, items: 200 });
});

it("limits hold after bursts, and the books tell what is there", async () => {
  const LOCATION = temporaryFolder();
  await inChild(
    `${prelude.replace("{ location, durability }", "{ location, durability, limitItems: 150 }")}
     for (let from = 0; from < 1200; from += 400) await burst(from, from + 400);
     tell({});`,
    { LOCATION },
  );
  const memory = new Memory(LOCATION);
  const size = memory.size();
  expect(size.items).toBeLessThanOrEqual(150);
  expect(Array.from(memory.entries())).toHaveLength(size.items);
  expect((await memory.verify()).findings).toEqual([]);
  expect(await memory.reduceSize({ limitItems: 0 })).toEqual({
    removed: size,
    remaining: { items: 0, bytes: 0 },
  });
});

describe("what is forgotten while it is being stored", () => {
  const memoized = () => {
    const memory = new Memory(temporaryFolder());
    const wave = memory.memoize(async (i: number) => new Float64Array(500).fill(i), {
      id: "wave",
      version: "1",
    });
    const burst = () => Array.from({ length: 200 }, (_, i) => wave(i));
    return { memory, wave, burst };
  };

  /** From the first step of the computations to after the last commit. */
  const moments = [...Array.from({ length: 40 }, (_, n) => n), 80, 160];
  const until = async (moment: number) => {
    for (let n = 0; n < moment; n++) await (n > 30 ? new Promise(setImmediate) : null);
  };

  it("is not there afterwards", async () => {
    for (const moment of moments) {
      const { wave, burst } = memoized();
      const all = Promise.all(burst());
      await until(moment);
      for (const i of [0, 100, 199]) wave.invalidate(i);
      await all;
      const missing = Array.from({ length: 200 }, (_, i) => i).filter((i) => !wave.has(i));
      expect(missing, `moment ${moment}`).toEqual([0, 100, 199]);
    }
  });

  it("nor is a whole cache", async () => {
    for (const moment of moments) {
      const { memory, burst } = memoized();
      const all = Promise.all(burst());
      await until(moment);
      memory.clear();
      await all;
      expect(memory.size(), `moment ${moment}`).toEqual({ items: 0, bytes: 0 });
    }
  });
});

it("a process that exits in mid-burst leaves nothing that the disk may lack", async () => {
  for (const ms of [0, 5, 20, 60]) {
    const LOCATION = temporaryFolder();
    const child = spawn(
      process.execPath,
      [
        ...["--input-type=module", "-e"],
        `${prelude}
         await burst(0, 1);
         setTimeout(() => process.exit(), ${ms});
         for (let from = 1; ; from += 200) await burst(from, from + 200);`,
      ],
      { cwd: root, env: { ...process.env, LOCATION } },
    );
    expect(await once(child, "close")).toEqual([0, null]);
    expect(readdirSync(join(LOCATION, "marks"))).toEqual([]);
    expect(await look(LOCATION, 1)).toMatchObject(soundLook);
  }
});

it("threads that are terminated in mid-burst leave a sound cache", {
  timeout: 60_000,
}, async () => {
  const LOCATION = temporaryFolder();
  const outcome = await inChild(
    `${prelude}
     import { Worker } from "node:worker_threads";
     import { once } from "node:events";
     import { setTimeout } from "node:timers/promises";
     const body = \`
       import { parentPort } from "node:worker_threads";
       import { Memory } from "bloscache";
       const memory = new Memory(process.env.LOCATION);
       const wave = memory.memoize(async (i) => new Float64Array(700).fill(i / 3), { id: "wave", version: "1" });
       for (let from = 1; ; from += 200) {
         const ready = Array.from({ length: 200 }, (_, n) => from + n).filter((i) => i % 9 !== 0);
         await Promise.all(ready.map((i) => wave(i)));
         parentPort.postMessage(ready.at(-1));
       }\`;
     const stored = [];
     for (let round = 0; round < 10; round++) {
       const thread = new Worker(body, { eval: true, execArgv: ["--input-type=module"] });
       thread.on("message", (i) => stored.push(i));
       await once(thread, "message");
       await setTimeout(15 * Math.random());
       await thread.terminate();
     }
     const lost = stored.filter((i) => !wave.has(i));
     const right = isRight(await burst(0, 400));
     const { findings } = await memory.verify();
     runs = 0;
     tell({ lost, right, findings });`,
    { LOCATION },
  );
  expect(outcome).toEqual({ lost: [], right: true, findings: [], runs: 0, warned: [] });
});
