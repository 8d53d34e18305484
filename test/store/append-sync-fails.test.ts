// Strict changes of a file whose every wait for the disk fails in turn: before or after, and told.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packBytes, unpackBytes, unpackBytesFromFileSync } from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = join(import.meta.dirname, "kill-append.mjs");
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!hasStrace) {
  if (process.env["CI"] === "true") throw new Error("CI must be able to run strace");
  console.error("\n!!! NOT TESTED: failing fsync, because strace cannot be run here.\n");
}

/** Does the work with its n-th wait for the disk failing. What it says on stderr, if it throws. */
function withFailingSync(n: number, what: string, path: string): string | undefined {
  const inject = `--inject=fsync:error=EIO:when=${n}`;
  const command = ["-f", "-qq", "-o", "/dev/null", "--trace=fsync", inject, process.execPath];
  // strace counts the calls of each thread on its own.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const run = spawnSync("strace", [...command, script, what, path], { encoding: "utf8", env });
  return run.status === 0 ? undefined : run.stderr;
}

const plain = Uint8Array.from({ length: 3000 }, (_, i) => (i * 17) % 251);
const packed = (options: object) => packBytes(plain, { chunkSize: 1200, typesize: 4, ...options });

describe.skipIf(!hasStrace)("each wait for the disk fails", () => {
  it.each([
    // Of the journal, its name, the file, the name's end.
    ["spilling over, durably", packed({ maxAppChunks: 10 }), 4],
    ["spilling over, durably and asynchronously", packed({ maxAppChunks: 10 }), 4],
    ["other metadata, durably", packed({ metadata: { note: "y".repeat(100) } }), 4],
    // Of the new file, and its name.
    ["growing the offsets, durably", packed({ maxAppChunks: 2 }), 2],
    ["growing the offsets, durably and asynchronously", packed({ maxAppChunks: 2 }), 2],
  ])("%s", { timeout: 120_000 }, (what, file, waits) => {
    const look = (path: string) => {
      const { bytes, metadata } = unpackBytes(readFileSync(path));
      return JSON.stringify([Array.from(bytes), metadata]);
    };
    const stage = () => {
      const path = join(temporaryFolder(), "a.blp");
      writeFileSync(path, file);
      return path;
    };
    const whole = stage();
    const before = look(whole);
    expect(withFailingSync(99, what, whole)).toBeUndefined();
    const after = look(whole);
    for (let n = 1; n <= waits; n++) {
      const path = stage();
      const said = withFailingSync(n, what, path);
      expect(said).toContain("EIO");
      expect(look(path)).toBe(n < waits ? before : after);
      if (n === waits) expect(said).toMatch(/make durable ".*": it is written, but a power cut/);
      expect(readdirSync(dirname(path))).toEqual(["a.blp"]);
    }
    expect(withFailingSync(waits + 1, what, stage())).toBeUndefined();
  });

  it("and while the undoing is not durable, the journal stays", () => {
    const path = join(temporaryFolder(), "a.blp");
    writeFileSync(path, packed({ maxAppChunks: 10 }));
    const inject = ["--trace=fsync", "--inject=fsync:error=EIO:when=3+"];
    const command = ["-f", "-qq", "-o", "/dev/null", ...inject, process.execPath, script];
    expect(spawnSync("strace", [...command, "spilling over, durably", path]).status).not.toBe(0);
    expect(existsSync(`${path}.blp-journal`)).toBe(true);
    expect(unpackBytesFromFileSync(path).bytes).toEqual(plain);
    expect(existsSync(`${path}.blp-journal`)).toBe(false);
  });
});
