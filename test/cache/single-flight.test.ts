/** One computation per result, of all processes and threads of the machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CacheEvent, Memory } from "bloscache";
import { afterEach, describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = fileURLToPath(new URL("contender.mjs", import.meta.url));

interface Answer {
  readonly isRight?: boolean;
  readonly error?: string;
  /** Types; of `duplicate` its reason too. */
  readonly events?: readonly string[];
}

const TAKEOVER = ["wait", "takeover", "miss"];

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

/** Processes on one cache, each with the function of a kind. */
class Contenders {
  readonly location = temporaryFolder();
  readonly #runs = join(temporaryFolder(), "runs");

  constructor() {
    writeFileSync(this.#runs, "");
    writeFileSync(`${this.#runs}.waits`, "");
  }

  async start(kind: string, waitMs = "") {
    const child = spawn(process.execPath, [script, this.location, this.#runs, kind, waitMs], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    started.push(child);
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    await lines.next();
    /** @param ms how long the function takes */
    const call = async (at: number, x: number, ms: number): Promise<Answer> => {
      child.stdin.write(`${at} ${x} ${ms}\n`);
      const { value } = await lines.next();
      return value === undefined ? { error: "gone" } : (JSON.parse(value) as Answer);
    };
    return { child, call };
  }

  startAll(n: number, kind: string, waitMs = "") {
    return Promise.all(Array.from({ length: n }, () => this.start(kind, waitMs)));
  }

  /** How many calls have waited. */
  waits(): number {
    return statSync(`${this.#runs}.waits`).size;
  }

  /** Of each run of the function, with what and by whom. */
  runs(): string[][] {
    const lines = readFileSync(this.#runs, "utf8").trim();
    return lines === "" ? [] : lines.split("\n").map((line) => line.split(" "));
  }
}

describe.each(["sync", "async", "promise"])("of a function of kind %s", (kind) => {
  it("many processes that ask at once compute once, round by round", async () => {
    const contenders = new Contenders();
    const all = await contenders.startAll(kind === "sync" ? 64 : 16, kind);
    for (let round = 0; round < 20; round++) {
      const at = Date.now() + 30;
      const answers = await Promise.all(all.map(({ call }) => call(at, round, 20)));
      for (const answer of answers) expect(answer).toMatchObject({ isRight: true });
    }
    expect(contenders.runs().map(([x]) => Number(x))).toEqual(
      Array.from({ length: 20 }, (_, round) => round),
    );
  }, 120_000);

  it("a holder that is killed is replaced by one of those who wait", async () => {
    const contenders = new Contenders();
    const holder = await contenders.start(kind);
    const waiters = await contenders.startAll(16, kind);
    const gone = holder.call(0, 1, 60_000);
    await expect.poll(() => contenders.runs().length).toBe(1);
    const answers = Promise.all(waiters.map(({ call }) => call(0, 1, 50)));
    await expect.poll(() => contenders.waits(), { timeout: 20_000 }).toBe(16);
    expect(contenders.runs().length).toBe(1);
    holder.child.kill("SIGKILL");
    for (const { isRight } of await answers) expect(isRight).toBe(true);
    expect(await gone).toEqual({ error: "gone" });
    expect(contenders.runs().length).toBe(2);
    const events = (await answers).map((answer) => answer.events).sort();
    const others = Array.from({ length: 15 }, () => ["wait", "hit"]);
    expect(events).toEqual([...others, [...TAKEOVER, "store"]]);
  }, 60_000);
});

describe("a holder that", () => {
  it("throws is replaced: whoever waited tries, one after another, until one succeeds", async () => {
    const contenders = new Contenders();
    const all = await contenders.startAll(4, "throws");
    const [holder, ...waiters] = all as [(typeof all)[0], ...typeof all];
    const held = holder.call(0, 1, 1000);
    await expect.poll(() => contenders.runs().length).toBe(1);
    const answers = await Promise.all([held, ...waiters.map(({ call }) => call(0, 1, 20))]);
    for (const { error } of answers) expect(error).toMatch(/thrown by/);
    // Nobody gets another's error, which may be of its own making.
    expect(new Set(answers.map(({ error }) => error)).size).toBe(4);
    expect(contenders.runs().length).toBe(4);
    const events = answers.map((answer) => answer.events);
    expect(events).toEqual([["miss"], TAKEOVER, TAKEOVER, TAKEOVER]);
  }, 60_000);

  it("is stopped is waited for as long as waitMs says; then the work is done twice", async () => {
    const contenders = new Contenders();
    const holder = await contenders.start("sync");
    const [patient, hasty] = [
      await contenders.start("sync"),
      await contenders.start("sync", "300"),
    ];
    const late = holder.call(0, 1, 100);
    await expect.poll(() => contenders.runs().length).toBe(1);
    holder.child.kill("SIGSTOP");
    const waiting = patient.call(0, 1, 10);
    expect(await hasty.call(0, 1, 10)).toMatchObject({
      isRight: true,
      events: ["wait", "duplicate waited", "miss", "store"],
    });
    expect(contenders.runs().map(([, pid]) => Number(pid))).toEqual([
      holder.child.pid,
      hasty.child.pid,
    ]);
    holder.child.kill("SIGCONT");
    expect(await late).toMatchObject({ isRight: true });
    expect(await waiting).toMatchObject({ isRight: true, events: ["wait", "hit"] });
    expect(contenders.runs().length).toBe(2);
  }, 60_000);
});

describe("a holder that throws something else than its function", () => {
  it.each([
    ["a getter", "{ key: (o) => o.id }", "{ id: 1, get lazy() { throw new Error('touched'); } }"],
    [
      "validate",
      "{ cacheErrors: true, validate: () => { throw new Error('no opinion'); } }",
      "{ id: 1 }",
    ],
  ])(
    "lets go: %s",
    async (_name, options, argument) => {
      const contenders = new Contenders();
      const outcome = await inChild(
        `import { fork } from "node:child_process";
       import { Worker } from "node:worker_threads";
       import { once } from "node:events";
       import { Memory } from "bloscache";
       const memory = new Memory(process.env.LOCATION);
       const fn = memory.memoize(function fn(o) { if (fn.fails) throw new Error("own"); return o.id; },
         { id: "fn", version: "1", ...${options} });
       let thrown = "";
       fn.set([{ id: 1 }], 1);
       fn.clear();
       try { fn(${argument}); } catch (error) { thrown = error.message; }
       const worker = new Worker(\`
         import { parentPort } from "node:worker_threads";
         import { Memory } from "bloscache";
         const memory = new Memory({ location: process.env.LOCATION, waitMs: 20_000 });
         const fn = memory.memoize((o) => o.id, { id: "fn", version: "1", key: (o) => o.id });
         const start = performance.now();
         fn({ id: 1 });
         parentPort.postMessage(performance.now() - start < 10_000);\`,
         { eval: true, execArgv: ["--input-type=module"] });
       const [wasQuick] = await once(worker, "message");
       console.log(JSON.stringify({ wasQuick }));
       process.exit();`,
        { LOCATION: contenders.location },
      );
      expect(outcome).toEqual({ wasQuick: true });
    },
    60_000,
  );
});

describe("waiting for another process", () => {
  it("does not keep the event loop from its work, where the function gives promises", async () => {
    const contenders = new Contenders();
    const holder = await contenders.start("promise");
    const held = holder.call(0, 1, 500);
    await expect.poll(() => contenders.runs().length).toBe(1);
    const events: CacheEvent[] = [];
    const onEvent = (event: CacheEvent) => events.push(event);
    const memory = new Memory({ location: contenders.location, onEvent });
    let runs = 0;
    const promise = (_x: number, _ms: number) => Promise.resolve(runs++);
    const call = memory.memoize(promise, { id: "promise", version: "1", key: (x) => x });
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const value = (await call(1, 0)) as unknown as Float64Array;
    clearInterval(timer);
    expect([value.length, runs]).toEqual([5000, 0]);
    expect(turns).toBeGreaterThan(5);
    expect(events.map(({ type }) => type)).toEqual(["wait", "hit"]);
    expect(call.stats()).toMatchObject({ hits: 1, misses: { absent: 0 } });
    await held;
  }, 60_000);

  it.each(["sync", "async"])(
    "is no takeover when what they stored is of no use: %s",
    async (kind) => {
      const contenders = new Contenders();
      const holder = await contenders.start(kind);
      const held = holder.call(0, 1, 1000);
      await expect.poll(() => contenders.runs().length).toBe(1);
      const events: CacheEvent[] = [];
      const onEvent = (event: CacheEvent) => events.push(event);
      const memory = new Memory({ location: contenders.location, onEvent });
      const functions = { sync: (_x: number) => 7, async: async (_x: number) => 7 };
      const options = { id: kind, version: "1", key: (x: number) => x, validate: () => false };
      const call = memory.memoize(functions[kind as "sync"], options);
      expect(await call(1)).toBe(7);
      expect(events.map(({ type }) => type)).toEqual(["wait", "miss", "store"]);
      expect(call.stats()).toMatchObject({ takeovers: 0, misses: { absent: 1 } });
      await held;
    },
    60_000,
  );

  it.each(["sync", "async"])(
    "is a takeover when they are killed, and is counted: %s",
    async (kind) => {
      const contenders = new Contenders();
      const holder = await contenders.start(kind);
      const held = holder.call(0, 1, 60_000);
      await expect.poll(() => contenders.runs().length).toBe(1);
      const events: CacheEvent[] = [];
      const onEvent = (event: CacheEvent) => events.push(event);
      const memory = new Memory({ location: contenders.location, onEvent });
      const functions = { sync: (_x: number) => 7, async: async (_x: number) => 7 };
      const options = { id: kind, version: "1", key: (x: number) => x };
      const call = memory.memoize(functions[kind as "sync"], options);
      spawn("sh", ["-c", `sleep 0.3; kill -9 ${holder.child.pid}`]);
      expect(await call(1)).toBe(7);
      const key = call.keyOf(1);
      expect(events.slice(0, 2)).toEqual([
        { type: "wait", id: kind, key },
        { type: "takeover", id: kind, key },
      ]);
      expect(call.stats().takeovers).toBe(1);
      expect(memory.stats().takeovers).toBe(1);
      await held;
    },
    60_000,
  );

  it("blocks no thread that others wait for", async () => {
    // This thread owes `async 1`, for which another waits that has `sync 2`: to wait here for
    // `sync 2` would be to wait for oneself.
    const contenders = new Contenders();
    const other = await contenders.start("sync");
    const events: CacheEvent[] = [];
    const onEvent = (event: CacheEvent) => events.push(event);
    const memory = new Memory({ location: contenders.location, onEvent });
    const owed = memory.memoize(async (_x: number) => sleep(400, 7), { id: "owed" });
    const mine = memory.memoize((x: number, _ms: number) => new Float64Array(5000).fill(x), {
      id: "sync",
      version: "1",
      key: (x: number) => x,
    });
    const owing = owed(1);
    const answer = other.call(0, 2, 1000);
    await expect.poll(() => contenders.runs().length).toBe(1);
    const before = performance.now();
    expect(mine(2, 0)[0]).toBe(2);
    expect(performance.now() - before).toBeLessThan(400);
    const id = "sync";
    const key = mine.keyOf(2, 0);
    expect(events.filter((event) => event.id === id)).toMatchObject([
      { type: "wait", id, key },
      { type: "duplicate", reason: "owing", id, key },
      { type: "miss", reason: "absent" },
      { type: "store" },
    ]);
    expect(await owing).toBe(7);
    expect(await answer).toMatchObject({ isRight: true });
  }, 60_000);

  it("is for threads too, and a thread that is terminated lets go", async () => {
    const contenders = new Contenders();
    const outcome = await inChild(
      `import { once } from "node:events";
       import { Worker } from "node:worker_threads";
       const body = (ms) => \`
         import { parentPort } from "node:worker_threads";
         import { Memory } from "bloscache";
         const fn = new Memory(process.env.LOCATION).memoize((x) => {
           parentPort.postMessage("computing");
           Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, \${ms});
           return [x, \${ms}];
         }, { id: "fn", version: "1" });
         parentPort.postMessage(fn(1));\`;
       const start = (ms) => new Worker(body(ms), { eval: true, execArgv: ["--input-type=module"] });
       const holder = start(60_000);
       await once(holder, "message");
       const waiters = [start(10), start(10)];
       const messages = [];
       for (const waiter of waiters) waiter.on("message", (m) => messages.push(JSON.stringify(m)));
       await new Promise((resolve) => setTimeout(resolve, 300));
       const early = messages.length;
       await holder.terminate();
       await Promise.all(waiters.map((waiter) => once(waiter, "exit")));
       console.log(JSON.stringify({ early, messages: messages.sort() }));`,
      { LOCATION: contenders.location },
    );
    expect(outcome).toEqual({ early: 0, messages: ['"computing"', "[1,10]", "[1,10]"] });
  }, 60_000);
});
