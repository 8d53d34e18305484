// Files as sources and sinks.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FileSource, packFile, unpackBytes, unpackFile } from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";

describe("a file that does not say how large it is", () => {
  it.runIf(process.platform === "linux")("is read to its end: one of the system's", async () => {
    const out = join(temporaryFolder(), "out.blp");
    await packFile("/proc/version", out);
    expect(unpackBytes(readFileSync(out)).bytes).toEqual(
      new Uint8Array(readFileSync("/proc/version")),
    );
  });

  it.skipIf(process.platform === "win32")("is read to its end: a pipe, both ways", async () => {
    const folder = temporaryFolder();
    const [pipe, packed, plain] = ["pipe", "packed", "plain"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    execFileSync("mkfifo", [pipe]);
    const bytes = Buffer.alloc(3_000_000, "pipes have no positions ");
    await Promise.all([writeFile(pipe, bytes), packFile(pipe, packed)]);
    await Promise.all([writeFile(pipe, readFileSync(packed)), unpackFile(pipe, plain)]);
    expect(readFileSync(plain).equals(bytes)).toBe(true);
  });

  it("is not one that is empty", async () => {
    const path = join(temporaryFolder(), "empty");
    writeFileSync(path, "");
    const source = await FileSource.open(path);
    expect(source.size).toBe(0);
    await source.close();
  });
});
