/** Caches that calls.mjs has filled, works on copies of them, and looks at what became of these. */
import { execFile, execFileSync } from "node:child_process";
import { cpSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { inTurn, type Trial } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";

const run = promisify(execFile);
const script = join(import.meta.dirname, "calls.mjs");

/** A hang, not a measurement, ms. */
const HANG_MS = 2000;
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
