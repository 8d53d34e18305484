// Processes and threads that come to a cache, store something and go, all the time: what broke other
// bindings of LMDB.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { inTurn } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { SOAK } from "./stage.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "visitor.mjs");

/** What a process that ends well prints; nothing on stderr. */
async function visits(...args: readonly (string | number)[]): Promise<string[]> {
  const { stdout, stderr } = await run(process.execPath, [script, ...args.map(String)]);
  expect(stderr).toBe("");
  return stdout.trimEnd().split("\n");
}

/** Looks for all that was stored. */
const source = `
  import { Memory } from "bloscache";
  import { kept, RESULTS } from ${JSON.stringify(script)};
  const memory = new Memory(process.env.LOCATION);
  const warned = [];
  process.on("warning", ({ message }) => warned.push(message));
  let lost = 0;
  const own = memory.memoize((...args) => (lost++, kept(...args)), { id: "kept", version: "1" });
  for (const [lane, round] of JSON.parse(process.env.STORED)) {
    for (let x = 0; x < RESULTS; x++) own(lane, round, x);
  }
  const { entries, findings } = await memory.verify();
  const isBooked = memory.size().items === entries;
  console.log(JSON.stringify({ lost, warned, findings, isBooked }));`;

async function expectAll(location: string, stored: readonly string[]): Promise<void> {
  const STORED = JSON.stringify(stored.map((line) => line.split(" ").map(Number)));
  const after = await inChild(source, { LOCATION: location, STORED });
  expect(after).toEqual({ lost: 0, warned: [], findings: [], isBooked: true });
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

const PROCESSES = SOAK ? 50 : 20;
const THREADS = SOAK ? 200 : 40;

it(`eight times ${PROCESSES} processes`, { timeout: 300_000 }, async () => {
  const location = temporaryFolder();
  const stored: string[] = [];
  await inTurn(numbers(8), 8, async (lane) => {
    for (const round of numbers(PROCESSES))
      stored.push(...(await visits("process", location, lane, round)));
  });
  expect(stored).toHaveLength(8 * PROCESSES);
  await expectAll(location, stored);
});

it(`six processes of ${THREADS} threads, one after another`, { timeout: 300_000 }, async () => {
  const location = temporaryFolder();
  const stored: string[] = [];
  await inTurn(numbers(6), 6, async (lane) => {
    stored.push(...(await visits("threads", location, lane, THREADS)));
  });
  expect(stored).toHaveLength(6 * THREADS);
  await expectAll(location, stored);
});
