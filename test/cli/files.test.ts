import fs from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, failure, sampleBytes, silence } from "./blpk.ts";

const plain = sampleBytes(3_000_000);
let cwd: string;

beforeEach(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
});

function read(name: string): Buffer {
  return fs.readFileSync(join(cwd, name));
}

function isPlain(name: string): boolean {
  return read(name).equals(plain);
}

describe("names", () => {
  test.each([
    [["compress", "in"], "in.blp"],
    [["c", "in"], "in.blp"],
    [["c", "in", "other"], "other"],
  ])("%j makes %s", (args, made) => {
    expect(blpk(cwd, args)).toMatchObject(silence);
    expect(fs.readdirSync(cwd).sort()).toEqual(["in", made].sort());
  });

  test.each([
    [["decompress", "x.blp"], "x"],
    [["d", "x.blp"], "x"],
    [["d", "x.blp", "other"], "other"],
    [["d", "-e", "y", "other"], "other"],
    [["d", "--no-check-extension", "y", "other"], "other"],
  ])("%j makes %s", (args, made) => {
    blpk(cwd, ["c", "in", "x.blp"]);
    fs.copyFileSync(join(cwd, "x.blp"), join(cwd, "y"));
    expect(blpk(cwd, args)).toMatchObject(silence);
    expect(isPlain(made)).toBe(true);
  });

  test("without the extension nothing is decompressed", () => {
    blpk(cwd, ["c", "in", "y"]);
    expect(blpk(cwd, ["d", "y"])).toMatchObject(
      failure(1, "input file 'y' does not end with '.blp'"),
    );
    expect(blpk(cwd, ["d", "-e", "y"])).toMatchObject(
      failure(1, "--no-check-extension requires use of <out_file>"),
    );
    expect(fs.readdirSync(cwd).sort()).toEqual(["in", "y"]);
  });
});

