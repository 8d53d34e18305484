// Every bit of small files flipped, and every length they can be cut to: nobody gets what they hold.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { Memory } from "bloscache";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
// @ts-expect-error: a script, and no types
import { counts, functionsOf, isRight, RESULTS } from "./small-files.mjs";

interface Pair {
  sync: (() => unknown) & { info(): { files: readonly string[] } };
  later: (() => Promise<unknown>) & { info(): { files: readonly string[] } };
}

const IDS = Object.keys(RESULTS);
const LARGEST_FILE = 2048;

const warnings = collectWarnings();
const location = temporaryFolder();
const writing: Record<string, Pair> = functionsOf(new Memory(location));
// Leaves what is damaged where it is, so that it can be damaged in another way.
const reading: Record<string, Pair> = functionsOf(new Memory({ location, readOnly: true }));

const pairOf = (functions: Record<string, Pair>, id: string) => functions[id] as Pair;

async function store(): Promise<void> {
  for (const id of IDS) {
    expect(isRight(id, pairOf(writing, id).sync())).toBe(true);
    expect(isRight(id, await pairOf(writing, id).later())).toBe(true);
  }
}

function invert(fd: number, bytes: Uint8Array, bit: number): void {
  const at = bit >> 3;
  fs.writeSync(fd, Uint8Array.of((bytes[at] as number) ^ (1 << (bit & 7))), 0, 1, at);
}

/** Has `damage` done to each file of a call, which is whole again afterwards. */
async function damageEach(
  files: readonly string[],
  damage: (fd: number, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  expect(files.length).toBeGreaterThan(0);
  for (const path of files) {
    const bytes = fs.readFileSync(path);
    expect(bytes.length).toBeLessThan(LARGEST_FILE);
    const fd = fs.openSync(path, "r+");
    await damage(fd, bytes);
    fs.writeSync(fd, bytes, 0, bytes.length, 0);
    fs.closeSync(fd);
  }
}

/** Whether a call gave what is right, and had to compute it. */
function isMissed(id: string, before: number, value: unknown): boolean {
  return counts.computed === before + 1 && isRight(id, value);
}

beforeAll(store);

describe("files of small results", () => {
  let flips = 0;
  let cuts = 0;

  it("with any bit flipped", { timeout: 300_000 }, async () => {
    for (const id of IDS) {
      const { sync } = pairOf(reading, id);
      await damageEach(sync.info().files, async (fd, bytes) => {
        for (let bit = 0; bit < 8 * bytes.length; bit++, flips++) {
          invert(fd, bytes, bit);
          if (!isMissed(id, counts.computed, sync())) expect.fail(`${id}, bit ${bit}`);
          fs.writeSync(fd, bytes, bit >> 3, 1, bit >> 3);
        }
      });
      expect(isMissed(id, counts.computed - 1, sync())).toBe(true);
    }
    expect(flips).toBeGreaterThan(50_000);
    await nextTurn();
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(["CACHE_DAMAGED"]));
    // One for each result.
    expect(warnings).toHaveLength(IDS.length);
  });

  it("with bits flipped, read off the main thread", { timeout: 300_000 }, async () => {
    for (const id of IDS) {
      const { later } = pairOf(reading, id);
      await damageEach(later.info().files, async (fd, bytes) => {
        for (let bit = 0; bit < 8 * bytes.length; bit += 13, flips++) {
          invert(fd, bytes, bit);
          const before = counts.computed;
          if (!isMissed(id, before, await later())) expect.fail(`${id}, bit ${bit}`);
          fs.writeSync(fd, bytes, bit >> 3, 1, bit >> 3);
        }
      });
    }
  });

  it("of any other length", { timeout: 300_000 }, async () => {
    for (const id of IDS) {
      const { sync } = pairOf(reading, id);
      await damageEach(sync.info().files, async (fd, bytes) => {
        const lengths = Array.from({ length: bytes.length + 9 }, (_, i) => bytes.length + 8 - i);
        for (const length of lengths.filter((other) => other !== bytes.length)) {
          fs.ftruncateSync(fd, length);
          if (!isMissed(id, counts.computed, sync())) expect.fail(`${id}, cut to ${length}`);
          cuts++;
        }
      });
      expect(isMissed(id, counts.computed - 1, sync())).toBe(true);
    }
    expect(cuts).toBeGreaterThan(5000);
  });

  it("are written anew, and found the next time", { timeout: 300_000 }, async () => {
    for (const [i, id] of IDS.entries()) {
      const { sync } = pairOf(writing, id);
      for (let bit = 10 * i; bit < 8 * 400; bit += 97, flips++) {
        const [path] = sync.info().files as [string];
        const bytes = fs.readFileSync(path);
        const fd = fs.openSync(path, "r+");
        invert(fd, bytes, bit);
        fs.closeSync(fd);
        const before = counts.computed;
        if (!isMissed(id, before, sync())) expect.fail(`${id}, bit ${bit}`);
        expect(isRight(id, sync())).toBe(true);
        expect(counts.computed).toBe(before + 1);
      }
    }
  });

  it("that a process finds at its start", { timeout: 300_000 }, async () => {
    const script = join(import.meta.dirname, "small-files.mjs");
    const run = () =>
      JSON.parse(
        execFileSync(process.execPath, ["--no-warnings", script, location], { encoding: "utf8" }),
      );
    expect(run()).toEqual({ wrong: [], computed: 0 });
    for (let round = 0; round < 4; round++) {
      for (const [i, id] of IDS.entries()) {
        for (const { info } of Object.values(pairOf(writing, id))) {
          const [path] = info().files as [string];
          const bytes = fs.readFileSync(path);
          const fd = fs.openSync(path, "r+");
          if (round === 0) fs.ftruncateSync(fd, 40 * i);
          else invert(fd, bytes, (1000 * round * (i + 1)) % (8 * bytes.length));
          fs.closeSync(fd);
        }
      }
      expect(run()).toEqual({ wrong: [], computed: 2 * IDS.length });
      expect(run()).toEqual({ wrong: [], computed: 0 });
      flips += 2 * IDS.length;
    }
    console.log(`${flips} flips, ${cuts} other lengths`);
  });
});
