/** Parts of a chunk: the same bytes as of the whole, from a chunk that is verified whole. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CompressOptions,
  codecs,
  getItems,
  getItemsAsync,
  type Shuffle,
} from "../../src/blosc/codec.ts";
import { handmade, noise, OPTIONS, pattern, storeOne } from "./chunks.ts";

function part(stored: Uint8Array, nbytes: number, start: number, size: number, checksum = OPTIONS) {
  const plain = new Uint8Array(size).fill(0xa5);
  const fault = getItems(stored, nbytes, start, plain, checksum.checksum);
  return fault ?? plain;
}

describe.each(codecs)("%s", (cname) => {
  const shuffles: Shuffle[] = ["noshuffle", "shuffle", "bitshuffle"];

  test.each(shuffles)("%s: any part, aligned or not, is that of the whole", (shuffle) => {
    const nbytes = 100_003; // several blocks, and a part of an item at the end
    for (const typesize of [1, 3, 8, 16, 255]) {
      const options: CompressOptions = { ...OPTIONS, cname, shuffle, typesize };
      for (const plain of [pattern(nbytes), noise(nbytes)]) {
        const stored = storeOne(plain, options);
        fc.assert(
          fc.property(fc.nat(nbytes), fc.nat(nbytes), (a, b) => {
            const [start, stop] = [Math.min(a, b), Math.max(a, b)];
            const found = part(stored, nbytes, start, stop - start, options);
            expect(Buffer.compare(found as Uint8Array, plain.subarray(start, stop))).toBe(0);
          }),
          {
            numRuns: 20,
            examples: [
              [0, nbytes],
              [nbytes - 1, nbytes],
              [5, 5],
            ],
          },
        );
      }
    }
  });
});

describe("a chunk that is bad", () => {
  const nbytes = 40_000;
  const stored = storeOne(pattern(nbytes));

  test("is refused for damage outside of the part", () => {
    const damaged = stored.slice();
    damaged[stored.byteLength - 10] = (damaged[stored.byteLength - 10] as number) ^ 1;
    expect(part(damaged, nbytes, 0, 4)).toMatchObject({ status: "CHUNK_CHECKSUM", chunk: 0 });
  });

  test("is refused when it is cut, of another size, or flagged as nothing known", () => {
    expect(part(stored.subarray(0, 10), nbytes, 0, 4)).toMatchObject({ status: "TRUNCATED" });
    expect(part(stored.subarray(0, -1), nbytes, 0, 4)).toMatchObject({ status: "TRUNCATED" });
    expect(part(stored, nbytes + 1, 0, 4)).toMatchObject({ status: "CHUNK_NBYTES" });
    const none = { ...OPTIONS, checksum: "None" } as const;
    const flagged = storeOne(pattern(nbytes), none);
    flagged[2] = (flagged[2] as number) | 0x08;
    expect(part(flagged, nbytes, 0, 4, none)).toMatchObject({ status: "BAD_CHUNK_HEADER" });
  });

  test("never makes a part be read from outside, without a checksum", () => {
    const none = { ...OPTIONS, checksum: "None" } as const;
    const sound = storeOne(pattern(3000), none);
    const sizes = new Set<string>();
    for (let bit = 0; bit < sound.byteLength * 8; bit++) {
      const damaged = sound.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const found = part(damaged, 3000, 1001, 501, none);
      sizes.add(found instanceof Uint8Array ? "decoded" : found.status);
    }
    expect(sizes).toContain("decoded");
    expect(sizes).toContain("DECOMPRESS");
  });

  test("is refused where C-Blosc itself would not (c-blosc #405)", () => {
    const body = new Uint8Array(300_000).fill(0xff);
    const chunk = handmade({ nbytes: 9 << 20, flags: 0x10 }, body);
    expect(part(chunk, 9 << 20, 0, 4, { ...OPTIONS, checksum: "None" })).toMatchObject({
      status: "DECOMPRESS",
    });
  });
});

describe("arguments", () => {
  const stored = storeOne(pattern(400));

  test("outside of the chunk are refused", () => {
    expect(() => part(stored, 400, 399, 2)).toThrow(RangeError);
    expect(() => part(stored, 400, 401, 0)).toThrow(RangeError);
    expect(() => part(stored, -1, 0, 0)).toThrow(RangeError);
    expect(() => getItems([] as never, 400, 0, new Uint8Array(1), "adler32")).toThrow(TypeError);
    expect(() => getItems(stored, 400, 0, stored.subarray(0, 4), "adler32")).toThrow(/overlaps/);
  });
});

describe("getItemsAsync", () => {
  const plain = pattern(300_000);
  const stored = storeOne(plain);

  test("gives the same, to memory of its caller's, many at once", async () => {
    const parts = await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const target = new Uint8Array(1000);
        expect(
          await getItemsAsync(stored, plain.byteLength, i * 5001, target, "adler32"),
        ).toBeUndefined();
        return target;
      }),
    );
    for (const [i, target] of parts.entries()) {
      expect(Buffer.compare(target, plain.subarray(i * 5001, i * 5001 + 1000))).toBe(0);
    }
  });

  test("returns the fault, and rejects for arguments", async () => {
    const target = new Uint8Array(4);
    expect(await getItemsAsync(stored, 5, 0, target, "adler32")).toMatchObject({
      status: "CHUNK_NBYTES",
    });
    await expect(getItemsAsync(stored, 5, 9, target, "adler32")).rejects.toThrow(RangeError);
  });
});
