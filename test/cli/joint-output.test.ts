import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, command, failure, sampleBytes, silence } from "./blpk.ts";

const plain = sampleBytes(3_000_000);
const json = '{"a":NaN,"b":[-Infinity,"NaN"],"name":"\\u03a9hm"}\n';
let cwd: string;

beforeEach(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
  fs.writeFileSync(join(cwd, "m"), json);
  expect(blpk(cwd, ["c", "-m", "m", "in", "d.blp"])).toMatchObject(silence);
  fs.rmSync(join(cwd, "m"));
});

function read(name: string): string {
  return fs.readFileSync(join(cwd, name), "latin1");
}

describe("data and metadata", () => {
  test("are written together, each to its file", () => {
    expect(blpk(cwd, ["d", "d.blp", "out", "-m", "m"])).toMatchObject(silence);
    expect(read("out")).toBe(plain.toString("latin1"));
    expect(read("m")).toBe(json);
    expect(fs.readdirSync(cwd).sort()).toEqual(["d.blp", "in", "m", "out"]);
  });

  test("may be piped, one of them", () => {
    const outcome = blpk(cwd, ["-v", "d", "d.blp", "out", "-m", "-"]);
    expect(outcome).toMatchObject({ status: 0, stdout: json });
    expect(outcome.stderr).toMatch(/^blpk: using/);
    expect(blpk(cwd, ["d", "d.blp", "-", "-m", "m"]).bytes.equals(plain)).toBe(true);
    expect(read("m")).toBe(json);
    expect(blpk(cwd, ["d", "d.blp", "-", "-m", "-"])).toMatchObject(
      failure(1, "data and metadata cannot both go to stdout: name an out_file"),
    );
  });

  test.each([
    ["out", "out"],
    ["out", "./out"],
    ["out", "folder/../out"],
    ["out", "link/out"],
    ["out", "dangling"],
    ["dangling", "out"],
  ])("never go to the same file: %s, %s", (out, metadata) => {
    fs.mkdirSync(join(cwd, "folder"));
    fs.symlinkSync(".", join(cwd, "link"));
    fs.symlinkSync("folder/../out", join(cwd, "dangling"));
    const names = fs.readdirSync(cwd);
    expect(blpk(cwd, ["-f", "d", "d.blp", out, "-m", metadata])).toMatchObject(
      failure(1, `output file '${out}' and metadata file '${metadata}' are the same file`),
    );
    expect(fs.readdirSync(cwd)).toEqual(names);
  });

  test("never go to one file with two names, nor to the input", () => {
    fs.writeFileSync(join(cwd, "one"), "precious");
    fs.linkSync(join(cwd, "one"), join(cwd, "other"));
    expect(blpk(cwd, ["-f", "d", "d.blp", "one", "-m", "other"])).toMatchObject(
      failure(1, "output file 'one' and metadata file 'other' are the same file"),
    );
    expect(blpk(cwd, ["-f", "d", "d.blp", "out", "-m", "./d.blp"])).toMatchObject(
      failure(1, "input file 'd.blp' and output file './d.blp' are the same file"),
    );
    expect(read("one")).toBe("precious");
    expect(blpk(cwd, ["verify", "d.blp"]).status).toBe(0);
  });

  test("are not there when one of them cannot be written", () => {
    const names = fs.readdirSync(cwd);
    expect(blpk(cwd, ["d", "d.blp", "out", "-m", "no/such"])).toMatchObject(
      failure(1, "'no/such': no such file or directory"),
    );
    expect(blpk(cwd, ["d", "d.blp", "no/such", "-m", "m"])).toMatchObject(
      failure(1, "'no/such': no such file or directory"),
    );
    expect(fs.readdirSync(cwd)).toEqual(names);
  });

  test.runIf(process.platform === "linux")("are not there when the disk is full", () => {
    const names = fs.readdirSync(cwd);
    const outcome = blpk(cwd, ["-f", "d", "d.blp", "out", "-m", "/dev/full"]);
    expect(outcome).toMatchObject(failure(1, "no space left on device"));
    expect(fs.readdirSync(cwd)).toEqual(names);
  });

  test("are not there when the data is damaged", () => {
    const stored = fs.readFileSync(join(cwd, "d.blp"));
    stored.writeUInt8(stored.readUInt8(stored.byteLength - 100) ^ 1, stored.byteLength - 100);
    fs.writeFileSync(join(cwd, "d.blp"), stored);
    const names = fs.readdirSync(cwd);
    expect(blpk(cwd, ["d", "d.blp", "out", "-m", "m"]).status).toBe(1);
    expect(fs.readdirSync(cwd)).toEqual(names);
  });

  test("are not there when the data cannot get its name in the end", async () => {
    const child = spawn(process.execPath, [command, "d", "-", "out", "-m", "m"], { cwd });
    const ended = once(child, "exit");
    while (fs.readdirSync(cwd).filter((name) => name.endsWith(".tmp")).length < 2) {
      await setTimeout(5);
    }
    fs.mkdirSync(join(cwd, "out"));
    child.stdin.end(fs.readFileSync(join(cwd, "d.blp")));
    expect(await ended).toEqual([1, null]);
    expect(fs.readdirSync(cwd).sort()).toEqual(["d.blp", "in", "out"]);
  });
});

describe("numbers that JSON does not have", () => {
  test("are printed as Python's JSON has them", () => {
    const shown = 'blpk: Metadata:\nblpk: {"a":NaN,"b":[-Infinity,"NaN"],"name":"Ωhm"}\n';
    expect(blpk(cwd, ["d", "d.blp", "out"])).toMatchObject({ status: 0, stdout: shown });
    expect(blpk(cwd, ["info", "d.blp"]).stdout).toContain(shown);
  });

  test("are strings in standard JSON", () => {
    expect(JSON.parse(blpk(cwd, ["info", "--json", "d.blp"]).stdout).metadata).toEqual({
      a: "NaN",
      b: ["-Infinity", "NaN"],
      name: "Ωhm",
    });
  });
});
