// The metadata of a file: read, and rewritten in its place.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { NotEnoughSpace } from "../../src/errors.ts";
import { type MetadataArgs, packBytes, unpackBytes } from "../../src/format.ts";
import {
  readMetadata,
  readMetadataSync,
  rewriteMetadata,
  rewriteMetadataSync,
} from "../../src/store/metadata-file.ts";
import { temporaryFolder } from "../support/temporary.ts";

const folder = temporaryFolder();
const path = join(folder, "a.blp");
const plain = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);

const pack = (metadata?: object | null, metadataArgs: MetadataArgs = {}) =>
  writeFileSync(
    path,
    packBytes(plain, {
      chunkSize: 1000,
      metadataArgs,
      ...(metadata === undefined ? {} : { metadata: metadata as never }),
    }),
  );

const both = [
  ["asynchronously", readMetadata, rewriteMetadata],
  [
    "synchronously",
    async (file: string) => readMetadataSync(file),
    async (...args: Parameters<typeof rewriteMetadataSync>) => rewriteMetadataSync(...args),
  ],
] as const;

describe.each(both)("%s", (_how, read, rewrite) => {
  it("another value in the same room; the data stay as they are", async () => {
    pack({ a: 1, b: "some text" });
    const before = readFileSync(path);
    for (const value of [{ a: 2 }, null, 0, ["ü", "x".repeat(300)], { a: 1, b: "some text" }]) {
      await rewrite(path, value);
      expect(await read(path)).toEqual(value);
      expect(statSync(path).size).toBe(before.byteLength);
      expect(Buffer.compare(unpackBytes(readFileSync(path)).bytes, plain)).toBe(0);
    }
    expect(readdirSync(folder)).toEqual(["a.blp"]);
  });

  it("arguments: codec, level and a checksum of the same size", async () => {
    pack({ a: 1 }, { maxMetaSize: 500 });
    const value = { text: "y".repeat(200) };
    await rewrite(path, value, { metaChecksum: "crc32", metaLevel: 9, durability: "strict" });
    expect([...readFileSync(path).subarray(41, 44)]).toEqual([2, 1, 9]);
    await rewrite(path, value, { metaCodec: "None" });
    expect([...readFileSync(path).subarray(41, 43)]).toEqual([2, 0]);
    expect(await read(path)).toEqual(value);
  });

  it("what has no room is refused, and nothing is written", async () => {
    pack({ a: 1 }, { maxMetaSize: 20 });
    const before = readFileSync(path);
    await expect(rewrite(path, { text: "a text of more bytes" })).rejects.toThrow(NotEnoughSpace);
    await expect(rewrite(path, 1, { metaChecksum: "sha1" })).rejects.toThrow(/"adler32".*"sha1"/);
    await expect(rewrite(path, 1, { maxMetaSize: 50 } as never)).rejects.toThrow(TypeError);
    await expect(rewrite(path, 1, { durability: "?" as never })).rejects.toThrow(RangeError);
    await expect(rewrite(path, undefined as never)).rejects.toThrow(TypeError);
    expect(Buffer.compare(readFileSync(path), before)).toBe(0);
    pack();
    expect(await read(path)).toBeUndefined();
    await expect(rewrite(path, 1)).rejects.toThrow(/no metadata section/);
    expect(readdirSync(folder)).toEqual(["a.blp"]);
  });

  it("damage is reported", async () => {
    pack({ a: 1 });
    const file = readFileSync(path);
    file[64] = 0;
    writeFileSync(path, file);
    await expect(read(path)).rejects.toMatchObject({ code: "METADATA_CHECKSUM" });
    await expect(rewrite(path, 1)).rejects.toMatchObject({ code: "METADATA_CHECKSUM" });
  });
});
