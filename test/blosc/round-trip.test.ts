import { describe, expect, test } from "vitest";
import {
  type CompressOptions,
  codecs,
  compress,
  compressAsync,
  compressBegin,
  decompress,
  decompressAsync,
} from "../../src/blosc/codec.ts";
import { cut, gather, load, noise, OPTIONS, pattern, slotSizeOf, store } from "./chunks.ts";

const SHUFFLES = ["noshuffle", "shuffle", "bitshuffle"] as const;
const MiB = 1 << 20;

function expectRoundTrip(plain: Uint8Array, options: CompressOptions): void {
  const size = plain.byteLength;
  expect(Buffer.compare(load(store(plain, size, options), size, options), plain)).toBe(0);
}

describe.each(codecs)("%s gives back the bytes", (cname) => {
  const plains = [0, 1, 2, 15, 16, 17, 127, 128, 129, 1000, 4095, 65_537].flatMap((size) => [
    pattern(size),
    noise(size),
  ]);
  const typesizes = [1, 2, 3, 4, 7, 8, 16, 17, 255];
  const clevels = [0, 1, 5, 9];
  const kinds = typesizes.flatMap((typesize) => clevels.map((clevel) => ({ typesize, clevel })));

  test.each(SHUFFLES)("with %s, at any typesize, clevel and size", (shuffle) => {
    for (const kind of kinds) {
      for (const plain of plains) expectRoundTrip(plain, { ...OPTIONS, ...kind, cname, shuffle });
    }
  });

  test.each([MiB - 1, MiB, MiB + 1])("with %i bytes", (size) => {
    expectRoundTrip(pattern(size), { ...OPTIONS, cname, typesize: 8 });
  });
});

describe("many chunks", () => {
  const chunkSize = 100_000;
  test.each([0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 37 * chunkSize, 37 * chunkSize + 5])(
    "of %i bytes in all",
    (size) => {
      const plain = pattern(size);
      expect(Buffer.compare(load(store(plain, chunkSize), size), plain)).toBe(0);
    },
  );

  test("an empty plain is one chunk of 16 bytes, and its chunk size may be 0", () => {
    const { stored, positions } = store(new Uint8Array(0), 0, { ...OPTIONS, checksum: "None" });
    expect(stored.byteLength).toBe(16);
    const empty = new Uint8Array(0);
    expect(decompress(stored, positions, empty, 0, "None")).toBeUndefined();
    expect(decompress(stored, positions, empty, 4096, "None")).toBeUndefined();
  });

  test("no chunks at all", () => {
    const empty = new Uint8Array(0);
    expect(compress([], empty, 0, OPTIONS)).toEqual(new Uint32Array(0));
    expect(decompress(empty, new Float64Array(0), empty, 0, "None")).toBeUndefined();
  });

  test("chunks may lie in any order and twice", () => {
    const a = store(pattern(1000, 1), 1000).stored;
    const b = store(pattern(1000, 2), 1000).stored;
    const stored = Buffer.concat([a, b]);
    const plain = new Uint8Array(3000);
    const positions = Float64Array.of(a.byteLength, 0, a.byteLength);
    expect(decompress(stored, positions, plain, 1000, "adler32")).toBeUndefined();
    const expected = Buffer.concat([pattern(1000, 2), pattern(1000, 1), pattern(1000, 2)]);
    expect(Buffer.compare(plain, expected)).toBe(0);
  });
});

test("all ways to compress give the same plain bytes", async () => {
  const plain = pattern(3_000_000);
  const chunkSize = 250_000;
  const chunks = cut(plain, chunkSize);
  const slotSize = slotSizeOf(chunkSize, OPTIONS);
  const ways = [
    compress,
    (...args: Parameters<typeof compress>) => compressBegin(...args)(),
    compressAsync,
  ];
  for (const way of ways) {
    const slots = new Uint8Array(chunks.length * slotSize);
    const sizes = await way(chunks, slots, slotSize, OPTIONS);
    const stored = gather(slots, slotSize, sizes, chunkSize);
    expect(Buffer.compare(load(stored, plain.byteLength), plain)).toBe(0);

    const later = new Uint8Array(plain.byteLength);
    const { positions } = stored;
    const fault = await decompressAsync(stored.stored, positions, later, chunkSize, "adler32");
    expect(fault).toBeUndefined();
    expect(Buffer.compare(later, plain)).toBe(0);
  }
});

describe("views in the middle of a buffer", () => {
  test.each([1, 3, 8, 61])("at byte %i", async (offset) => {
    const size = 50_000;
    const chunkSize = 7000;
    const slotSize = slotSizeOf(chunkSize, OPTIONS);
    const within = new Uint8Array(offset + size + 9).fill(0xee);
    within.set(pattern(size), offset);
    const chunks = cut(within.subarray(offset, offset + size), chunkSize);
    const frame = new Uint8Array(offset + chunks.length * slotSize + 9).fill(0xee);
    const slots = frame.subarray(offset, offset + chunks.length * slotSize);

    for (const [press, expand] of [
      [compress, decompress],
      [compressAsync, decompressAsync],
    ] as const) {
      const sizes = await press(chunks, slots, slotSize, OPTIONS);
      const positions = Float64Array.from(sizes, (_, i) => i * slotSize);
      const out = new Uint8Array(offset + size + 9).fill(0xee);
      const plain = out.subarray(offset, offset + size);
      expect(await expand(slots, positions, plain, chunkSize, "adler32")).toBeUndefined();
      expect(Buffer.compare(out, within)).toBe(0); // also the bytes around it
      expect(frame.subarray(0, offset).every((byte) => byte === 0xee)).toBe(true);
      expect(frame.subarray(-9).every((byte) => byte === 0xee)).toBe(true);
    }
  });

  test("a slot is written no further than its chunk and digest", () => {
    const slotSize = 5000;
    const slots = new Uint8Array(2 * slotSize).fill(0xee);
    const sizes = compress([noise(1000), noise(1000)], slots, slotSize, OPTIONS);
    expect([...sizes]).toEqual([1020, 1020]);
    expect(slots.subarray(1020, slotSize).every((byte) => byte === 0xee)).toBe(true);
    expect(slots.subarray(slotSize + 1020).every((byte) => byte === 0xee)).toBe(true);
  });
});

test("the bytes of a chunk do not depend on the slot's size", () => {
  const plain = noise(300_000);
  const sizes = [300_016 + 4, 400_000].map((slotSize) => {
    const slots = new Uint8Array(slotSize);
    return compress([plain], slots, slotSize, OPTIONS)[0];
  });
  expect(sizes[0]).toBe(sizes[1]);
});
