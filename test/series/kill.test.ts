// Extending a series, killed at every system call that changes something.
import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, existsSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openSync } from "../../src/format.ts";
import { askReference, type Description, hasReference, sha256 } from "../python/reference.ts";
import { hasStrace, killEverywhere, type Trial } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";
// @ts-expect-error: a script, and no types
import { expected } from "./walk.mjs";

const script = join(import.meta.dirname, "walk.mjs");

interface Stage {
  readonly length: number;
  readonly step: number;
}

interface Look {
  readonly length: number;
  readonly isRight: boolean;
  readonly shown: readonly number[];
}

const extend = (location: string, { length, step }: Stage) =>
  execFileSync(process.execPath, [script, "extend", location, String(length), String(step)]);

/** What is stored, and what after extending it. */
function lookAndExtend(location: string, { length, step }: Stage): readonly [Look, Look] {
  const work = [script, "look", location, String(length), String(step)];
  return JSON.parse(execFileSync(process.execPath, work, { encoding: "utf8" }));
}

/** Bloscpack files of a cache, whoever speaks of them. */
function filesIn(location: string): string[] {
  const objects = join(location, "objects");
  if (!existsSync(objects)) return [];
  const names = readdirSync(objects, { recursive: true, encoding: "utf8" });
  return names.filter((name) => name.endsWith(".blp")).map((name) => join(objects, name));
}

/** A copy of `start`, to extend. */
function stageOf(start: string, { length, step }: Stage): Trial {
  const folder = join(realpathSync(temporaryFolder()), "cache");
  cpSync(start, folder, { recursive: true });
  return { folder, args: [script, "extend", folder, String(length), String(step)] };
}

/** [what, where it starts, where it is extended to]. Chunks hold 512 items, rows up to 2048. */
const scenarios: readonly (readonly [string, Stage | undefined, Stage])[] = [
  ["from nothing", undefined, { length: 900, step: 400 }],
  ["from its row into a file", { length: 2000, step: 2000 }, { length: 2300, step: 200 }],
  ["within its last chunk", { length: 2700, step: 2700 }, { length: 2900, step: 100 }],
  ["over several chunks", { length: 2700, step: 2700 }, { length: 6000, step: 1300 }],
  ["from full chunks", { length: 5120, step: 5120 }, { length: 6144, step: 512 }],
  ["beyond its table", { length: 65_000, step: 65_000 }, { length: 66_500, step: 700 }],
];

describe.skipIf(!hasStrace)("killed at every system call that changes something", () => {
  it.each(scenarios)("%s", { timeout: 600_000 }, async (_what, before, after) => {
    const start = join(temporaryFolder(), "start");
    extend(start, before ?? { length: 0, step: 1 });
    const kept = temporaryFolder();
    const right = (await expected(after.length)) as Float64Array;
    const from = before?.length ?? 0;
    const possible = new Set([from, after.length]);
    for (let at = from; at < after.length; at += after.step) possible.add(at);
    const lengths = new Set<number>();
    const copies: string[] = [];

    const stage = () => stageOf(start, after);
    const kills = await killEverywhere(stage, ({ folder: location }) => {
      // Whoever opens the files now finds them whole, and not more than was committed.
      const shown = filesIn(location).map((file) => {
        const reader = openSync(file, { as: "array" });
        const { data } = reader.slice();
        reader.close();
        expect(data).toEqual(right.subarray(0, data.length));
        const copy = join(kept, `${copies.length}.blp`);
        copyFileSync(file, copy);
        copies.push(copy);
        return data.length;
      });
      const [found, extended] = lookAndExtend(location, after);
      expect(found.isRight).toBe(true);
      expect(possible).toContain(found.length);
      expect(found.length).toBeGreaterThanOrEqual(from);
      lengths.add(found.length);
      if (found.shown.length > 0) {
        expect(found.shown).toEqual([found.length]);
        // A file that has not got its row yet is beside the one that has.
        expect(Math.min(...shown)).toBeLessThanOrEqual(found.length);
      }
      expect(extended).toMatchObject({ length: after.length, isRight: true });
      rmSync(location, { recursive: true });
    });
    expect(kills.length).toBeGreaterThan(10);
    expect(lengths.size).toBeGreaterThan(1);

    if (!hasReference) return;
    const answers = askReference(copies.map((path) => ({ do: "unpack", path }))) as Description[];
    for (const { shape, sha256: digest } of answers) {
      expect(digest).toBe(sha256(right.slice(0, shape[0] as number)));
    }
  });
});
