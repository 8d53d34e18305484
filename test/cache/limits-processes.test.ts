/** Limits of a cache that many processes use, some of which are killed. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Memory } from "bloscache";
import { expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = fileURLToPath(new URL("evictor.mjs", import.meta.url));
const run = promisify(execFile);

const RESULT = 40_000;
const LIMIT = 50 * RESULT;
/** Of two functions: twice what fits. */
const ITEMS = 50;

interface Outcome {
  readonly got: number;
  readonly wrong: number;
  readonly warned: readonly string[];
  readonly most: number;
  readonly hits: number;
  readonly evictions: number;
}

function argumentsFor(location: string, kind: string, ms: number): string[] {
  return [script, location, kind, ...[ms, LIMIT, ITEMS].map(String)];
}

async function outcomeOf(location: string, kind: string, ms: number): Promise<Outcome> {
  const { stdout } = await run(process.execPath, argumentsFor(location, kind, ms));
  return JSON.parse(stdout) as Outcome;
}

function filesIn(location: string): string[] {
  const objects = join(location, "objects");
  const names = readdirSync(objects, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".blp")).map((name) => join(objects, name));
}

it("four writers at twice the limit, and readers that hold results, get right values", {
  timeout: 60_000,
}, async () => {
  const location = temporaryFolder();
  const kinds = ["writer", "writer", "writer", "writer", "reader", "reader"];
  const outcomes = await Promise.all(kinds.map((kind) => outcomeOf(location, kind, 8000)));
  for (const { got, wrong, warned, most } of outcomes) {
    expect({ wrong, warned }).toEqual({ wrong: 0, warned: [] });
    expect(got).toBeGreaterThan(10);
    // How far beyond it is in between, the system's scheduler says; they write twice the limit.
    expect(most).toBeLessThan(1.5 * LIMIT);
  }
  expect(outcomes.reduce((sum, { evictions }) => sum + evictions, 0)).toBeGreaterThan(50);
  expect(outcomes.reduce((sum, { hits }) => sum + hits, 0)).toBeGreaterThan(50);
  const { items, bytes } = new Memory(location).size();
  expect(bytes).toBeLessThanOrEqual(LIMIT);
  expect(bytes).toBeGreaterThan(0.8 * LIMIT);
  const files = filesIn(location);
  expect(files).toHaveLength(items);
  expect(files.reduce((sum, path) => sum + statSync(path).size, 0)).toBeLessThan(LIMIT);
});

it("processes that are killed while they remove results leave books that are right", {
  timeout: 60_000,
}, async () => {
  const location = temporaryFolder();
  for (let round = 0; round < 12; round++) {
    const started = [0, 1].map(
      (): ChildProcess =>
        spawn(process.execPath, argumentsFor(location, "writer", 60_000), { stdio: "ignore" }),
    );
    await sleep(500 + 700 * Math.random());
    const ended = started.map((child) => once(child, "exit"));
    for (const child of started) child.kill("SIGKILL");
    await Promise.all(ended);
  }
  const { wrong, warned } = await outcomeOf(location, "writer", 500);
  expect({ wrong, warned }).toEqual({ wrong: 0, warned: [] });
  const memory = new Memory(location);
  const { items, bytes } = memory.size();
  const entries = Array.from(memory.entries());
  expect(entries).toHaveLength(items);
  expect(entries.flatMap(({ files }) => files).filter((path) => !existsSync(path))).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(LIMIT);
  // Whoever is killed between a file and its row leaves a file; those that were to go have gone.
  expect(filesIn(location).length - items).toBeLessThanOrEqual(24);
  expect(await memory.reduceSize({ limitItems: 0 })).toEqual({
    removed: { items, bytes },
    remaining: { items: 0, bytes: 0 },
  });
  expect(Array.from(memory.entries())).toEqual([]);
});

it("nobody waits for files that were removed before the clock was set back", async () => {
  const location = temporaryFolder();
  const hour = 3_600_000;
  const source = `
    import { Memory } from "bloscache";
    const now = Date.now;
    Date.now = () => now() + ${hour};
    const memory = new Memory({ location: process.env.LOCATION, limitItems: 1 });
    const fill = memory.memoize((n) => new Float64Array(5000).fill(n), { id: "fill", version: 1 });
    fill(1);
    fill(2);
    await new Promise((resolve) => setImmediate(resolve));
    Date.now = now;
    await memory.reduceSize({ limitItems: 0 });
    console.log(JSON.stringify(memory.size().items));`;
  expect(await inChild(source, { LOCATION: location }, 20_000)).toBe(0);
  expect(filesIn(location)).toEqual([]);
});
