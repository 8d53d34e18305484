import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";

function printedBy(example: string): string {
  const main = new URL(`../../examples/${example}/main.mjs`, import.meta.url).pathname;
  return execFileSync(process.execPath, [main], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
}

// Twice: the second run finds the cache of the first.
it.each([1, 2])("the sweep finds what it has, and explains what it has not", () => {
  const [found, why] = printedBy("sweep").split("\n");
  expect(found).toBe("6 of 15 runs were found");
  expect(why).toMatch(/^arguments: Never called with these arguments\. Nearest is [0-9a-f]{8}: /);
  expect(why).toMatch(/args\[0\]\.seed is 4, there \d/);
});

it.each([1, 2])("the pipeline hands on handles", () => {
  const [size, loudest, counts] = printedBy("pipeline").split("\n");
  expect(size).toMatch(/^10\.6 MB on disk as \d+\.\d MB$/);
  expect(loudest).toMatch(/^second \d+ is the loudest, and was found again: true$/);
  expect(counts).toBe("1 recording, 1 of 2 analyses from the cache");
});

it.each([1, 2])(
  "arrays of every library are found by equal ones, and read as what they were",
  () => {
    expect(printedBy("arrays").trim().split("\n")).toEqual([
      "ndarray: float64 2 × 3, first 30; 1 hit, 1 miss",
      "@stdlib/ndarray: float64 2 × 3, last 6; 1 hit, 1 miss",
      "apache-arrow: 2 rows of km: Float64; 1 hit, 1 miss",
      "TensorFlow.js: float32 2 × 2, 1 4 9 16; 1 hit, 1 miss",
      "onnxruntime: bool 1 × 2, 0 1; 1 hit, 1 miss",
      "zarrita: BoolArray 2 × 3, false false false true true true; 1 hit, 1 miss",
      "a class of one's own: Spectrum with its peak at 1; 1 hit, 1 miss",
    ]);
  },
);

it.each([1, 2])("threads and processes compute each tile once, and all get it", () => {
  expect(printedBy("workers").trim().split("\n")).toEqual([
    "36 tiles asked for by 4 workers",
    "9 computed, 9 stored",
    "all the same: true",
  ]);
});

it.each([1, 2])("machines that share a tier compute each run once, and bring the others", () => {
  expect(printedBy("cluster").trim().split("\n")).toEqual([
    "72 runs asked for by 6 workers on 3 machines",
    "12 computed, 24 brought from the shared tier",
    "all the same: true",
  ]);
});

it.each([1, 2])("clients of a route share one computation, and may leave it", () => {
  expect(printedBy("route").trim().split("\n")).toEqual([
    "17 of 20 clients served by 1 computation",
    "1 computation stopped, 1 result stored",
  ]);
});

it.each([1, 2])("the tiles stay within their size", () => {
  const [size, dear, removed] = printedBy("tiles").split("\n");
  const [, now, most] = /^(\d+\.\d) MB of results, at most (\d+\.\d)$/.exec(size ?? "") ?? [];
  expect(Number(now)).toBeLessThanOrEqual(2);
  expect(Number(most)).toBeLessThan(2.3);
  expect(dear).toBe("the overview is kept: true; the legend, which is pinned, too: true");
  expect(removed).toMatch(/^reduced to 10 results, by \d+$/);
});

it.each([1, 2])("the embeddings are made once per text", () => {
  const [similarities, made] = printedBy("embeddings").split("\n");
  expect(similarities).toMatch(/^0\.\d\d 1\.00 0\.\d\d$/);
  expect(made).toBe("3 of 4 texts embedded");
});

it.each([1, 2])("the simulation is killed, and goes on from what is stored", () => {
  const [killed, wentOn, same, now] = printedBy("growing").split("\n");
  const [, kept, length] =
    /^killed with (\d+) steps stored, continued to (\d+)$/.exec(killed ?? "") ?? [];
  expect(Number(kept)).toBeGreaterThanOrEqual(50_000);
  expect(Number(length) - Number(kept)).toBe(20_000);
  expect(wentOn).toMatch(/^1 run went on in \d+ ms$/);
  expect(same).toBe("the same as without interruption: true");
  expect(now).toMatch(/^now at -?\d+\.\d, -?\d+\.\d, -?\d+\.\d$/);
});
