import fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packNdarrayToFileSync } from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, failure, sampleBytes, silence } from "./blpk.ts";

const plain = sampleBytes(3_000_000);
const rows = Float64Array.from({ length: 300_000 }, (_, i) => i);
let cwd: string;

beforeAll(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
  blpk(cwd, ["c", "in"]);
  packNdarrayToFileSync(join(cwd, "rows.blp"), { data: rows, shape: [100_000, 3] });
  const grid = Int16Array.from({ length: 12 }, (_, i) => i);
  packNdarrayToFileSync(join(cwd, "fortran.blp"), { data: grid, shape: [3, 4], order: "F" });
  packNdarrayToFileSync(join(cwd, "scalar.blp"), { data: new Float64Array(1), shape: [] });
});

describe("of a file of bytes", () => {
  test.each([
    ["10:20", 10, 20],
    [":7", 0, 7],
    ["-5:", -5, undefined],
    ["-9:-4", -9, -4],
    [":", 0, undefined],
    ["7", 7, 8],
    ["-1", -1, undefined],
    ["1048570:1048590", 1_048_570, 1_048_590],
    ["20:10", 0, 0],
    ["2999990:4000000", 2_999_990, undefined],
  ])("%s are bytes", (range, start, stop) => {
    const { status, bytes, stderr } = blpk(cwd, ["slice", "in.blp", range]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(bytes.equals(plain.subarray(start, stop))).toBe(true);
  });

  test("goes to a file, if one is named", () => {
    expect(blpk(cwd, ["slice", "in.blp", ":9", "part"])).toMatchObject(silence);
    expect(fs.readFileSync(join(cwd, "part")).equals(plain.subarray(0, 9))).toBe(true);
    expect(blpk(cwd, ["slice", "in.blp", ":9", "part"])).toMatchObject(
      failure(1, "output file 'part' exists!"),
    );
  });
});

describe("of an array", () => {
  test("counts rows", () => {
    const { bytes } = blpk(cwd, ["slice", "rows.blp", "50000:50002"]);
    expect(bytes.equals(Buffer.from(rows.buffer, 50_000 * 24, 48))).toBe(true);
  });

  test("--text prints them, a row per line", () => {
    const text = blpk(cwd, ["slice", "--text", "rows.blp", "-2:"]);
    expect(text).toMatchObject({
      status: 0,
      stdout: "299994 299995 299996\n299997 299998 299999\n",
    });
    const all = blpk(cwd, ["slice", "--text", "rows.blp", ":"]).stdout;
    expect(all.split("\n")).toHaveLength(100_001);
  });

  test("in Fortran order counts along the last axis", () => {
    expect(blpk(cwd, ["slice", "--text", "fortran.blp", "1:3"]).stdout).toBe("3 4 5\n6 7 8\n");
  });

  test("without dimensions has no slices", () => {
    expect(blpk(cwd, ["slice", "scalar.blp", ":"])).toMatchObject(
      failure(1, "an array without dimensions has no slices"),
    );
  });
});

test.each([
  [["slice", "in.blp", "3000000"], 1, "index 3000000 is out of range: there are 3000000"],
  [["slice", "in.blp", "-3000001"], 1, "index -3000001 is out of range: there are 3000000"],
  [["slice", "in.blp", "a:b"], 2, "'a:b' is not a range, such as 10:20, -5: or 7"],
  [["slice", "in.blp", ""], 2, "'' is not a range, such as 10:20, -5: or 7"],
  [["slice", "--text", "in.blp", ":"], 1, "--text needs a file of an array"],
])("%j exits with %d", (args, status, message) => {
  expect(blpk(cwd, args)).toMatchObject(failure(status, message));
});

test("a damaged chunk is an error only to who wants some of it", () => {
  const stored = fs.readFileSync(join(cwd, "in.blp"));
  const { offsets } = JSON.parse(blpk(cwd, ["i", "--json", "in.blp"]).stdout);
  stored.writeUInt8(stored.readUInt8(offsets[1] + 100) ^ 1, offsets[1] + 100);
  fs.writeFileSync(join(cwd, "bad.blp"), stored);
  expect(blpk(cwd, ["slice", "bad.blp", "0:100"]).bytes.equals(plain.subarray(0, 100))).toBe(true);
  const outcome = blpk(cwd, ["slice", "bad.blp", "1000000:1100000", "out"]);
  expect(outcome.status).toBe(1);
  expect(outcome.stderr).toMatch(/CHUNK_CHECKSUM in chunk 1/);
  expect(fs.existsSync(join(cwd, "out"))).toBe(false);
});
