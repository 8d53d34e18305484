import { createHash } from "node:crypto";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import {
  CHECKSUMS,
  type ChecksumName,
  checksumId,
  checksumSize,
} from "../../src/blosc/checksum.ts";
import { digest } from "../../src/blosc/codec.ts";
import { noise, store } from "./chunks.ts";

/** RFC 1950, word for word. */
function adler32(bytes: Uint8Array): number {
  let s1 = 1;
  let s2 = 0;
  for (const byte of bytes) {
    s1 = (s1 + byte) % 65521;
    s2 = (s2 + s1) % 65521;
  }
  return s2 * 65536 + s1;
}

/** The last eight bytes of a gzip member are the CRC-32 and the length, little-endian. */
function crc32(bytes: Uint8Array): number {
  return zlib
    .gzipSync(bytes, { level: 0 })
    .readUInt32LE(zlib.gzipSync(bytes, { level: 0 }).length - 8);
}

function expected(name: ChecksumName, bytes: Uint8Array): string {
  const littleEndian = Buffer.alloc(4);
  switch (name) {
    case "None":
      return "";
    case "adler32":
      littleEndian.writeUInt32LE(adler32(bytes));
      return littleEndian.toString("hex");
    case "crc32":
      littleEndian.writeUInt32LE(crc32(bytes));
      return littleEndian.toString("hex");
    default:
      return createHash(name).update(bytes).digest("hex");
  }
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const names = CHECKSUMS.map(({ name }) => name);

describe.each(names)("%s", (name) => {
  const data = noise(70_000);

  test("agrees with Node at every length to 300 and every alignment to 40", () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = data.subarray(length % 41, (length % 41) + length);
      expect(hex(digest(name, bytes))).toBe(expected(name, bytes));
    }
    for (let offset = 0; offset < 40; offset++) {
      const bytes = data.subarray(offset, offset + 1023);
      expect(hex(digest(name, bytes))).toBe(expected(name, bytes));
    }
  });

  test.each([4095, 5552, 5553, 65_521, 69_999])("agrees with Node at %i bytes", (length) => {
    const bytes = data.subarray(0, length);
    expect(hex(digest(name, bytes))).toBe(expected(name, bytes));
  });

  test("has the size of the table", () => {
    expect(digest(name, data).byteLength).toBe(checksumSize(name));
  });
});

test.each(["adler32", "crc32", "sha256"] as const)(
  "%s of megabytes of 0xFF overflows nowhere",
  (name) => {
    const bytes = new Uint8Array(3_000_001).fill(0xff);
    expect(hex(digest(name, bytes))).toBe(expected(name, bytes));
  },
);

// The vectors of the RFCs and of FIPS 180-4: Node's answers are not the only witness.
test.each([
  ["adler32", "Wikipedia", "9803e611"],
  ["crc32", "123456789", "2639f4cb"],
  ["md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
  ["sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["sha224", "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"],
  ["sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
] as const)("%s of %j", (name, text, answer) => {
  expect(hex(digest(name, Buffer.from(text)))).toBe(answer);
});

test("a stored chunk ends with the digest of all before it, at its id's place in the table", () => {
  expect(names.map(checksumId)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  for (const checksum of names) {
    const options = {
      cname: "zstd",
      clevel: 3,
      shuffle: "shuffle",
      typesize: 1,
      checksum,
    } as const;
    const { stored } = store(noise(2000), 2000, options);
    const end = stored.byteLength - checksumSize(checksum);
    expect(hex(stored.subarray(end))).toBe(expected(checksum, stored.subarray(0, end)));
  }
});
