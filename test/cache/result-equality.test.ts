// A miss, a hit, and a hit in another process give equal values: the same types, and the same object
// where it was the same.
import { Memory } from "bloscache";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inChild } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { difference } from "./difference.mjs";
import { randomResult } from "./random-results.mjs";
import { samples } from "./result-samples.mjs";

const folder = temporaryFolder();
const options = { id: "results", version: 1 };

/** The results, by their number. */
const results = new Map<number, unknown>();

let runs = 0;

function compute(n: number): unknown {
  runs++;
  return results.get(n);
}

const miss = new Memory(folder).memoize(compute, options);
const hit = new Memory(folder).memoize(compute, options);

/** Stores a result, and compares what comes back with one that was made apart from it. */
function differenceOfHit(n: number, result: unknown, expected: unknown): string | undefined {
  results.set(n, result);
  runs = 0;
  if (miss(n) !== result) return "the miss gave another object";
  const found = difference(expected, hit(n));
  return runs === 1 ? found : "it was computed again";
}

/** What a process that can only read finds different. */
function differencesInChild(source: string): Promise<unknown[]> {
  return inChild(
    `import fc from "fast-check";
     import { Memory } from "bloscache";
     import { difference } from "./test/cache/difference.mjs";
     import { randomResult } from "./test/cache/random-results.mjs";
     import { samples } from "./test/cache/result-samples.mjs";
     const hit = new Memory(process.env.FOLDER).memoize(() => {
       throw new Error("it was not stored");
     }, ${JSON.stringify(options)});
     const found = ${source}.map(([n, expected]) => difference(expected, hit(n)));
     console.log(JSON.stringify(found));`,
    { FOLDER: folder },
  );
}

describe("a result of every kind", () => {
  const expected = samples();

  it.each(samples().map(([name, value], n) => [name, n, value] as const))(
    "%s",
    (_name, n, value) => {
      expect(differenceOfHit(n, value, expected[n]?.[1])).toBeUndefined();
    },
  );

  it("is the same in another process", async () => {
    const found = await differencesInChild("samples().map(([, value], n) => [n, value])");
    expect(found).toEqual(expected.map(() => null));
  });

  it("is the same by an asynchronous function", async () => {
    const load = async (n: number) => expected[n]?.[1];
    const loaded = new Memory(folder).memoize(load, { id: "asynchronous", version: 1 });
    for (const [n, [, value]] of expected.entries()) {
      const [first, second] = await Promise.all([loaded(n), loaded(n)]);
      expect(first).toBe(value);
      expect(difference(value, second)).toBeUndefined();
    }
  });
});

describe("a random graph of objects", () => {
  it("is the same again", () => {
    let n = 1000;
    fc.assert(
      fc.property(randomResult, (result) => {
        n++;
        expect(differenceOfHit(n, result, result)).toBeUndefined();
      }),
      { numRuns: 1000 },
    );
  });

  it("is the same in another process", async () => {
    const parameters = { seed: Date.now(), numRuns: 300 };
    for (const [i, result] of fc.sample(randomResult, parameters).entries()) {
      const n = 10_000 + i;
      results.set(n, result);
      miss(n);
    }
    const source = `fc.sample(randomResult, ${JSON.stringify(parameters)}).map((r, i) => [10000 + i, r])`;
    expect(await differencesInChild(source), JSON.stringify(parameters)).toEqual(
      Array.from({ length: 300 }, () => null),
    );
  });
});
