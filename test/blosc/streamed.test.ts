// Results that are larger than the caches are decoded past them, by code that is not C-Blosc's.
import { describe, expect, test } from "vitest";
import { type CompressOptions, decompress } from "../../src/blosc/codec.ts";
import { load, noise, OPTIONS, pattern, store } from "./chunks.ts";

const MiB = 1 << 20;

/** Bytes that compress in some splits and not in others, as measurements do. */
function mixed(nbytes: number): Uint8Array<ArrayBuffer> {
  const bytes = noise(nbytes);
  const smooth = pattern(nbytes);
  for (let i = 0; i < nbytes; i++) if ((i & 3) !== 0) bytes[i] = smooth[i] as number;
  return bytes;
}

const plains = { pattern, noise, mixed, zeros: (nbytes: number) => new Uint8Array(nbytes) };

describe.each(["lz4", "lz4hc", "blosclz"])("%s gives back 9 MiB and some bytes", (cname) => {
  const size = 9 * MiB + 3 * 16 + 5;
  const typesizes = [1, 2, 3, 4, 8, 12, 16, 32];

  test.each(typesizes)("of items of %i bytes", (typesize) => {
    for (const make of Object.values(plains)) {
      const options: CompressOptions = { ...OPTIONS, cname, typesize };
      const plain = make(size);
      for (const chunkSize of [MiB, 1_000_000 - (1_000_000 % typesize), 300_001]) {
        const loaded = load(store(plain, chunkSize, options), size, options);
        expect(Buffer.compare(loaded, plain)).toBe(0);
      }
    }
  });
});

test("to an address that no vector is aligned to", () => {
  const size = 9 * MiB;
  const plain = mixed(size);
  const { stored, positions } = store(plain, MiB, OPTIONS);
  for (const start of [1, 4, 16, 31]) {
    const target = new Uint8Array(new ArrayBuffer(size + start + 1), start, size);
    expect(decompress(stored, positions, target, MiB, OPTIONS.checksum)).toBeUndefined();
    expect(Buffer.compare(target, plain)).toBe(0);
    expect(new Uint8Array(target.buffer)[size + start]).toBe(0);
  }
});

test("a split that is not what it says is a fault of its chunk, and of no other", () => {
  const size = 9 * MiB;
  const options: CompressOptions = { ...OPTIONS, checksum: "None" };
  const { stored, positions } = store(pattern(size), MiB, options);
  const chunk = 5;
  const blockStart = positions[chunk] as number;
  const first = blockStart + new DataView(stored.buffer).getUint32(blockStart + 16, true) + 4;
  stored.fill(0xff, first, first + 24); // the first split: a match that goes back before its start
  const fault = decompress(stored, positions, new Uint8Array(size), MiB, "None");
  expect(fault).toMatchObject({ status: "DECOMPRESS", chunk });
});
