import fs from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, failure, sampleBytes, silence } from "./blpk.ts";

let cwd: string;

beforeAll(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), sampleBytes(3_000_000));
});

/** What `info` says about the file that these arguments make. */
function made(...args: string[]): Record<string, Record<string, unknown>> {
  expect(blpk(cwd, ["-f", "c", ...args, "in", "out.blp"])).toMatchObject(silence);
  return JSON.parse(blpk(cwd, ["info", "--json", "out.blp"]).stdout);
}

describe("options of compress reach the file", () => {
  const defaults = {
    header: {
      formatVersion: 3,
      offsets: true,
      metadata: false,
      checksum: "adler32",
      typesize: 8,
      chunkSize: 1024 * 1024,
      lastChunk: 902_848,
      nchunks: 3,
      maxAppChunks: 30,
    },
    firstChunk: { typesize: 8, codec: "blosclz", byteShuffle: true, bitShuffle: false },
  };

  test("the defaults are the reference's", () => {
    expect(made()).toMatchObject(defaults);
  });

  test.each([
    [["-t", "4"], { header: { typesize: 4 }, firstChunk: { typesize: 4 } }],
    [["--typesize=4"], { header: { typesize: 4 } }],
    [["-l0"], { firstChunk: { memcpyed: true } }],
    [["--clevel", "9"], { firstChunk: { memcpyed: false } }],
    [["-s"], { firstChunk: { byteShuffle: false, bitShuffle: false } }],
    [["--no-shuffle"], { firstChunk: { byteShuffle: false } }],
    [["--bitshuffle"], { firstChunk: { byteShuffle: false, bitShuffle: true } }],
    [["-c", "zstd"], { firstChunk: { codec: "zstd" } }],
    [["--codec", "lz4"], { firstChunk: { codec: "lz4" } }],
    [["-z", "512K"], { header: { chunkSize: 512 * 1024, nchunks: 6 } }],
    [["--chunk-size", "1000000"], { header: { chunkSize: 1_000_000, nchunks: 3 } }],
    [["-z", "0.5M"], { header: { chunkSize: 512 * 1024 } }],
    [["-z", "max"], { header: { chunkSize: 3_000_000, nchunks: 1 } }],
    [["-k", "sha256"], { header: { checksum: "sha256" } }],
    [["--checksum", "None"], { header: { checksum: "None" } }],
    [["-o"], { header: { offsets: false, maxAppChunks: 0 } }],
    [["--no-offsets"], { header: { offsets: false } }],
    [["--max-app-chunks", "5"], { header: { offsets: true, maxAppChunks: 5 } }],
    [["-z=512K"], { header: { chunkSize: 512 * 1024 } }],
    [
      ["-so", "-t=4", "-l=9", "-c=lz4", "-k=md5"],
      { header: { offsets: false, typesize: 4, checksum: "md5" }, firstChunk: { codec: "lz4" } },
    ],
    [["-soz=512K", "-n=1"], { header: { offsets: false, chunkSize: 512 * 1024 } }],
    [
      ["-so", "-t4"],
      { header: { offsets: false, typesize: 4 }, firstChunk: { byteShuffle: false } },
    ],
  ])("%j", (args, expected) => {
    expect(made(...args)).toMatchObject(expected);
  });
});

describe("a command line that makes no sense exits with 2", () => {
  test.each([
    [[]],
    [["unknown"]],
    [["c"]],
    [["c", "a", "b", "c"]],
    [["c", "--unknown", "in"]],
    [["c", "--ch", "1M", "in"]],
    [["c", "-l", "10", "in"]],
    [["c", "-l", "x", "in"]],
    [["c", "-s=1", "in"]],
    [["c", "-x=1", "in"]],
    [["c", "-t", "x", "in"]],
    [["c", "-k", "md4", "in"]],
    [["c", "-c", "gzip", "in"]],
    [["-v", "-d", "c", "in"]],
    [["c", "-s", "--bitshuffle", "in"]],
    [["-n", "x", "c", "in"]],
    [["slice", "in", "1:2:3"]],
    [["slice", "in", "--unknown"]],
  ])("%j", (args) => {
    const outcome = blpk(cwd, args);
    expect(outcome).toMatchObject({ status: 2, stdout: "" });
    expect(outcome.stderr).not.toBe("");
    expect(fs.existsSync(join(cwd, "in.blp"))).toBe(false);
  });
});

describe("a value out of range exits with 1, as in the reference", () => {
  test.each([
    [["-n", "0", "c", "in"], "-n must be 1 <= n <= 256"],
    [["-n", "257", "c", "in"], "-n must be 1 <= n <= 256"],
    [["c", "-t", "0", "in"], "-t must be 1 <= t <= 255"],
    [["c", "-z", "-1", "in"], "-z must be 1 <= z <= 2147483631"],
    [["c", "-z", "0", "in"], "-z must be 1 <= z <= 2147483631"],
    [["c", "-z", "2G", "in"], "-z must be 1 <= z <= 2147483631"],
    [["c", "--max-app-chunks", "-1", "in"], "--max-app-chunks must be at least 0"],
    [["estimate", "--sample", "0", "in"], "--sample must be 1 <= s <= 2147483631"],
    [["c", "-z", "1Q", "in"], "-z error: '1Q' is not a size, such as 512K"],
    [["c", "-z=-1", "in"], "-z must be 1 <= z <= 2147483631"],
    [["c", "-z=", "in"], "-z error: '' is not a size, such as 512K"],
    [["-n=0", "c", "in"], "-n must be 1 <= n <= 256"],
    [["c", "-m=nope", "in"], "metadata file 'nope' does not exist!"],
    // What an option is given is no option, whatever it looks like.
    [["c", "-m", "-z=1M", "in"], "metadata file '-z=1M' does not exist!"],
    [["c", "-m", "--for", "in"], "metadata file '--for' does not exist!"],
    [["c", "-m", "=nope", "in"], "metadata file '=nope' does not exist!"],
    [["c", "-ma=b", "in"], "metadata file 'a=b' does not exist!"],
    [["c", "--", "-z=1M"], "input file '-z=1M' does not exist!"],
  ])("%j", (args, message) => {
    expect(blpk(cwd, args)).toMatchObject(failure(1, message));
  });
});

describe("global options", () => {
  test.each([
    [["-v", "-n", "1", "i", "out.blp"]],
    [["i", "-v", "-n", "1", "out.blp"]],
    [["i", "out.blp", "--verbose", "--nthreads=1"]],
  ])("may stand before and behind the subcommand: %j", (args) => {
    made();
    expect(blpk(cwd, args).stdout.trimEnd().split("\n").at(-1)).toBe("blpk: done");
  });

  test("--nthreads sets the number of threads", () => {
    const { stdout } = blpk(cwd, ["-v", "-f", "-n", "3", "c", "in", "out.blp"]);
    expect(stdout).toMatch(/^blpk: using 3 threads\n/);
  });
});

test("--version names the versions, --help the commands", () => {
  expect(blpk(cwd, ["--version"])).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^bloscache: '\d+\.\d+\.\d+' blosc: '1\.\d+/),
    stderr: "",
  });
  const help = blpk(cwd, ["--help"]);
  expect(help).toMatchObject({ status: 0, stderr: "" });
  for (const name of ["compress|c", "decompress|d", "append|a", "info|i", "verify", "slice"]) {
    expect(help.stdout).toContain(name);
  }
  expect(blpk(cwd, ["c", "-h"]).stdout).toContain("--no-shuffle");
});
