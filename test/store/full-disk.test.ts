// A disk that fills up while results are stored: every call returns, nothing dies, and when there
// is room again the cache works.
import { closeSync, openSync, readdirSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { smallDisk } from "../support/small-disk.ts";

interface Outcome {
  readonly wrong: number;
  readonly hits: number;
  readonly codes: readonly string[];
}

/** Asks for 3,000 results of 3 KB and 60 of 100 KB, twice. */
const source = `
  import { Memory } from "bloscache";
  const memory = new Memory(process.env.LOCATION);
  const codes = new Set();
  process.on("warning", ({ code }) => codes.add(code));
  let runs = 0;
  const fill = memory.memoize((length, seed) => {
    runs++;
    return Uint32Array.from({ length }, (_, i) => Math.imul(i ^ seed, 0x9e3779b1));
  }, { id: "fill" });
  let wrong = 0;
  const ask = (length, seed) => {
    const result = fill(length, seed);
    const right = result.length === length && result[7] === Math.imul(7 ^ seed, 0x9e3779b1) >>> 0;
    if (!right) wrong++;
  };
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 3000; i++) {
      ask(750, i);
      if (i % 50 === 0) ask(25_000, i);
    }
  }
  setImmediate(() => console.log(JSON.stringify({ wrong, hits: 6120 - runs, codes: [...codes] })));`;

function fillUp(path: string): void {
  const fd = openSync(path, "w");
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    closeSync(fd);
  }
}

describe.each([1, 3, 6, 10])("on a disk of %i MiB", (mebibytes) => {
  const disk = smallDisk(mebibytes);

  it.runIf(disk)("every call gets its result", async () => {
    const folder = disk as string;
    const LOCATION = join(folder, "cache");
    const full = await inChild<Outcome>(source, { LOCATION });
    expect(full.wrong).toBe(0);
    expect(full.codes.length).toBeGreaterThan(0);
    expect(readdirSync(join(LOCATION, "tmp"))).toEqual([]);

    // Somebody else's file takes what is left, and what is stored is still served.
    fillUp(join(folder, "other"));
    const again = await inChild<Outcome>(source, { LOCATION });
    expect(again.wrong).toBe(0);
    expect(again.hits).toBeGreaterThanOrEqual(full.hits);
  });
});

describe("a result of several arrays that does not fit", () => {
  const disk = smallDisk(6);

  it.runIf(disk)("leaves none of them behind", async () => {
    const LOCATION = join(disk as string, "cache");
    const outcome = await inChild(
      `import { Memory } from "bloscache";
       const memory = new Memory(process.env.LOCATION);
       process.on("warning", () => undefined);
       const noise = (n) => Uint32Array.from({ length: n }, () => Math.random() * 2 ** 32);
       const pair = memory.memoize(() => [noise(100_000), noise(2_000_000)], { id: "pair" });
       for (let i = 0; i < 3; i++) pair();
       console.log(1);`,
      { LOCATION },
    );
    expect(outcome).toBe(1);
    const files = readdirSync(join(LOCATION, "objects"), { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => name.endsWith(".blp"))).toEqual([]);
    expect(readdirSync(join(LOCATION, "tmp"))).toEqual([]);
  });
});
