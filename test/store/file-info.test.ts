import { readFileSync } from "node:fs";
import { readHeader, readInfo } from "bloscache/format";
import { describe, expect, it } from "vitest";

const golden = (name: string) => new URL(`../fixtures/golden/${name}`, import.meta.url).pathname;

describe("readInfo", () => {
  it("tells what a file says of itself", async () => {
    expect(await readInfo(golden("hex-2-meta-two-chunks.blp"))).toMatchObject({
      cbytes: 151,
      nbytes: 7,
      header: { formatVersion: 3, checksum: "crc32", chunkSize: 5, lastChunk: 2, nchunks: 2n },
      metadataHeader: { magicFormat: "JSON", metaCodec: "None", metaLevel: 6, maxMetaSize: 12 },
      metadata: { a: 1 },
      offsets: Float64Array.of(104, 129),
      firstChunk: { codec: "blosclz", nbytes: 5, cbytes: 21, memcpyed: true, byteShuffle: true },
    });
  });

  it("refuses what is no Bloscpack file", async () => {
    await expect(readInfo(golden("bad/magic.blp"))).rejects.toMatchObject({ code: "BAD_MAGIC" });
    await expect(readInfo(golden("none.blp"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});

it("readHeader reads the first 32 bytes", () => {
  const bytes = readFileSync(golden("hex-1-bare.blp"));
  expect(readHeader(bytes)).toEqual({
    offsets: false,
    metadata: false,
    checksum: "None",
    typesize: 1,
    chunkSize: 5,
    lastChunk: 5,
    nchunks: 1n,
    maxAppChunks: 0n,
  });
  expect(() => readHeader(bytes.subarray(0, 31))).toThrow(/TRUNCATED/);
});
