import { describe, expect, test } from "vitest";
import { type ChunkFault, codecs, decompress, decompressAsync } from "../../src/blosc/codec.ts";
import {
  faultOf,
  HEADER_SIZE,
  handmade,
  noise,
  OPTIONS,
  pattern,
  store,
  storeOne,
} from "./chunks.ts";

const NO_CHECKSUM = { ...OPTIONS, checksum: "None" } as const;

/** Sets 32-bit fields of a chunk that is valid otherwise. */
function patched(chunk: Uint8Array, at: number, value: number): Uint8Array {
  const copy = chunk.slice();
  new DataView(copy.buffer).setUint32(at, value, true);
  return copy;
}

describe("header fields no writer writes are BAD_CHUNK_HEADER", () => {
  const body = noise(200);
  const good = { nbytes: 200, flags: 0x12 };

  test("the chunk the cases are made from is good", () => {
    expect(faultOf(handmade(good, body), 200)).toBeUndefined();
  });

  test.each([
    ["version 3", { version: 3 }, /version 3 is not 2/],
    ["version 0", { version: 0 }, /version 0/],
    ["versionlz 2", { versionlz: 2 }, /versionlz 2/],
    ["the reserved flag", { flags: 0x1a }, /0x08/],
    ["codec 5", { flags: 0xb2 }, /codec 5/],
    ["codec 7", { flags: 0xf2 }, /codec 7/],
    ["typesize 0", { typesize: 0 }, /typesize is 0/],
    ["cbytes 12", { cbytes: 12 }, /cbytes 12 is below the 16-byte header/],
    ["cbytes 0", { cbytes: 0 }, /cbytes 0/],
    ["cbytes above nbytes + 16", { cbytes: 217 }, /cbytes 217 is above nbytes 200/],
    ["blocksize 0", { blocksize: 0 }, /blocksize 0/],
    ["blocksize above nbytes", { blocksize: 201 }, /blocksize 201/],
    ["memcpyed with other cbytes", { cbytes: 215 }, /memcpyed/],
  ])("%s", (_, fields, reason) => {
    const fault = faultOf(handmade({ ...good, ...fields }, body), 200);
    expect(fault).toMatchObject({ status: "BAD_CHUNK_HEADER", chunk: 0 });
    expect(fault?.reason).toMatch(reason);
  });
});

describe("CHUNK_NBYTES", () => {
  test.each([199, 201, 0, 4096])("when %i bytes are wanted of 200", (wanted) => {
    expect(faultOf(storeOne(noise(200)), wanted, "adler32")?.status).toBe("CHUNK_NBYTES");
  });

  test("when nbytes is negative to C", () => {
    const chunk = patched(storeOne(pattern(4096), NO_CHECKSUM), 4, 0xffff_f000);
    expect(faultOf(chunk, 4096)?.status).toBe("CHUNK_NBYTES");
  });

  test("when the last chunk is as long as the others but should not be", () => {
    const { stored, positions } = store(pattern(3000), 1000);
    const fault = decompress(stored, positions, new Uint8Array(2999), 1000, "adler32");
    expect(fault).toMatchObject({ status: "CHUNK_NBYTES", chunk: 2 });
  });
});

describe("TRUNCATED", () => {
  test.each(["None", "adler32", "sha512"] as const)("at every byte, with %s", (checksum) => {
    const stored = storeOne(pattern(2000), { ...OPTIONS, checksum });
    for (let length = 0; length < stored.byteLength; length++) {
      expect(faultOf(stored.slice(0, length), 2000, checksum)?.status).toBe("TRUNCATED");
    }
    expect(faultOf(stored, 2000, checksum)).toBeUndefined();
  });

  test.each([
    -1,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    2 ** 53,
    1e300,
    -0.1,
  ])("for position %d", (position) => {
    const { stored } = store(pattern(2000), 2000);
    const plain = new Uint8Array(2000);
    const fault = decompress(stored, Float64Array.of(position), plain, 2000, "adler32");
    expect(fault).toMatchObject({ status: "TRUNCATED", chunk: 0 });
  });

  test("for a position at or near the end", () => {
    const { stored } = store(pattern(2000), 2000);
    for (let back = 0; back < HEADER_SIZE; back++) {
      const positions = Float64Array.of(stored.byteLength - back);
      const fault = decompress(stored, positions, new Uint8Array(2000), 2000, "adler32");
      expect(fault?.status).toBe("TRUNCATED");
    }
  });
});

describe("CHUNK_CHECKSUM", () => {
  test.each(["adler32", "crc32", "md5", "sha512"] as const)("%s: any byte of it", (checksum) => {
    const stored = storeOne(pattern(500), { ...OPTIONS, checksum });
    for (let i = HEADER_SIZE; i < stored.byteLength; i++) {
      const damaged = stored.slice();
      damaged[i] = (damaged[i] as number) ^ 0x40;
      expect(faultOf(damaged, 500, checksum)?.status).toBe("CHUNK_CHECKSUM");
    }
  });

  test("is looked at before the body is decoded", () => {
    const stored = storeOne(pattern(4096));
    const damaged = patched(stored, HEADER_SIZE, 0xffff_ffff);
    expect(faultOf(damaged, 4096, "adler32")?.status).toBe("CHUNK_CHECKSUM");
  });
});

