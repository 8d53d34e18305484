import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  packBytes,
  packBytesToFile,
  packBytesToFileSync,
  packFile,
  unpackBytesFromFile,
  unpackBytesFromFileSync,
  unpackFile,
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
