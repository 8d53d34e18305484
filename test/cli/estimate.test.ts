import fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { codecs } from "../../src/blosc/codec.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, failure, sampleBytes } from "./blpk.ts";

const plain = sampleBytes(2_500_000);
let cwd: string;

interface Estimate {
  readonly codec: string;
  readonly shuffle: string;
  readonly ratio: number;
  readonly compressSpeed: number;
  readonly decompressSpeed: number;
}

beforeAll(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
  fs.writeFileSync(join(cwd, "empty"), "");
});

function estimate(args: string[], input?: Buffer): { size: number; results: Estimate[] } {
  const { status, stdout, stderr } = blpk(cwd, ["estimate", "--json", ...args], {
    ...(input === undefined ? {} : { input }),
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

describe("estimate", () => {
  test("tries every codec with every filter on the whole of a small file", () => {
    const { size, results } = estimate(["in"]);
    expect(size).toBe(plain.byteLength);
    expect(results.map(({ codec, shuffle }) => `${codec} ${shuffle}`)).toEqual(
      codecs.flatMap((codec) =>
        ["noshuffle", "shuffle", "bitshuffle"].map((shuffle) => `${codec} ${shuffle}`),
      ),
    );
    for (const { compressSpeed, decompressSpeed } of results) {
      expect(compressSpeed).toBeGreaterThan(0);
      expect(decompressSpeed).toBeGreaterThan(0);
    }
  });

  test("tells the ratio that compress then has", () => {
    const [, { ratio } = { ratio: 0 }] = estimate([
      "-c",
      "zstd",
      "-l",
      "3",
      "-t",
      "4",
      "in",
    ]).results;
    blpk(cwd, ["-f", "c", "-c", "zstd", "-l", "3", "-t", "4", "-k", "None", "-o", "in", "out.blp"]);
    const stored = fs.statSync(join(cwd, "out.blp")).size - 32;
    expect(ratio).toBeCloseTo(plain.byteLength / stored, 6);
  });

  test("takes a sample of a larger file, and the start of a pipe", () => {
    expect(estimate(["--sample", "1M", "-c", "lz4", "in"]).size).toBe(2 ** 20);
    expect(estimate(["--sample", "64K", "-c", "lz4", "-"], plain).size).toBe(2 ** 16);
    expect(estimate(["--sample", "8M", "-c", "lz4", "-"], plain).size).toBe(plain.byteLength);
  });

  test("prints a table for people", () => {
    const { stdout } = blpk(cwd, ["estimate", "-c", "lz4", "in"]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe("blpk: sample: 2.38M (2500000B), clevel: 7");
    expect(lines[1]).toMatch(/^blpk: codec +filter +ratio +compress +decompress$/);
    expect(lines.slice(2)).toHaveLength(3);
    expect(lines[3]).toMatch(/^blpk: lz4 +shuffle +\d+\.\d\d +[\d.]+[KMG]\/s +[\d.]+[KMG]\/s$/);
  });

  test("has nothing to say about an empty file", () => {
    expect(blpk(cwd, ["estimate", "empty"])).toMatchObject(
      failure(1, "input file 'empty' is empty"),
    );
  });
});
