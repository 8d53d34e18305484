/** Caches that calls.mjs has filled, works on copies of them, and looks at what became of these. */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { inTurn, type Outcome, type Trial } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "calls.mjs");

/** Every case there is, where every run of the tests has time for some of each kind. */
export const SOAK: boolean = process.env["BLOSCACHE_TEST_SOAK"] === "1";

/** A hang, not a measurement, ms. */
const HANG_MS = 2000;
/** A process takes some seconds at most: one that takes longer hangs. */
const LIMIT_MS = 60_000;
/** Folders that one process looks at. */
const BATCH = 8;
/** Processes that run at a time, most of which wait. */
export const AT_ONCE = 4;

export interface Report {
  readonly wrong: readonly string[];
  /** Calls that the functions ran for: their id, and the argument. */
  readonly computed: readonly string[];
  readonly warned: readonly string[];
}

interface Size {
  readonly items: number;
  readonly bytes: number;
}

interface Counts {
  readonly size: Size;
  readonly entries: number;
  readonly listed: number;
  readonly findings: readonly string[];
}

export interface Look extends Report {
  readonly location: string;
  readonly firstMs: number;
  readonly found: Counts;
  readonly filled: Counts;
  readonly sizes: { readonly size: Size; readonly removed: Size; readonly remaining: Size };
  readonly litter: number;
  readonly left: number;
  readonly drafts: number;
}

/** A cache in which these works were done, one process after another; without any there is none. */
export function cacheOf(...works: readonly (readonly string[])[]): string {
  const location = join(realpathSync(temporaryFolder()), "cache");
  for (const work of works) execFileSync(process.execPath, [script, "do", location, ...work]);
  return location;
}

/** Does these works in a process of its own. */
export function doWorks(location: string, ...works: readonly string[]): Promise<Ended> {
  return endOf(process.execPath, [script, "do", location, ...works]);
}

/** {@link doWorks}, with at most so many file descriptors. */
export function doWorksWithin(
  descriptors: number,
  location: string,
  ...works: readonly string[]
): Promise<Ended> {
  const command = `ulimit -n ${descriptors} && exec "$0" "$@"`;
  return endOf("bash", ["-c", command, process.execPath, script, "do", location, ...works]);
}

function endOf(file: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(file, args, { timeout: LIMIT_MS }, (error, stdout, stderr) =>
      resolve({ end: error === null ? 0 : (error.signal ?? error.code ?? 1), stdout, stderr }),
    );
  });
}

/** Works on a copy of a cache. */
export function stageOf(start: string, works: readonly string[], hasStart = true): Trial {
  const folder = join(realpathSync(temporaryFolder()), "cache");
  if (hasStart) cpSync(start, folder, { recursive: true });
  return { folder, args: [script, "do", folder, ...works] };
}

/** What processes find in caches that nobody uses, some caches each. */
export async function lookAt(locations: readonly string[]): Promise<Look[]> {
  const batches: string[][] = [];
  for (let at = 0; at < locations.length; at += BATCH)
    batches.push(locations.slice(at, at + BATCH));
  const looks: Look[] = [];
  await inTurn(batches, AT_ONCE, async (batch) => {
    const { stdout } = await run(process.execPath, [script, "look", ...batch]);
    const found = stdout.trimEnd().split("\n");
    expect(found).toHaveLength(batch.length);
    for (const [i, line] of found.entries())
      looks.push({ location: batch[i], ...JSON.parse(line) });
  });
  return looks;
}

/** How a process ended, and what it said. */
export type Ended = Pick<Outcome, "end" | "stdout" | "stderr">;

/** What a process did not deserve: it is to get values, and to be told nothing twice. */
export function harmsOf({ end, stdout, stderr }: Ended): string[] {
  if (end !== 0) return [`ended by ${end}: ${stderr}`];
  const { wrong, warned }: Report = JSON.parse(stdout);
  const codes = warned.map((warning) => warning.split(" ", 1)[0]);
  const isRepeated = new Set(codes).size < codes.length;
  return [...wrong.map((call) => `wrong: ${call}`), ...(isRepeated ? warned : [])];
}

/** A process after the trouble gets what is right, soon, and the books tell what is there. */
export function expectSound(look: Look, name: string): void {
  const { wrong, warned, firstMs, found, filled, sizes, left } = look;
  expect({ wrong, warned }, name).toEqual({ wrong: [], warned: [] });
  expect(firstMs, name).toBeLessThan(HANG_MS);
  for (const { size, entries, listed, findings } of [found, filled]) {
    expect({ entries, listed, findings }, name).toEqual({
      entries: size.items,
      listed: size.items,
      findings: [],
    });
  }
  expect(filled.listed, name).toBe(8);
  expect(sizes, name).toEqual({
    size: filled.size,
    removed: filled.size,
    remaining: { items: 0, bytes: 0 },
  });
  expect(left, name).toBe(0);
}
