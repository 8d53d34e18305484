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
         const value = memory.memoize((i) => new Float64Array(i % 3 ? 20 : 50_000).fill(i), { id: "value" });
         const later = memory.memoize(async (i) => new Float64Array(50_000).fill(i), { id: "later" });
         for (let i = 0; ; i++) {
           if (value(i % 200)[0] !== i % 200) throw new Error("wrong");
           if (i === 3) parentPort.postMessage("at work");
           if (i % 10 === 0 && (await later(i % 50))[9] !== i % 50) throw new Error("wrong");
         }\`;
       const start = () => new Worker(body, { eval: true, execArgv: ["--input-type=module"] });
       let terminated = 0;
       for (let round = 0; round < 8; round++) {
         const pair = [start(), start()];
         await Promise.all(pair.map((thread) => once(thread, "message")));
         await setTimeout(20 * Math.random());
         await Promise.all(pair.map((thread) => thread.terminate()));
         terminated += pair.length;
       }
       console.log(JSON.stringify({ terminated }));`,
      { LOCATION },
    );
    expect(outcome).toEqual({ terminated: 16 });
    const after = await inChild(worker, { LOCATION });
    expect(after).toMatchObject({ wrong: 0, warned: [] });
  });
});
