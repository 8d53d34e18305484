/**
 * Ends: of workers, of the process, of objects nobody finished. Each scenario runs in a process of
 * its own, which must leave on its own feet: exit code 0, no signal, nothing on stderr.
 */

import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { buildModules } from "../support/modules.ts";

const codec = pathToFileURL(`${buildModules("lifetime")}/blosc/codec.js`);

interface Outcome {
  readonly code: number | string | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every script starts with: some arrays, and a pack of calls on them. */
const PRELUDE = `
  import { isMainThread, parentPort, Worker } from "node:worker_threads";
  import * as codec from ${JSON.stringify(codec.href)};
  const chunkSize = 100_000;
  const options = { cname: "zstd", clevel: 5, shuffle: "shuffle", typesize: 4, checksum: "adler32" };
  const plain = Uint8Array.from({ length: 4_000_000 }, (_, i) => (i >> 2) >> (8 * (i & 3)));
  const chunks = Array.from({ length: 40 }, (_, i) => plain.subarray(i * chunkSize, (i + 1) * chunkSize));
  const slotSize = chunkSize + 20;
  const press = (call) => call(chunks, new Uint8Array(chunks.length * slotSize), slotSize, options);
  const slots = new Uint8Array(chunks.length * slotSize);
  codec.compress(chunks, slots, slotSize, options);
  const positions = Float64Array.from(chunks, (_, i) => i * slotSize);
  const target = () => new Uint8Array(codec.allocate(plain.byteLength));
  const expand = (call, out = target()) => call(slots, positions, out, chunkSize, "adler32");
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

function run(script: string, { prelude = PRELUDE, flags = [] as string[], env = {} } = {}) {
  const args = [...flags, "--input-type=module", "-e", prelude + script];
  return new Promise<Outcome>((resolve) => {
    const options = { timeout: 60_000, env: { ...process.env, ...env } };
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const { code = 0, signal = null } = error ?? {};
      resolve({ code: code ?? null, signal: signal ?? null, stdout, stderr });
    });
  });
}

const LEFT_WELL = { code: 0, signal: null, stderr: "" };

/** A worker that keeps all kinds of work in flight for ever. */
const BUSY_WORKER = `
  const worker = () => new Worker(${JSON.stringify(`
    ${PRELUDE}
    parentPort.postMessage("up");
    for (;;) {
      const begun = press(codec.compressBegin);
      press(codec.compressAsync); press(codec.compressAsync);
      expand(codec.decompressAsync); expand(codec.decompressAsync, new Uint8Array(plain.byteLength));
      expand(codec.decompress);
      const begunToo = expand(codec.decompressBegin);
      if (Math.random() < 0.5) begunToo();
      if (Math.random() < 0.5) begun();
      if (Math.random() < 0.5) await new Promise(setImmediate);
    }
  `)}, { eval: true, execArgv: ["--input-type=module"] });
`;

test("worker.terminate() in the middle of everything, 20 times", async () => {
  const outcome = await run(`
    ${BUSY_WORKER}
    for (let i = 0; i < 20; i++) {
      const busy = worker();
      await new Promise((resolve, reject) => busy.once("message", resolve).once("error", reject));
      await sleep(Math.random() * 60);
      await busy.terminate();
    }
    const out = target();
    console.log(expand(codec.decompress, out), Buffer.compare(out, plain));
  `);
  expect(outcome).toEqual({ ...LEFT_WELL, stdout: "undefined 0\n" });
}, 120_000);

test("workers that are terminated while the main thread is at work too", async () => {
  const outcome = await run(`
    ${BUSY_WORKER}
    const workers = [worker(), worker(), worker()];
    await Promise.all(workers.map((busy) => new Promise((resolve) => busy.once("message", resolve))));
    const ends = workers.map((busy, i) => sleep(20 * i).then(() => busy.terminate()));
    for (let i = 0; i < 20; i++) {
      const out = target();
      const faults = await Promise.all([expand(codec.decompressAsync, out), press(codec.compressAsync)]);
      if (faults[0] !== undefined || Buffer.compare(out, plain) !== 0) throw new Error("wrong");
    }
    await Promise.all(ends);
  `);
  expect(outcome).toEqual({ ...LEFT_WELL, stdout: "" });
}, 120_000);

const ONLY_IN_WORKERS = (body: string, times: number) => `
  import { Worker } from "node:worker_threads";
  import { readdirSync } from "node:fs";
  const threads = () => readdirSync("/proc/self/task").length;
  const source = ${JSON.stringify(PRELUDE + body)};
  const once = () => new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true, execArgv: ["--input-type=module"] });
    worker.once("exit", resolve).once("error", reject);
  });
  await once();
  const before = threads();
  for (let i = 0; i < ${times}; i++) await once();
  console.log(threads() - before);
