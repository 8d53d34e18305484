import fs from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { packNdarrayToFileSync, unpackNdarrayFromFileSync } from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, failure, sampleBytes, silence } from "./blpk.ts";

const plain = sampleBytes(1_500_000);
let cwd: string;

beforeEach(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
  blpk(cwd, ["c", "-c", "lz4", "-t", "4", "in"]);
});

const content = () => blpk(cwd, ["cat", "in.blp"]).bytes;
const info = () => JSON.parse(blpk(cwd, ["i", "--json", "in.blp"]).stdout);

describe("append", () => {
  test.each([[["append", "in.blp", "in"]], [["a", "in.blp", "in"]], [["a", "in.blp", "-"]]])(
    "%j",
    (args) => {
      expect(blpk(cwd, args, { input: plain })).toMatchObject(silence);
      expect(content().equals(Buffer.concat([plain, plain]))).toBe(true);
      expect(info()).toMatchObject({ header: { nchunks: 3, typesize: 4 } });
      expect(fs.readdirSync(cwd).sort()).toEqual(["in", "in.blp"]);
    },
  );

  test("of nothing changes nothing", () => {
    const before = fs.readFileSync(join(cwd, "in.blp"));
    expect(blpk(cwd, ["a", "in.blp", "-"], { input: "" })).toMatchObject(silence);
    expect(fs.readFileSync(join(cwd, "in.blp")).equals(before)).toBe(true);
  });

  test("compresses as the options say", () => {
    blpk(cwd, ["a", "-c", "zstd", "-s", "-l", "3", "-t", "4", "in.blp", "in"]);
    const { offsets } = info();
    const flags = fs.readFileSync(join(cwd, "in.blp")).readUInt8(offsets[2] + 2);
    expect(flags >> 5).toBe(4);
    expect(flags & 0b101).toBe(0);
  });

  test("makes room when the table is full", () => {
    fs.rmSync(join(cwd, "in.blp"));
    blpk(cwd, ["c", "--max-app-chunks", "0", "in"]);
    const { stdout, status } = blpk(cwd, ["-v", "a", "in.blp", "in"]);
    expect(status).toBe(0);
    expect(stdout).toContain("the file was written anew");
    expect(content().equals(Buffer.concat([plain, plain]))).toBe(true);
  });

  test("adds rows to an array", () => {
    const rows = Float64Array.from({ length: 20 }, (_, i) => i);
    packNdarrayToFileSync(join(cwd, "array.blp"), { data: rows, shape: [2, 10] });
    const more = Buffer.from(rows.buffer);
    expect(blpk(cwd, ["a", "array.blp", "-"], { input: more })).toMatchObject(silence);
    expect(unpackNdarrayFromFileSync(join(cwd, "array.blp")).shape).toEqual([4, 10]);
    const part = blpk(cwd, ["a", "array.blp", "-"], { input: more.subarray(8) });
    expect(part).toMatchObject({ status: 1, stdout: "" });
    expect(part.stderr).toContain("not whole rows");
    expect(unpackNdarrayFromFileSync(join(cwd, "array.blp")).shape).toEqual([4, 10]);
  });
});

describe("append -m", () => {
  beforeEach(() => {
    fs.writeFileSync(join(cwd, "old.json"), '{"run": 1}');
    fs.writeFileSync(join(cwd, "new.json"), '{"run": 2}');
    fs.writeFileSync(
      join(cwd, "long.json"),
      JSON.stringify({ run: sampleBytes(400).toString("hex") }),
    );
    blpk(cwd, ["-f", "c", "-m", "old.json", "in"]);
  });

  test("replaces the metadata", () => {
    expect(blpk(cwd, ["a", "-m", "new.json", "in.blp", "in"])).toMatchObject(silence);
    expect(info().metadata).toEqual({ run: 2 });
    expect(content().byteLength).toBe(2 * plain.byteLength);
  });

  test("that has no room appends nothing, unlike the reference", () => {
    const outcome = blpk(cwd, ["a", "-m", "long.json", "in.blp", "in"]);
    expect(outcome.status).toBe(1);
    expect(outcome.stderr).toMatch(/^blpk: error: 'in.blp': The metadata takes/);
    expect(content().equals(plain)).toBe(true);
  });

  test("of a file without metadata appends nothing, unlike the reference", () => {
    blpk(cwd, ["-f", "c", "in"]);
    expect(blpk(cwd, ["a", "-m", "new.json", "in.blp", "in"])).toMatchObject(
      failure(1, "'in.blp' has no metadata to replace"),
    );
    expect(content().equals(plain)).toBe(true);
  });
});

describe("what cannot be appended", () => {
  test.each([
    [["a", "nope.blp", "in"], "original file 'nope.blp' does not exist!"],
    [["a", "in.blp", "nope"], "new file 'nope' does not exist!"],
    [["a", "in", "in.blp"], "original file 'in' does not end with '.blp'"],
    [["a", "in.blp", "in.blp"], "original file 'in.blp' and new file 'in.blp' are the same file"],
  ])("%j", (args, message) => {
    expect(blpk(cwd, args)).toMatchObject(failure(1, message));
    expect(content().equals(plain)).toBe(true);
  });

  test("-e takes any name", () => {
    fs.renameSync(join(cwd, "in.blp"), join(cwd, "other"));
    expect(blpk(cwd, ["a", "-e", "other", "in"])).toMatchObject(silence);
    expect(blpk(cwd, ["cat", "other"]).bytes.byteLength).toBe(2 * plain.byteLength);
  });
});
