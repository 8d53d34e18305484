/** Both implementations of `blpk`, on the same command lines and on each other's files. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { blpk, type Outcome, sampleBytes } from "../cli/blpk.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { hasReference } from "./reference.ts";

const python = join(
  import.meta.dirname,
  "../../.venv",
  process.platform === "win32" ? "Scripts/python.exe" : "bin/python",
);

/** The reference's command; bloscpack 0.16.0 looks for a name where Python 3.10 no longer has it. */
const main = `
import collections, collections.abc, sys
collections.MutableMapping = collections.abc.MutableMapping
sys.argv[0] = "blpk"
from bloscpack.cli import main
main()`;

function reference(cwd: string, args: readonly string[]): Pick<Outcome, "status" | "stdout"> {
  return spawnSync(python, ["-c", main, ...args], { cwd, encoding: "utf8" });
}

const plain = sampleBytes(3_000_000);
let cwd: string;

beforeEach(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
  fs.writeFileSync(join(cwd, "meta.json"), '{"sensor": 7, "name": "Ωhm"}');
});

const options: [string[]][] = [
  [[]],
  [["-t", "4", "-l", "9"]],
  [["-s", "-c", "lz4"]],
  [["-c", "zstd", "-z", "100K"]],
  [["--codec", "zlib", "--clevel", "1", "--typesize", "1"]],
  [["-z", "max", "-k", "None"]],
  [["-k", "sha512", "-o"]],
  [["--checksum", "crc32", "--chunk-size", "0.3M", "--metadata", "meta.json"]],
];

describe.skipIf(!hasReference)("files of one are read by the other", () => {
  test.each(options)("compressed here, with %j", (args) => {
    expect(blpk(cwd, ["c", ...args, "in"]).status).toBe(0);
    expect(reference(cwd, ["d", "in.blp", "out"]).status).toBe(0);
    expect(fs.readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
  });

  test.each(options)("compressed there, with %j", (args) => {
    expect(reference(cwd, ["c", ...args, "in"]).status).toBe(0);
    expect(blpk(cwd, ["d", "in.blp", "out"]).status).toBe(0);
    expect(fs.readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
    expect(blpk(cwd, ["verify", "in.blp"]).status).toBe(0);
  });

  test("appended here and there in turn", () => {
    blpk(cwd, ["c", "in"]);
    const commands = [blpk, reference, blpk, reference, reference, blpk];
    for (const command of commands) expect(command(cwd, ["a", "in.blp", "in"]).status).toBe(0);
    const all = Buffer.concat(Array.from({ length: 1 + commands.length }, () => plain));
    for (const command of [blpk, reference]) {
      expect(command(cwd, ["-f", "d", "in.blp", "out"]).status).toBe(0);
      expect(fs.readFileSync(join(cwd, "out")).equals(all)).toBe(true);
    }
  });

  test("from a pipe to a file", () => {
    expect(blpk(cwd, ["c", "-", "out.blp"], { input: plain }).status).toBe(0);
    expect(reference(cwd, ["d", "out.blp", "out"]).status).toBe(0);
    expect(fs.readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
  });

  test("from a file to a pipe", () => {
    fs.writeFileSync(join(cwd, "out.blp"), blpk(cwd, ["c", "in", "-"]).bytes);
    expect(reference(cwd, ["d", "out.blp", "out"]).status).toBe(0);
    expect(fs.readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
  });
});

describe.skipIf(!hasReference)("the same command lines", () => {
  test.each(options)("make the same header and offsets table, with %j", (args) => {
    // The sizes of chunks vary from run to run: with several threads blocks end in any order.
    const headOf = (text: string) =>
      text.slice(0, text.indexOf("blpk: First chunk")).replace(/\[[\d,]+\.\.\.\]/, "[...]");
    const metadata = /blpk: Metadata:\n(.*\n)/;
    blpk(cwd, ["c", ...args, "in", "ours.blp"]);
    reference(cwd, ["c", ...args, "in", "theirs.blp"]);
    const [ours, theirs] = ["ours.blp", "theirs.blp"].map((file) => {
      const shown = [blpk(cwd, ["info", file]).stdout, reference(cwd, ["info", file]).stdout];
      // Python's literals and JSON differ.
      const [here, there] = shown.map((text) => headOf(text).replace(metadata, ""));
      expect(here).toBe(there);
      return here;
    });
    expect(ours).toBe(theirs);
  });

  test.each([
    [["c", "in"]],
    [["compress", "in", "out"]],
    [["-f", "c", "in", "meta.json"]],
    [["c", "in", "meta.json"]],
    [["c", "nope"]],
    [["d", "in"]],
    [["d", "-e", "in"]],
    [["d", "nope.blp"]],
    [["info", "in"]],
    [["info", "nope"]],
    [["a", "nope.blp", "in"]],
    [["a", "in", "in"]],
    [["-n", "0", "c", "in"]],
    [["-n", "1", "c", "in"]],
    [["-n", "x", "c", "in"]],
    [["c", "-t", "0", "in"]],
    [["c", "-t", "256", "in"]],
    [["c", "-t", "x", "in"]],
    [["c", "-l", "10", "in"]],
    [["c", "-c", "gzip", "in"]],
    [["c", "-k", "md4", "in"]],
    [["c", "-z", "0", "in"]],
    [["c", "-z", "-5", "in"]],
    [["c", "-z", "1Q", "in"]],
    [["c", "-z", "1e3B", "in"]],
    [["c", "-z=1M", "in"]],
    [["c", "-z=1Q", "in"]],
    [["-n=1", "c", "-c=lz4", "-l=5", "-k=crc32", "in"]],
    [["c", "-s=1", "in"]],
    [["c", "-m=nope", "in"]],
    [["c", "-m", "nope", "in"]],
    [["c", "-m", "in", "in"]],
    [["-v", "-d", "c", "in"]],
    [["--verbose", "c", "in"]],
    [["--verb", "c", "--chunk", "1M", "--no-off", "in"]],
    [["c", "--ch", "1M", "in"]],
    [["c", "--", "in"]],
    [["unknown"]],
    [[]],
    [["--help"]],
    [["--version"]],
    [["c"]],
    [["c", "a", "b", "c"]],
  ])("%j exit with the same code", (args) => {
    const there = reference(cwd, args).status;
    for (const made of ["in.blp", "out"]) fs.rmSync(join(cwd, made), { force: true });
    fs.writeFileSync(join(cwd, "meta.json"), '{"sensor": 7}');
    expect(blpk(cwd, args).status).toBe(there);
  });

  test("-v says the same", () => {
    const lines = (text: string) =>
      text.replace(/output file size: .*/, "").replace(/ratio: .*/, "");
    const here = blpk(cwd, ["-v", "-n", "2", "c", "-l0", "in"]).stdout;
    const there = reference(cwd, ["-v", "-n", "2", "-f", "c", "-l0", "in"]).stdout;
    expect(lines(here)).toBe(
      lines(there.replace("blpk: overwriting existing file: 'in.blp'\n", "")),
    );
  });
});