`;

test.runIf(process.platform === "linux")(
  "an addon loaded by workers only leaves no thread and no memory behind",
  async () => {
    const body = "expand(codec.decompress); await expand(codec.decompressAsync);";
    const outcome = await run(
      `${ONLY_IN_WORKERS(body, 15)} console.log(process.memoryUsage().rss < 400e6);`,
      { prelude: "", env: { BLOSCACHE_NTHREADS: "5" } },
    );
    expect(outcome).toEqual({ ...LEFT_WELL, stdout: "0\ntrue\n" });
  },
  120_000,
);

test.each([
  ["compressBegin that is never finished", "globalThis.kept = press(codec.compressBegin);"],
  ["decompressBegin that is never finished", "globalThis.kept = expand(codec.decompressBegin);"],
  [
    "decompressBegin that is collected",
    "expand(codec.decompressBegin); gc(); await sleep(20); gc();",
  ],
  ["compressBegin that is collected", "press(codec.compressBegin); gc(); await sleep(20); gc();"],
  [
    "process.exit() with compressBegin",
    "globalThis.kept = press(codec.compressBegin); process.exit(0);",
  ],
  [
    "process.exit() with asynchronous calls",
    "for (let i = 0; i < 30; i++) press(codec.compressAsync); process.exit(0);",
  ],
  [
    "an exit that waits for asynchronous calls",
    "for (let i = 0; i < 30; i++) expand(codec.decompressAsync);",
  ],
  ["memory from allocate at exit", "globalThis.kept = Array.from({ length: 9 }, target);"],
])("%s", async (_, script) => {
  for (const where of ["main", "worker"]) {
    const outcome =
      where === "main"
        ? await run(script, { flags: ["--expose-gc"] })
        : await run(
            `import { Worker } from "node:worker_threads";
             new Worker(${JSON.stringify(PRELUDE + script)}, { eval: true, execArgv: ["--input-type=module"] });`,
            { prelude: "", flags: ["--expose-gc"] },
          );
    expect({ where, ...outcome }).toEqual({ where, ...LEFT_WELL, stdout: "" });
  }
});

test("a thousand asynchronous calls at once", async () => {
  const outcome = await run(`
    const small = { ...options, cname: "lz4" };
    const results = await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
      const bytes = plain.slice(i * 100, i * 100 + 50_000 + i);
      const slots = new Uint8Array(4 * 20_020);
      const parts = [0, 1, 2].map((part) => bytes.subarray(part * 20_000, (part + 1) * 20_000));
      await codec.compressAsync(parts, slots, 20_020, small);
      const out = new Uint8Array(bytes.byteLength);
      const at = Float64Array.of(0, 20_020, 40_040);
      const fault = await codec.decompressAsync(slots, at, out, 20_000, "adler32");
      return fault === undefined && Buffer.compare(out, bytes) === 0;
    }));
    console.log(results.filter(Boolean).length);
  `);
  expect(outcome).toEqual({ ...LEFT_WELL, stdout: "1000\n" });
});

test.each(["1", "2", "7", "256", "0", "-3", "x"])("BLOSCACHE_NTHREADS=%s", async (threads) => {
  const outcome = await run(
    `const out = target();
     console.log(codec.nthreads, expand(codec.decompress, out), Buffer.compare(out, plain));`,
    { env: { BLOSCACHE_NTHREADS: threads } },
  );
  const valid = /^[1-9]\d*$/.test(threads);
  expect(outcome).toMatchObject(LEFT_WELL);
  expect(outcome.stdout).toMatch(/^\d+ undefined 0\n$/);
  if (valid) expect(outcome.stdout).toBe(`${threads} undefined 0\n`);
});

test("a binding that cannot be loaded says what was tried and what to do", async () => {
  const outcome = await run(
    `await import(${JSON.stringify(codec.href)}).catch((error) => console.log(error.message));`,
    { prelude: "", env: { BLOSCACHE_BINDING: "/nowhere/bloscache.node" } },
  );
  expect(outcome).toMatchObject(LEFT_WELL);
  expect(outcome.stdout).toMatch(/\/nowhere\/bloscache\.node: no such file/);
  expect(outcome.stdout).toMatch(/npm run setup/);
  expect(outcome.stdout).toMatch(/CMake and a C\+\+20 compiler/);
});