describe("bodies that would lead a decoder astray are DECOMPRESS", () => {
  const u32 = (...values: number[]) => new Uint8Array(Uint32Array.from(values).buffer);
  const body = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));

  test.each([
    ["block start 0", u32(0, 50), /block 0 starts at byte 0/],
    ["block start in the table", u32(16, 50), /block 0 starts at byte 16/],
    ["block start behind the chunk", u32(10_000, 50), /block 0 starts at byte 10000/],
    ["negative block start", u32(0xffff_fff0, 50), /block 0 starts at/],
    ["block start too near the end", u32(66, 50), /split 0 at byte 66 begins outside/],
    ["split of 0 bytes", u32(20, 0), /claims 0 bytes/],
    ["split of negative length", u32(20, 0xffff_ffff), /claims 4294967295 bytes/],
    ["split longer than its plain bytes", u32(20, 101), /claims 101 bytes/],
    ["split longer than the chunk", u32(20, 90), /claims 90 bytes/],
  ])("%s", (_, start, reason) => {
    const chunk = handmade({ nbytes: 100 }, body(start, noise(44)));
    const fault = faultOf(chunk, 100);
    expect(fault?.status).toBe("DECOMPRESS");
    expect(fault?.reason).toMatch(reason);
  });

  test("a chunk too short for its block starts", () => {
    const chunk = handmade({ nbytes: 1000, blocksize: 1 }, noise(60));
    expect(faultOf(chunk, 1000)).toMatchObject({
      status: "DECOMPRESS",
      reason: expect.stringMatching(/too short for 1000 block starts/),
    });
  });

  test("the second of several splits", () => {
    // typesize 2, 256 bytes, not "dont_split": two splits of 128 bytes
    const splits = body(u32(20, 128), noise(128), u32(129), noise(90));
    const chunk = handmade({ nbytes: 256, typesize: 2, flags: 0x00 }, splits);
    expect(faultOf(chunk, 256)?.reason).toMatch(/split 1 at byte 152 claims 129 bytes/);
  });

  test.each([
    [0x10, "blosclz"],
    [0x30, "lz4"],
    [0x50, "snappy"],
    [0x70, "zlib"],
    [0x90, "zstd"],
  ])("noise as a body, flags %i", (flags, codec) => {
    // Snappy may not be linked, and then its chunks are refused for that.
    const expected = codecs.includes(codec) ? "DECOMPRESS" : "BAD_CHUNK_HEADER";
    for (let seed = 1; seed <= 50; seed++) {
      const chunk = handmade({ nbytes: 1000, flags }, body(u32(20, 500), noise(500, seed)));
      expect(faultOf(chunk, 1000)?.status).toBe(expected);
    }
  });

  test("all codecs but snappy are linked", () => {
    expect(codecs).toEqual(expect.arrayContaining(["blosclz", "lz4", "lz4hc", "zlib", "zstd"]));
  });

  test("the blosclz run of Blosc/c-blosc#405, which makes C-Blosc 1.21.3 crash", () => {
    // One literal, then a match whose length, 255 per byte, is above 2^31: negative to C-Blosc.
    const run = new Uint8Array(8_421_605).fill(0xff, 3, 3 + 8_421_505);
    run.set([0x00, 0x41, 0xe0]);
    const nbytes = 16 << 20;
    const chunk = handmade({ nbytes }, body(u32(20, run.byteLength), run));
    const fault = faultOf(chunk, nbytes);
    expect(fault).toMatchObject({ status: "DECOMPRESS", reason: expect.stringMatching(/8 MiB/) });
  });
});

// Incompressible chunks with a slow digest: when 17 fails, another thread is busy failing with 18.
describe("the lowest bad chunk is reported, whichever thread meets its one first", () => {
  const checksum = "sha256";
  const size = 20_000;
  const { stored, positions } = store(noise(64 * size), size, { ...OPTIONS, checksum });
  const damaged = stored.slice();
  for (const chunk of [63, 40, 17, 18, 19, 20, 50]) {
    const at = (positions[chunk] as number) + HEADER_SIZE + 1;
    damaged[at] = (damaged[at] as number) ^ 1;
  }
  const expected: Partial<ChunkFault> = { status: "CHUNK_CHECKSUM", chunk: 17 };

  test("synchronously", () => {
    const plain = new Uint8Array(64 * size);
    for (let i = 0; i < 200; i++) {
      expect(decompress(damaged, positions, plain, size, checksum)).toMatchObject(expected);
    }
  });

  test("asynchronously", async () => {
    const calls = Array.from({ length: 20 }, () =>
      decompressAsync(damaged, positions, new Uint8Array(64 * size), size, checksum),
    );
    for (const fault of await Promise.all(calls)) expect(fault).toMatchObject(expected);
  });
});
