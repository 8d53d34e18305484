import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { blpk, command, sampleBytes, silence } from "./blpk.ts";

const plain = sampleBytes(5_000_000);
const hasShell = process.platform !== "win32";
const sh = (script: string) =>
  spawnSync("sh", ["-c", script, process.execPath, command], { cwd, maxBuffer: 2 ** 28 });
/** The command, in a script of `sh`. */
const BLPK = '"$0" "$1"';

let cwd: string;

beforeEach(() => {
  cwd = temporaryFolder();
  fs.writeFileSync(join(cwd, "in"), plain);
});

describe("'-' is stdin and stdout", () => {
  test.each([[["c", "-"]], [["c", "-", "-"]]])("%j packs from the one to the other", (args) => {
    const packed = blpk(cwd, args, { input: plain });
    expect(packed).toMatchObject({ status: 0, stderr: "" });
    const unpacked = blpk(cwd, ["d", "-"], { input: packed.bytes });
    expect(unpacked).toMatchObject({ status: 0, stderr: "" });
    expect(unpacked.bytes.equals(plain)).toBe(true);
    expect(fs.readdirSync(cwd)).toEqual(["in"]);
  });

  test("from a pipe to a file: the number of chunks is known in the end", () => {
    expect(blpk(cwd, ["c", "-", "out.blp"], { input: plain })).toMatchObject(silence);
    const { header } = JSON.parse(blpk(cwd, ["i", "--json", "out.blp"]).stdout);
    expect(header).toMatchObject({ offsets: false, nchunks: 5, chunkSize: 2 ** 20 });
    expect(blpk(cwd, ["cat", "out.blp"]).bytes.equals(plain)).toBe(true);
  });

  test("from a file to a pipe: the number of chunks is known at once", () => {
    fs.writeFileSync(join(cwd, "out.blp"), blpk(cwd, ["c", "in", "-"]).bytes);
    const { header } = JSON.parse(blpk(cwd, ["i", "--json", "out.blp"]).stdout);
    expect(header).toMatchObject({ offsets: false, nchunks: 5 });
  });

  test("nothing through a pipe is nothing", () => {
    const packed = blpk(cwd, ["c", "-"], { input: "" });
    expect(blpk(cwd, ["d", "-"], { input: packed.bytes }).bytes.byteLength).toBe(0);
  });

  test("what -v says goes to stderr, away from the data", () => {
    const { bytes, stderr } = blpk(cwd, ["-v", "c", "in", "-"]);
    expect(bytes.subarray(0, 4).toString()).toBe("blpk");
    expect(stderr).toMatch(/^blpk: using/);
  });

  test("a pipe that ends too early is an error, and no output", () => {
    const packed = blpk(cwd, ["c", "in", "-"]).bytes;
    const half = packed.subarray(0, packed.byteLength / 2);
    const outcome = blpk(cwd, ["d", "-", "out"], { input: half });
    expect(outcome).toMatchObject({ status: 1, stdout: "" });
    expect(outcome.stderr).toMatch(/^blpk: error: '-': TRUNCATED/);
    expect(fs.readdirSync(cwd)).toEqual(["in"]);
  });
});

test("cat decompresses one file after the other", () => {
  fs.writeFileSync(join(cwd, "small"), "small");
  blpk(cwd, ["c", "in"]);
  blpk(cwd, ["c", "small"]);
  const { bytes } = blpk(cwd, ["cat", "small.blp", "in.blp", "small.blp"]);
  expect(bytes.equals(Buffer.concat([Buffer.from("small"), plain, Buffer.from("small")]))).toBe(
    true,
  );
});

describe.skipIf(!hasShell)("in a shell", () => {
  test("a reader that stops reading is no error message", () => {
    blpk(cwd, ["c", "in"]);
    const { stdout, stderr } = sh(`${BLPK} cat in.blp | head -c 10`);
    expect(stdout.equals(plain.subarray(0, 10))).toBe(true);
    expect(stderr.toString()).toBe("");
  });

  test
    .runIf(process.platform === "linux")
    .each([
      "i in.blp",
      "verify in.blp",
      "verify --json in.blp",
      "--help",
      "--version",
      "cat in.blp",
    ])("%s is an error when stdout takes nothing", (args) => {
    blpk(cwd, ["c", "in"]);
    const { status, stderr } = sh(`${BLPK} ${args} > /dev/full`);
    expect(stderr.toString()).toBe("blpk: error: no space left on device\n");
    expect(status).toBe(1);
  });

  test("what nobody reads is no success, and no error message", () => {
    blpk(cwd, ["c", "in"]);
    const { stdout, stderr } = sh(`{ sleep 1; ${BLPK} i in.blp; echo $? >&2; } | true`);
    expect(stdout.toString() + stderr).toBe("1\n");
  });

  test("named pipes are read and written as streams", () => {
    const { status, stderr } = sh(`
      mkfifo from to || exit 99
      cat in > from & cat to > out.blp & 
      ${BLPK} -f c from to && wait && ${BLPK} d out.blp`);
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: "" });
    expect(fs.readFileSync(join(cwd, "out")).equals(plain)).toBe(true);
    expect(fs.statSync(join(cwd, "to")).isFIFO()).toBe(true);
  });
});

describe.skipIf(!hasShell)("a signal", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("%s leaves no file, and is passed on", async (name) => {
    const child = spawn(process.execPath, [command, "c", "-", "out.blp"], { cwd });
    const ended = once(child, "exit");
    child.stdin.on("error", () => undefined);
    for (let i = 0; i < 4; i++) child.stdin.write(plain);
    // The input goes on: without the signal the command would wait for ever.
    while (!fs.readdirSync(cwd).some((file) => file.endsWith(".tmp"))) await setTimeout(5);
    child.kill(name);
    expect(await ended).toEqual([null, name]);
    expect(fs.readdirSync(cwd)).toEqual(["in"]);
  });

  test("ends a command whose output nobody reads", async () => {
    const child = spawn(process.execPath, [command, "c", "-s", "-l0", "in", "-"], { cwd });
    const ended = once(child, "exit");
    await once(child.stdout, "readable"); // and not one byte is taken out
    child.kill("SIGTERM");
    expect(await ended).toEqual([null, "SIGTERM"]);
  });
});
