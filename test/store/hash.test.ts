import { describe, expect, test } from "vitest";
import xxhash from "xxhash-wasm";
import { acquireHasher, type Hasher, releaseHasher, xxh64 } from "../../src/store/hash.ts";

const WINDOW = 65_536;
const SEEDS = [0n, 0x9e3779b97f4a7c15n] as const;
const reference = await xxhash();

/** Every place where a length is treated in another way: lanes, stripes, window edges. */
const LENGTHS = [
  ...Array.from({ length: 70 }, (_, length) => length),
  ...[-33, -32, -31, -9, -8, -1, 0, 1, 7, 8, 31, 32, 33].map((d) => WINDOW + d),
  ...[-1, 0, 1].map((d) => 2 * WINDOW + d),
  1_000_003,
];

/** Bytes without a pattern that a lane could cancel. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function digestOf(write: (hasher: Hasher) => void): string {
  const hasher = acquireHasher();
  try {
    write(hasher);
    return hasher.digestHex();
  } finally {
    releaseHasher(hasher);
  }
}

function expected(bytes: Uint8Array): string {
  return SEEDS.map((seed) => reference.h64Raw(bytes, seed).toString(16).padStart(16, "0")).join("");
}

describe("Hasher", () => {
  test.each(LENGTHS)("%i bytes at once give XXH64 under both seeds", (length) => {
    const bytes = noise(length);
    expect(digestOf((hasher) => hasher.bytes(bytes))).toBe(expected(bytes));
  });

  test.each([1, 3, 32, 1000, WINDOW - 1, WINDOW, WINDOW + 1])(
    "in pieces of %i bytes too",
    (piece) => {
      const bytes = noise(200_000);
      const digest = digestOf((hasher) => {
        for (let at = 0; at < bytes.length; at += piece)
          hasher.bytes(bytes.subarray(at, at + piece));
      });
      expect(digest).toBe(expected(bytes));
    },
  );

  test("agrees with the package's own stream", () => {
    const bytes = noise(300_000);
    const streams = SEEDS.map((seed) => reference.create64(seed).update(bytes).digest());
    const hex = streams.map((half) => half.toString(16).padStart(16, "0")).join("");
    expect(digestOf((hasher) => hasher.bytes(bytes))).toBe(hex);
  });

  test("a view's window is read, not the buffer behind it", () => {
    const bytes = noise(100).subarray(11, 53);
    expect(digestOf((hasher) => hasher.bytes(bytes))).toBe(expected(bytes.slice()));
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "numbers across the window's end, %i bytes short of it",
    (gap) => {
      const head = noise(WINDOW - gap);
      const tail = Buffer.alloc(1 + 4 + 8 + 8);
      tail.writeUInt8(250, 0);
      tail.writeUInt32LE(4_000_000_000, 1);
      tail.writeBigUInt64LE(2n ** 53n - 1n, 5);
      tail.writeDoubleLE(-0.1, 13);
      const digest = digestOf((hasher) => {
        hasher.bytes(head);
        hasher.u8(250);
        hasher.u32(4_000_000_000);
        hasher.u64(2 ** 53 - 1);
        hasher.f64(-0.1);
      });
      expect(digest).toBe(expected(Buffer.concat([head, tail])));
    },
  );

  test.each([0, 1, 39, 40, 41, 1000, 32_767, 32_768, 32_769, 100_001])(
    "a string of %i units",
    (length) => {
      // Odd starts put the window's end inside a code unit.
      for (const start of [0, 1, WINDOW - 81, WINDOW - 1]) {
        const head = noise(start);
        const text = "aé\ud835𝒳".repeat(length).slice(0, length);
        const digest = digestOf((hasher) => {
          hasher.bytes(head);
          hasher.utf16(text);
        });
        expect(digest).toBe(expected(Buffer.concat([head, Buffer.from(text, "utf16le")])));
      }
    },
  );

  test("the three forms of a digest agree and stay when the hasher goes on", () => {
    const hasher = acquireHasher();
    hasher.bytes(noise(10));
    const digest = hasher.digest();
    const hex = hasher.digestHex();
    expect(Buffer.from(hasher.digestLatin1(), "latin1").toString("hex")).toBe(hex);
    hasher.begin();
    hasher.digest();
    releaseHasher(hasher);
    expect(Buffer.from(digest).toString("hex")).toBe(hex);
  });

  test("hashers taken at once do not disturb each other", () => {
    const outer = acquireHasher();
    outer.bytes(noise(1000));
    const nested = Array.from({ length: 40 }, () => acquireHasher());
    for (const [i, hasher] of nested.entries()) hasher.bytes(noise(i));
    for (const [i, hasher] of nested.entries()) {
      expect(hasher.digestHex()).toBe(expected(noise(i)));
      releaseHasher(hasher);
    }
    expect(outer.digestHex()).toBe(expected(noise(1000)));
    releaseHasher(outer);
  });

  test.each([100, WINDOW + 100, 300_000])("shared memory is read too, %i bytes", (length) => {
    const shared = new Uint8Array(new SharedArrayBuffer(length));
    shared.set(noise(length));
    expect(digestOf((hasher) => hasher.bytes(shared))).toBe(expected(noise(length)));
  });

  test("a resizable buffer is read as long as it is now", () => {
    const buffer = Reflect.construct(ArrayBuffer, [100, { maxByteLength: 400_000 }]);
    const bytes = new Uint8Array(buffer);
    buffer.resize(300_000);
    bytes.set(noise(300_000));
    expect(digestOf((hasher) => hasher.bytes(bytes))).toBe(expected(noise(300_000)));
  });

  test("large arrays and small values take turns", () => {
    const large = noise(200_001);
    const digest = digestOf((hasher) => {
      hasher.u8(250);
      hasher.bytes(large.subarray(1));
      hasher.u8(7);
      hasher.bytes(large);
    });
    const all = [Uint8Array.of(250), large.subarray(1), Uint8Array.of(7), large];
    expect(digest).toBe(expected(Buffer.concat(all)));
  });
});

test.each(LENGTHS)("xxh64 of %i bytes", (length) => {
  const bytes = noise(length + 3).subarray(3);
  expect(xxh64(bytes)).toBe(reference.h64Raw(bytes));
});
