// Chunks that are compressed several at a time take code of our own, one chunk alone takes C-Blosc:
// both must be the same to the last byte.
import fc from "fast-check";
import { expect, test } from "vitest";
import { type CompressOptions, compress } from "../../src/blosc/codec.ts";
import { cut, noise, OPTIONS, pattern, slotSizeOf } from "./chunks.ts";

/** Compressed as one call, and chunk by chunk. */
function expectSameBytes(plain: Uint8Array, chunkSize: number, options: CompressOptions): void {
  const chunks = cut(plain, chunkSize);
  const slotSize = slotSizeOf(chunkSize, options);
  const together = new Uint8Array(chunks.length * slotSize);
  const sizes = compress(chunks, together, slotSize, options);
  for (const [i, chunk] of chunks.entries()) {
    const alone = new Uint8Array(slotSize);
    const [size] = compress([chunk], alone, slotSize, options) as unknown as [number];
    const start = i * slotSize;
    expect(sizes[i]).toBe(size);
    expect(Buffer.compare(together.subarray(start, start + size), alone.subarray(0, size))).toBe(0);
  }
}

/** Numbers of which some bytes compress and others do not. */
function walk(nbytes: number, seed: number): Uint8Array<ArrayBuffer> {
  const steps = noise(nbytes, seed);
  const values = new Float64Array(nbytes >> 3);
  for (let i = 1; i < values.length; i++) {
    values[i] = (values[i - 1] as number) + Math.fround((steps[i] as number) - 127.5);
  }
  const bytes = new Uint8Array(nbytes);
  bytes.set(new Uint8Array(values.buffer));
  return bytes;
}

const plains = {
  pattern,
  noise,
  walk,
  zeros: (nbytes: number) => new Uint8Array(nbytes),
  /** Hardly compressible: where room for the compressed bytes runs out. */
  nearlyNoise(nbytes: number, seed: number) {
    const bytes = noise(nbytes, seed);
    bytes.fill(7, nbytes - (nbytes >> 8));
    return bytes;
  },
};

test("any data, chunk size, typesize and level gives the bytes of C-Blosc", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(plains)),
      fc.constantFrom("lz4", "blosclz"),
      fc.constantFrom(1, 2, 3, 4, 8, 16),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 20_000, max: 1_200_000 }),
      fc.integer({ min: 1, max: 2 ** 31 }),
      (make, cname, typesize, clevel, chunkSize, seed) => {
        const plain = make(chunkSize * 2 + (seed % chunkSize), seed);
        expectSameBytes(plain, chunkSize, { ...OPTIONS, cname, typesize, clevel });
      },
    ),
    { numRuns: 150 },
  );
});

test.each([256, 512, 1024, 2048])("so do chunks of %i KiB, in any batch", (kib) => {
  for (const make of Object.values(plains)) {
    for (const typesize of [2, 4, 8, 16]) {
      const options = { ...OPTIONS, typesize };
      const plain = make(kib * 1024 * 3 + 12_345, 5);
      expectSameBytes(plain, kib * 1024, options);
    }
  }
});
