import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";

const folder = join(import.meta.dirname, "../../examples/airports");
const n = 3376;

async function runNode(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout;
}

describe("the airports demo", () => {
  let stdout: string;
  beforeAll(async () => {
    stdout = await runNode(join(folder, "main.mjs"), "--json");
  });

  test("prints one JSON object with these keys and nothing else", () => {
    const report = JSON.parse(stdout);
    expect(report).toEqual({
      computeMs: expect.any(Number),
      hitMs: expect.any(Number),
      plainBytes: n * n * 8,
      storedBytes: statSync(report.file).size,
      file: expect.stringMatching(/\.blp$/),
      identical: true,
    });
    expect(report.file.startsWith(join(folder, ".cache", "objects"))).toBe(true);
    expect(report.storedBytes).toBeLessThan(report.plainBytes);
  });

  test("leaves a cache that a third process hits", async () => {
    const step = JSON.parse(await runNode(join(folder, "step.mjs"), join(folder, ".cache")));
    expect(step).toMatchObject({ computed: false, shape: [n, n], plainBytes: n * n * 8 });
  });
});

test("the distances agree with published ones", async () => {
  const { greatCircleDistances } = await import(join(folder, "great-circle.mjs"));
  // A quarter and a half of the equator, and Paris to London on this sphere.
  const km: Float64Array = greatCircleDistances(
    Float64Array.of(0, 0, 0, 48.8566, 51.5074),
    Float64Array.of(0, 90, 180, 2.3522, -0.1278),
  );
  const quarter = (Math.PI / 2) * 6371.0088;
  expect(km[1]).toBeCloseTo(quarter, 6);
  expect(km[2]).toBeCloseTo(2 * quarter, 6);
  expect(km[3 * 5 + 4]).toBeCloseTo(343.56, 1);
  expect(km[4 * 5 + 3]).toBe(km[3 * 5 + 4]);
});
