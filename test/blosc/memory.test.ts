import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { allocate, decompress, decompressAsync } from "../../src/blosc/codec.ts";
import { OPTIONS, pattern, store } from "./chunks.ts";

const MiB = 1 << 20;

describe("allocate", () => {
  test.each([0, 1, 1000, MiB - 1, MiB, MiB + 1, 5 * MiB + 3])("%i bytes", (nbytes) => {
    const buffer = allocate(nbytes);
    expect(buffer).toBeInstanceOf(ArrayBuffer);
    expect(buffer.byteLength).toBe(nbytes);
    new Uint8Array(buffer).fill(0xff);
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])("refuses %d", (nbytes) => {
    expect(() => allocate(nbytes)).toThrow(RangeError);
  });

  test("more than there is: a RangeError, not the end of the process", () => {
    expect(() => allocate(2 ** 46)).toThrow(RangeError);
  });

  test("a loop that never yields does not hoard memory that it dropped", () => {
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 150; i++) new Uint8Array(allocate(20 * MiB)).fill(i); // 3 GB in all
    expect(process.memoryUsage().rss - before).toBeLessThan(2000 * MiB);
  });

  test("memory that was collected is handed out again", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const size = 9 * MiB;
    const use = () => {
      const bytes = new Uint8Array(allocate(size));
      const recycled = bytes[size - 1] === 0xab; // fresh memory is zero
      bytes.fill(0xab);
      return recycled;
    };
    let recycled = use();
    for (let round = 0; round < 100 && !recycled; round++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
      recycled = use();
    }
    expect(recycled).toBe(true);
  });

  test("memory in use is never handed out again", async () => {
    const kept: { readonly bytes: Uint8Array; readonly seed: number }[] = [];
    for (let round = 0; round < 60; round++) {
      const seed = round + 1;
      const size = (1 + (round % 5)) * MiB + round;
      const { stored, positions } = store(pattern(size, seed), 300_000);
      const bytes = new Uint8Array(allocate(size));
      const call = round % 2 === 0 ? decompress : decompressAsync;
      expect(await call(stored, positions, bytes, 300_000, "adler32")).toBeUndefined();
      if (round % 3 === 0) kept.push({ bytes, seed }); // the others are dropped, and recycled
      if (round % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    for (const { bytes, seed } of kept) {
      expect(Buffer.compare(bytes, pattern(bytes.byteLength, seed))).toBe(0);
    }
  });

  test("an asynchronous call keeps memory whose array was dropped", async () => {
    const size = 3 * MiB;
    const calls = Array.from({ length: 30 }, (_, i) => {
      const { stored, positions } = store(pattern(size, i), 200_000, OPTIONS);
      const input = new Uint8Array(allocate(Math.max(stored.byteLength, MiB)));
      input.set(stored);
      const plain = new Uint8Array(allocate(size));
      return decompressAsync(input, positions, plain, 200_000, "adler32").then((fault) => {
        expect(fault).toBeUndefined();
        return Buffer.compare(plain, pattern(size, i));
      });
    });
    expect(await Promise.all(calls)).toEqual(Array(30).fill(0));
  });
});
