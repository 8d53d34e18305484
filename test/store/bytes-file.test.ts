import { createWriteStream, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  PiecesSource,
  pack,
  packBytes,
  packBytesToFile,
  packBytesToFileSync,
  packFile,
  unpackBytesFromFile,
  unpackBytesFromFileSync,
  unpackFile,
  WritableSink,
} from "bloscache/format";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i >> 5);

describe("bytes in files", () => {
  it("come back, written and read either way", async () => {
    const folder = temporaryFolder();
    const options = { typesize: 1, chunkSize: "10K", metadata: { unit: "K" } };
    await packBytesToFile(join(folder, "a.blp"), bytes, options);
    packBytesToFileSync(join(folder, "b.blp"), bytes, options);
    for (const name of ["a.blp", "b.blp"]) {
      const expected = { bytes, metadata: { unit: "K" } };
      expect(await unpackBytesFromFile(join(folder, name))).toEqual(expected);
      expect(unpackBytesFromFileSync(join(folder, name))).toEqual(expected);
    }
  });
});

describe("packFile and unpackFile", () => {
  it("turn a file into another and back", async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    writeFileSync(at("plain"), bytes);
    const result = await packFile(at("plain"), at("plain.blp"), { chunkSize: 9999 });
    expect(result).toMatchObject({ nbytes: 100_000, nchunks: 11 });
    await unpackFile(at("plain.blp"), at("again"));
    expect(readFileSync(at("again")).equals(bytes)).toBe(true);
  });

  it("leave nothing when they fail, and the old file as it was", async () => {
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const damaged = packBytes(bytes, { chunkSize: 10_000 });
    damaged[damaged.byteLength - 1] = (damaged.at(-1) as number) ^ 1;
    writeFileSync(at("bad.blp"), damaged);
    writeFileSync(at("out"), "as it was");
    await expect(unpackFile(at("bad.blp"), at("out"))).rejects.toMatchObject({
      code: "CHUNK_CHECKSUM",
    });
    await expect(packFile(at("none"), at("out"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(packFile(at("out"), at("none/out"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(packFile(at("out"), at("new"), { chunkSize: -1 })).rejects.toThrow(RangeError);
    expect(readFileSync(at("out"), "utf8")).toBe("as it was");
    expect(readdirSync(folder).toSorted()).toEqual(["bad.blp", "out"]);
  });
});

describe("a file of unknown size that takes many reads", () => {
  const noise = Buffer.alloc(36 << 20);
  for (let i = 0, x = 1; i < noise.length; i += 4, x = Math.imul(x, 0x9e3779b1) ^ (x >>> 15)) {
    noise.writeInt32LE(x, i);
  }

  // Chunks of equal stored size are the trap: one passes for another.
  it.each([0, 5])("is read to the right bytes, clevel %i", async (clevel) => {
    const path = join(temporaryFolder(), "streamed.blp");
    const pieces = new PiecesSource([noise]);
    const sink = new WritableSink(createWriteStream(path));
    await pack(pieces, sink, { chunkSize: "1M", bloscArgs: { clevel, cname: "lz4" } });
    expect(readFileSync(path).readBigInt64LE(16)).toBe(-1n);
    expect(noise.equals((await unpackBytesFromFile(path)).bytes)).toBe(true);
    expect(noise.equals(unpackBytesFromFileSync(path).bytes)).toBe(true);
    await unpackFile(path, `${path}.plain`);
    expect(noise.equals(readFileSync(`${path}.plain`))).toBe(true);
  });
});
