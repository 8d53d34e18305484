// Appends killed at every system call that changes something: before or after, and nothing lost.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
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
import { hasStrace, killAt, killEverywhere } from "../support/system-calls.ts";
import { temporaryFolder } from "../support/temporary.ts";

const script = join(import.meta.dirname, "kill-append.mjs");

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
  const folder = realpathSync(temporaryFolder());
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
  it.each(scenarios)("%s", { timeout: 300_000 }, async (what, file) => {
    const { folder, path, reset } = stage(file);
    const before = contentOf(path);
    expect(spawnSync(process.execPath, [script, what, path]).status).toBe(0);
    const after = contentOf(path);
    expect(after).not.toBe(before);
    expect(readdirSync(folder)).toEqual(["a.blp"]);

    const found: string[] = [];
    const again = () => {
      reset();
      return { folder, args: [script, what, path] };
    };
    await killEverywhere(again, () => {
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

  it("the recovery as well", { timeout: 300_000 }, async () => {
    const file = packed({ maxAppChunks: 10 });
    const { folder, path, reset } = stage(file);
    const before = contentOf(path);
    // Killed where most is half done: as the journal is about to go, the second unlink after
    // that of the lock's draft.
    const appending = { folder, args: [script, "spilling over", path] };
    await killAt(appending, { call: "unlink", n: 2, path: undefined });
    const journal = readFileSync(`${path}.blp-journal`);
    const torn = readFileSync(path);
    expect(torn.equals(file)).toBe(false);
    const tear = () => {
      reset();
      writeFileSync(path, torn);
      writeFileSync(`${path}.blp-journal`, journal);
      return { folder, args: [script, "recovery", path] };
    };
    const kills = await killEverywhere(tear, () => {
      recoverSync(path);
      expect(contentOf(path)).toBe(before);
      expectUsable(path);
    });
    expect(kills.length).toBeGreaterThan(4);
  });
});
