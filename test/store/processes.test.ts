// Many processes and threads on one folder.
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const worker = `
  import { Memory } from "bloscache";
  const memory = new Memory(process.env.LOCATION);
  let runs = 0;
  const warned = [];
  process.on("warning", ({ message }) => warned.push(message));
  const value = memory.memoize((i) => {
    runs++;
    return new Float64Array(i % 10 === 0 ? 5000 : 20).fill(i);
  }, { id: "value" });
  let wrong = 0;
  const shuffled = Array.from({ length: 100 }, (_, i) => i).sort(() => Math.random() - 0.5);
  for (const i of shuffled) if (!value(i).every((x) => x === i)) wrong++;
  setImmediate(() => console.log(JSON.stringify({ runs, wrong, warned })));`;

describe("eight processes that open one cache at once", () => {
  it("all get right values, and lose nothing", async () => {
    for (let round = 0; round < 3; round++) {
      const LOCATION = temporaryFolder();
      const all = await Promise.all(
        Array.from({ length: 8 }, () => inChild<object>(worker, { LOCATION })),
      );
      for (const one of all) expect(one).toMatchObject({ wrong: 0, warned: [] });
      expect(await inChild(worker, { LOCATION })).toEqual({ runs: 0, wrong: 0, warned: [] });
    }
  });
});

describe("worker threads", () => {
  it("share the cache of their process, and may be terminated in mid-call", async () => {
    const LOCATION = temporaryFolder();
    const outcome = await inChild(
      `import { Worker } from "node:worker_threads";
       import { once } from "node:events";
       import { setTimeout } from "node:timers/promises";
       const body = \`
         import { parentPort } from "node:worker_threads";
         import { Memory } from "bloscache";
         const memory = new Memory(process.env.LOCATION);
         const value = memory.memoize((i) => new Float64Array(i % 3 ? 20 : 50_000).fill(i), { id: "value", version: "1" });
         const later = memory.memoize(async (i) => new Float64Array(50_000).fill(i), { id: "later" });
         for (let i = 0; ; i++) {
           if (value(i % 200)[0] !== i % 200) throw new Error("wrong");
           if (i < 200) parentPort.postMessage(i);
           if (i % 10 === 0 && (await later(i % 50))[9] !== i % 50) throw new Error("wrong");
         }\`;
       const start = () => new Worker(body, { eval: true, execArgv: ["--input-type=module"] });
       let terminated = 0;
       const stored = new Set();
       for (let round = 0; round < 20; round++) {
         const threads = [start(), start(), start(), start()];
         for (const thread of threads) thread.on("message", (i) => stored.add(i));
         await Promise.all(threads.map((thread) => once(thread, "message")));
         await setTimeout(20 * Math.random());
         await Promise.all(threads.map((thread) => thread.terminate()));
         terminated += threads.length;
       }
       const { Memory } = await import("bloscache");
       const memory = new Memory(process.env.LOCATION);
       const value = memory.memoize(() => 0, { id: "value", version: "1" });
       const lost = [...stored].filter((i) => !value.has(i)).length;
       console.log(JSON.stringify({ terminated, lost, some: stored.size > 3 }));`,
      { LOCATION },
    );
    expect(outcome).toEqual({ terminated: 80, lost: 0, some: true });
    const after = await inChild(worker, { LOCATION });
    expect(after).toMatchObject({ wrong: 0, warned: [] });
  });
});
