// Large files, whose chunks every thread reads for itself: what they hold, and what is wrong.
import { appendFileSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  packBytesToFileSync,
  readHeader,
  unpackBytesFromFile,
  unpackBytesFromFileSync,
} from "bloscache/format";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

const CHUNK = 256 * 1024;
const HEADER = 32;
const sizes = [CHUNK * 4, CHUNK * 37 + 1, 12 * 2 ** 20 + 12_345];

function bytesOf(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => (i >> 9) ^ (i % 7));
}

function written(size: number, bytes = bytesOf(size)): string {
  const path = join(temporaryFolder(), "large.blp");
  packBytesToFileSync(path, bytes, { typesize: 8, chunkSize: CHUNK });
  return path;
}

function offsetsOf(path: string): number[] {
  const file = readFileSync(path);
  const count = Number(readHeader(file).nchunks);
  return Array.from({ length: count }, (_, i) => Number(file.readBigInt64LE(HEADER + 8 * i)));
}

/** What both ways of reading throw, which must be the same. */
async function faultOf(path: string): Promise<unknown> {
  const outcome = await unpackBytesFromFile(path).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(Error);
  expect(() => unpackBytesFromFileSync(path)).toThrow((outcome as Error).message);
  return outcome;
}

describe.each(sizes)("a file of %i plain bytes", (size) => {
  it("gives them back, either way", async () => {
    const bytes = bytesOf(size);
    const path = written(size, bytes);
    expect(Buffer.compare((await unpackBytesFromFile(path)).bytes, bytes)).toBe(0);
    expect(Buffer.compare(unpackBytesFromFileSync(path).bytes, bytes)).toBe(0);
  });

  it("may go on behind its last chunk", async () => {
    const bytes = bytesOf(size);
    const path = written(size, bytes);
    appendFileSync(path, new Uint8Array(100_000).fill(7));
    expect(Buffer.compare((await unpackBytesFromFile(path)).bytes, bytes)).toBe(0);
    expect(Buffer.compare(unpackBytesFromFileSync(path).bytes, bytes)).toBe(0);
  });

  it("tells which chunk is damaged", async () => {
    for (const chunk of [0, 2, offsetsOf(written(size)).length - 1]) {
      const path = written(size);
      const file = readFileSync(path);
      const at = (offsetsOf(path)[chunk] as number) + 16;
      file[at] = (file[at] as number) ^ 4;
      writeFileSync(path, file);
      expect(await faultOf(path)).toMatchObject({ code: "CHUNK_CHECKSUM", chunk });
    }
  });

  it("tells where it was cut off", async () => {
    const path = written(size);
    truncateSync(path, readFileSync(path).byteLength - 1);
    const chunk = offsetsOf(path).length - 1;
    expect(await faultOf(path)).toMatchObject({ code: "TRUNCATED", chunk });
  });

  it.each([
    ["before", -1],
    ["behind", 1],
  ])("tells that an offset points a byte %s its chunk", async (_, step) => {
    const path = written(size);
    const file = readFileSync(path);
    file.writeBigInt64LE(BigInt((offsetsOf(path)[3] as number) + step), HEADER + 8 * 3);
    writeFileSync(path, file);
    expect(await faultOf(path)).toMatchObject({ code: "OFFSET_MISMATCH", chunk: 3 });
  });

  it("tells that two chunks have changed their places", async () => {
    const path = written(size);
    const file = readFileSync(path);
    const [, one, two] = offsetsOf(path) as [number, number, number];
    file.writeBigInt64LE(BigInt(two), HEADER + 8);
    file.writeBigInt64LE(BigInt(one), HEADER + 16);
    writeFileSync(path, file);
    expect(await faultOf(path)).toMatchObject({ code: expect.stringMatching(/^OFFSET_/) });
  });
});

it("a chunk that claims fewer plain bytes than its place has is refused", async () => {
  const path = written(CHUNK * 8);
  const file = readFileSync(path);
  const other = readFileSync(written(CHUNK * 8 - 8));
  const last = offsetsOf(path)[7] as number;
  // The last chunk of the shorter file stands at the same place, but is no full one.
  writeFileSync(path, Buffer.concat([file.subarray(0, last), other.subarray(last)]));
  expect(await faultOf(path)).toMatchObject({ code: "CHUNK_NBYTES", chunk: 7 });
});