describe("existing files", () => {
  test("are replaced with -f only", () => {
    fs.writeFileSync(join(cwd, "in.blp"), "precious");
    expect(blpk(cwd, ["c", "in"])).toMatchObject(failure(1, "output file 'in.blp' exists!"));
    expect(read("in.blp").toString()).toBe("precious");
    expect(blpk(cwd, ["-f", "c", "in"])).toMatchObject(silence);
    expect(blpk(cwd, ["d", "in.blp"])).toMatchObject(failure(1, "output file 'in' exists!"));
    fs.writeFileSync(join(cwd, "in"), "");
    expect(blpk(cwd, ["--force", "d", "in.blp"])).toMatchObject(silence);
    expect(isPlain("in")).toBe(true);
  });

  test("are never input and output at once", () => {
    fs.linkSync(join(cwd, "in"), join(cwd, "same"));
    expect(blpk(cwd, ["-f", "c", "in", "same"])).toMatchObject(
      failure(1, "input file 'in' and output file 'same' are the same file"),
    );
    expect(isPlain("in")).toBe(true);
  });

  test("are never the metadata and the output at once", () => {
    fs.writeFileSync(join(cwd, "meta.json"), "{}");
    expect(blpk(cwd, ["-f", "c", "in", "-m", "meta.json", "./meta.json"])).toMatchObject(
      failure(1, "input file 'meta.json' and output file './meta.json' are the same file"),
    );
    expect(read("meta.json").toString()).toBe("{}");
  });

  test("behind a link are replaced, and the link stays", () => {
    fs.writeFileSync(join(cwd, "target"), "");
    fs.symlinkSync("target", join(cwd, "link"));
    expect(blpk(cwd, ["-f", "c", "in", "link"])).toMatchObject(silence);
    expect(fs.lstatSync(join(cwd, "link")).isSymbolicLink()).toBe(true);
    expect(fs.statSync(join(cwd, "target")).size).toBeGreaterThan(100);
  });

  test("are links too, even where nothing is behind them", () => {
    fs.symlinkSync("nowhere", join(cwd, "link"));
    expect(blpk(cwd, ["c", "in", "link"])).toMatchObject(failure(1, "output file 'link' exists!"));
    expect(fs.readdirSync(cwd).sort()).toEqual(["in", "link"]);
    expect(fs.readlinkSync(join(cwd, "link"))).toBe("nowhere");
    expect(blpk(cwd, ["-f", "c", "in", "link"])).toMatchObject(silence);
  });

  test.skipIf(process.platform === "win32")("that are devices stay devices", () => {
    expect(blpk(cwd, ["-f", "c", "in", "/dev/null"])).toMatchObject(silence);
    expect(fs.statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});

describe("what cannot be done", () => {
  test.each([
    [["c", "nope"], "input file 'nope' does not exist!"],
    [["d", "nope.blp"], "input file 'nope.blp' does not exist!"],
    [["info", "nope"], "file 'nope' does not exist!"],
    [["verify", "nope"], "'nope': no such file or directory"],
    [["c", "."], "input file '.' is a directory"],
    [["-f", "c", "in", "."], "output file '.' is a directory"],
    [["slice", "-", "1"], "'-' is a stream, and this takes a file: it is not read in one go"],
    [["i", "-"], "'-' is a stream, and this takes a file: it is not read in one go"],
    [["c", "-m", "-", "in"], "metadata is read from a file, not from stdin"],
    [["c", "-m", "nope", "in"], "metadata file 'nope' does not exist!"],
    [["c", "-m", "in", "in"], /^blpk: error: 'in' is not JSON: .*\n$/],
    [
      ["d", "-e", "in", "out"],
      "'in': BAD_MAGIC in header at byte 0: the file does not start with \"blpk\"",
    ],
    [["c", "in", "no/such"], "'no/such': no such file or directory"],
  ])("%j is told on stderr, and exits with 1", (args, message) => {
    const outcome = blpk(cwd, args);
    if (typeof message === "string") expect(outcome).toMatchObject(failure(1, message));
    else expect(outcome).toMatchObject({ status: 1, stdout: "" });
    if (typeof message !== "string") expect(outcome.stderr).toMatch(message);
    expect(fs.readdirSync(cwd)).toEqual(["in"]);
  });

  test("stack traces are for --debug", () => {
    expect(blpk(cwd, ["d", "-e", "in", "out"]).stderr).not.toContain("\n    at ");
    expect(blpk(cwd, ["-d", "d", "-e", "in", "out"]).stderr).toContain("Caused by: BloscpackError");
  });

  test("a damaged file leaves nothing half done", () => {
    blpk(cwd, ["c", "in"]);
    const stored = read("in.blp");
    const at = stored.byteLength - 100;
    stored.writeUInt8(stored.readUInt8(at) ^ 1, at);
    fs.writeFileSync(join(cwd, "in.blp"), stored);
    const outcome = blpk(cwd, ["d", "in.blp", "out"]);
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^blpk: error: 'in.blp': CHUNK_CHECKSUM in chunk 2 at byte \d+/);
    expect(fs.readdirSync(cwd).sort()).toEqual(["in", "in.blp"]);
  });
});

describe("metadata", () => {
  test("is printed by decompress, or written to a file", () => {
    fs.writeFileSync(join(cwd, "meta.json"), '{"sensor": 7}\n');
    expect(blpk(cwd, ["c", "-m", "meta.json", "in"])).toMatchObject(silence);
    expect(blpk(cwd, ["d", "in.blp", "out"])).toMatchObject({
      status: 0,
      stdout: 'blpk: Metadata:\nblpk: {"sensor":7}\n',
    });
    expect(blpk(cwd, ["-f", "d", "-m", "kept.json", "in.blp", "out"])).toMatchObject(silence);
    expect(read("kept.json").toString()).toBe('{"sensor":7}\n');
  });

  test("of null is none, as in the reference", () => {
    fs.writeFileSync(join(cwd, "meta.json"), "null");
    blpk(cwd, ["c", "-m", "meta.json", "in"]);
    expect(JSON.parse(blpk(cwd, ["i", "--json", "in.blp"]).stdout).header.metadata).toBe(false);
  });
});

test("an empty file takes 140 bytes, and comes back empty", () => {
  fs.writeFileSync(join(cwd, "empty"), "");
  expect(blpk(cwd, ["c", "empty"])).toMatchObject(silence);
  expect(read("empty.blp").byteLength).toBe(140);
  expect(blpk(cwd, ["d", "empty.blp", "out"])).toMatchObject(silence);
  expect(read("out").byteLength).toBe(0);
});

test("-v tells what is done, as the reference does", () => {
  const size = () => fs.statSync(join(cwd, "in.blp")).size;
  const packed = blpk(cwd, ["-v", "-n", "1", "c", "in"]);
  expect(packed).toMatchObject({ status: 0, stderr: "" });
  expect(packed.stdout.split("\n")).toEqual([
    "blpk: using 1 thread",
    "blpk: getting ready for compression",
    "blpk: input file is: 'in'",
    "blpk: output file is: 'in.blp'",
    "blpk: input file size: 2.86M (3000000B)",
    "blpk: nchunks: 3",
    "blpk: chunk_size: 1.0M (1048576B)",
    "blpk: last_chunk_size: 881.69K (902848B)",
    expect.stringContaining(`(${size()}B)`),
    `blpk: compression ratio: ${(3_000_000 / size()).toFixed(6)}`,
    "blpk: done",
    "",
  ]);
});
