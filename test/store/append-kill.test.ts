// Appends killed at every system call that changes something: before or after, and nothing lost.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  packBytes,
  packNdarray,
  unpackBytes,
  unpackNdarrayFromFileSync,
} from "../../src/format.ts";
import { appendBytesSync } from "../../src/store/append-file.ts";
import { recoverSync } from "../../src/store/journal.ts";
import { readMetadataSync, rewriteMetadataSync } from "../../src/store/metadata-file.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = join(import.meta.dirname, "kill-append.mjs");
const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
if (!hasStrace) {
  if (process.env["CI"] === "true") throw new Error("CI must be able to run strace");
  console.error("\n!!! NOT TESTED: killed appends, because strace cannot be run here.\n");
}

/** What changes files. Not `write`, which is for the lock's draft, and which Node uses for its own ends. */
const MUTATING =
  "pwrite64,pwritev,pwritev2,writev,ftruncate,truncate,rename,renameat,renameat2,unlink,unlinkat,link,linkat,fsync,fdatasync,chmod,fchmod,fchmodat";

function strace(options: readonly string[], what: string, path: string): number {
  const command = ["-f", "-qq", ...options, process.execPath, script, what, path];
  // strace counts the calls of each thread on its own: asynchronous ones have to be on one.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
  const { status, stderr } = spawnSync("strace", command, { encoding: "utf8", env });
  // strace ends as its child does.
  if (status !== null && status !== 0 && status !== 137) throw new Error(`${status}: ${stderr}`);
  return status ?? 137;
}

/** Which calls the work makes: strace counts each on its own. */
function callsOf(what: string, path: string): string[] {
  const log = join(temporaryFolder(), "log");
  strace(["-o", log, `--trace=${MUTATING}`], what, path);
  const names = readFileSync(log, "utf8").matchAll(/^\d+ +(\w+)\(/gm);
  return [...new Set(Array.from(names, ([, name]) => name as string))];
}

/** Runs the work; it is killed when it comes to this call for the n-th time. False if it was not. */
function killedAt(call: string, n: number, what: string, path: string): boolean {
  const inject = `--inject=${call}:signal=KILL:when=${n}`;
  return strace(["-o", "/dev/null", `--trace=${call}`, inject], what, path) !== 0;
}

/** Does the work from the start again and again, killed at every call there is, and looks at it. */
function killEverywhere(what: string, path: string, reset: () => void, look: () => void): void {
  reset();
  for (const call of callsOf(what, path)) {
    for (let n = 1; ; n++) {
      reset();
      if (!killedAt(call, n, what, path)) break;
      look();
    }
  }
}

const plain = Uint8Array.from({ length: 3000 }, (_, i) => (i * 17) % 251);
const packed = (options: object) => packBytes(plain, { chunkSize: 1200, typesize: 4, ...options });

function unknownLength(): Uint8Array {
  const bytes = packBytes(plain, { chunkSize: 1200, offsets: false });
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setInt32(12, -1, true);
  view.setBigInt64(16, -1n, true);
  return bytes;
}

const scenarios: readonly (readonly [string, Uint8Array])[] = [
  ["into the last chunk", packed({ maxAppChunks: 5 })],
  ["into a last chunk that shrinks", packed({ clevel: 0 })],
  ["spilling over", packed({ maxAppChunks: 10 })],
  ["spilling over, durably", packed({ maxAppChunks: 10 })],
  ["growing the offsets", packed({ maxAppChunks: 2 })],
  ["into the last chunk, asynchronously", packed({ maxAppChunks: 5 })],
  ["spilling over, asynchronously", packed({ maxAppChunks: 10 })],
  ["growing the offsets, asynchronously", packed({ maxAppChunks: 2 })],
  ["without offsets", packed({ offsets: false })],
  ["to a file of unknown length", unknownLength()],
  [
    "rows to an array",
    packNdarray(Float64Array.from({ length: 300 }, Math.sqrt), { chunkSize: 800 }),
  ],
  ["other metadata", packed({ metadata: { note: "y".repeat(100) } })],
];

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** All that a reader learns of a file. */
const contentOf = (path: string) => {
  const { bytes, metadata } = unpackBytes(readFileSync(path));
  return `${sha256(bytes)} ${JSON.stringify(metadata)}`;
};

const lengthOf = (path: string) => unpackBytes(readFileSync(path)).bytes.byteLength;

/** A folder with one file, put back to its start at will. */
function stage(file: Uint8Array): { folder: string; path: string; reset(): void } {
  const folder = temporaryFolder();
  const path = join(folder, "a.blp");
  const reset = () => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
    writeFileSync(path, file);
  };
  reset();
  return { folder, path, reset };
}

/** The lock of the killed process is in nobody's way, nor is what else it left. */
function expectUsable(path: string): void {
  const length = lengthOf(path);
  appendBytesSync(path, new Uint8Array(8));
  expect(lengthOf(path)).toBe(length + 8);
  if (readMetadataSync(path) !== undefined) rewriteMetadataSync(path, 1);
  expect(readdirSync(dirname(path)).filter((name) => /lock|journal/.test(name))).toEqual([]);
}

describe.skipIf(!hasStrace)("killed at every system call that changes a file", () => {
  it.each(scenarios)("%s", { timeout: 300_000 }, (what, file) => {
    const { folder, path, reset } = stage(file);
    const before = contentOf(path);
    expect(spawnSync(process.execPath, [script, what, path]).status).toBe(0);
    const after = contentOf(path);
    expect(after).not.toBe(before);
    expect(readdirSync(folder)).toEqual(["a.blp"]);

    const found: string[] = [];
    killEverywhere(what, path, reset, () => {
      // Where there is no journal, readers that know of none find a whole file.
      if (!existsSync(`${path}.blp-journal`)) expect([before, after]).toContain(contentOf(path));
      recoverSync(path);
      found.push(contentOf(path));
      if (what === "rows to an array") unpackNdarrayFromFileSync(path);
      expectUsable(path);
    });
    expect(found.length).toBeGreaterThan(4);
    expect(new Set(found)).toEqual(new Set([before, after]));
  });

  it("the recovery as well", { timeout: 300_000 }, () => {
    const file = packed({ maxAppChunks: 10 });
    const { path, reset } = stage(file);
    const before = contentOf(path);
    // Killed where most is half done: as the journal is about to go, the second unlink after
    // that of the lock's draft.
    expect(killedAt("unlink", 2, "spilling over", path)).toBe(true);
    const journal = readFileSync(`${path}.blp-journal`);
    const torn = readFileSync(path);
    expect(torn.equals(file)).toBe(false);
    const tear = () => {
      reset();
      writeFileSync(path, torn);
      writeFileSync(`${path}.blp-journal`, journal);
    };
    let kills = 0;
    killEverywhere("recovery", path, tear, () => {
      kills++;
      recoverSync(path);
      expect(contentOf(path)).toBe(before);
      expectUsable(path);
    });
    expect(kills).toBeGreaterThan(4);
  });
});
