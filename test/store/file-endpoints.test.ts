// Files as sources and sinks.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { open as openHandle, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  BytesSink,
  BytesSource,
  FileSink,
  FileSource,
  PiecesSource,
  pack,
  packFile,
  unpack,
  unpackBytes,
  unpackFile,
} from "../../src/format.ts";
import { temporaryFolder } from "../support/temporary.ts";

function makePipe(path: string): void {
  execFileSync("sh", ["-c", 'mkfifo "$0"', path]);
}

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
    makePipe(pipe);
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

describe("an open handle", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);

  it("is written and read from a position on, and left open", async () => {
    const folder = temporaryFolder();
    const handle = await openHandle(join(folder, "file"), "w+");
    await handle.write("in front");
    for (const position of [8, 0]) {
      const to = { chunkSize: 30_000 };
      await pack(new BytesSource(bytes), await FileSink.create(handle, { position }), to);
      const sink = new BytesSink();
      const source = await FileSource.open(handle, { position });
      expect(source.size).toBe((await handle.stat()).size - position);
      await unpack(source, sink);
      expect(sink.bytes()).toEqual(bytes);
      expect(readdirSync(folder)).toEqual(["file"]);
      const start = readFileSync(join(folder, "file")).toString("latin1", 0, 12);
      expect(start).toMatch(position === 8 ? /^in frontblpk$/ : /^blpk/);
    }
    await handle.close();
  });

  it("keeps what a failed write has written", async () => {
    const path = join(temporaryFolder(), "file");
    const handle = await openHandle(path, "w");
    async function* failing() {
      yield new Uint8Array(40_000_000);
      throw new Error("no more");
    }
    const sink = await FileSink.create(handle);
    await expect(pack(new PiecesSource(failing()), sink)).rejects.toThrow("no more");
    expect((await handle.stat()).size).toBeGreaterThan(0);
    await handle.close();
  });

  it("is what a position is for", async () => {
    const handle = await openHandle(join(temporaryFolder(), "file"), "w+");
    await expect(FileSource.open(handle, { position: -1 })).rejects.toThrow(RangeError);
    await expect(FileSink.create(handle, { position: 0.5 })).rejects.toThrow(RangeError);
    await expect(FileSink.create("file", { position: 1 })).rejects.toThrow(TypeError);
    await handle.close();
  });

  it.skipIf(process.platform === "win32")("of a pipe is read, and not written", async () => {
    const pipe = join(temporaryFolder(), "pipe");
    makePipe(pipe);
    const handle = await openHandle(pipe, "r+");
    await expect(FileSink.create(handle)).rejects.toThrow(/WritableSink/);
    await handle.write("abc");
    const source = await FileSource.open(handle);
    expect(source.size).toBeUndefined();
    const target = new Uint8Array(10);
    expect(await source.read(target)).toBe(3);
    await handle.close();
  });
});
