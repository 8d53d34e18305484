/** Arguments that are wrong, detached, shared or resizable; and memory that goes away meanwhile. */

import { describe, expect, test } from "vitest";
import {
  allocate,
  type CompressOptions,
  checkCompressOptions,
  compress,
  compressAsync,
  compressBegin,
  decompress,
  decompressAsync,
  decompressBegin,
  digest,
} from "../../src/blosc/codec.ts";
import { cut, gather, load, OPTIONS, pattern, slotSizeOf, store } from "./chunks.ts";

const CHUNK_SIZE = 100_000;
const PLAIN = pattern(2_000_000);
const SLOT_SIZE = slotSizeOf(CHUNK_SIZE, OPTIONS);
const STORED = store(PLAIN, CHUNK_SIZE);

type ResizableOptions = new (nbytes: number, options: { maxByteLength: number }) => ArrayBuffer;
const Resizable = ArrayBuffer as unknown as ResizableOptions;

function freshSlots(): Uint8Array<ArrayBuffer> {
  return new Uint8Array((PLAIN.byteLength / CHUNK_SIZE) * SLOT_SIZE);
}

function detached(): Uint8Array {
  const view = new Uint8Array(64);
  structuredClone(view, { transfer: [view.buffer] });
  return view;
}

function copyOn(buffer: ArrayBuffer | SharedArrayBuffer, bytes: Uint8Array): Uint8Array {
  const view = new Uint8Array(buffer as ArrayBuffer);
  view.set(bytes);
  return view;
}

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** Calls that throw, as rejections, so that both kinds of call are asserted alike. */
const ways = [
  ["sync", async (call: () => unknown) => call()],
  ["async", async (_: unknown, call: () => Promise<unknown>) => await call()],
] as const;

describe.each(ways)("%s calls name the argument that is wrong", (_, run) => {
  const press = (
    chunks: unknown,
    slots: unknown,
    slotSize: unknown,
    options: unknown = OPTIONS,
  ) => {
    const args = [chunks, slots, slotSize, options] as Parameters<typeof compress>;
    return run(
      () => compress(...args),
      () => compressAsync(...args),
    );
  };
  const expand = (...values: readonly unknown[]) => {
    const args = values as unknown as Parameters<typeof decompress>;
    return run(
      () => decompress(...args),
      () => decompressAsync(...args),
    );
  };
  const good = new Uint8Array(8);
  const slots = new Uint8Array(1000);

  test.each([
    ["a plain array", [[1, 2]], /chunks\[0\] must be a Uint8Array/],
    ["a Float64Array", [good, new Float64Array(1)], /chunks\[1\] must be a Uint8Array/],
    ["an ArrayBuffer", [new ArrayBuffer(8)], /chunks\[0\] must be a Uint8Array/],
    ["undefined", [undefined], /chunks\[0\] must be a Uint8Array/],
    ["detached memory", [good, detached()], /chunks\[1\] is detached/],
  ])("a chunk that is %s", async (_name, chunks, message) => {
    await expect(press(chunks, slots, 100)).rejects.toThrow(message);
    await expect(press(chunks, slots, 100)).rejects.toThrow(TypeError);
  });

  test.each([
    ["not a Uint8Array", new Float32Array(100), /slots must be a Uint8Array/],
    ["detached", detached(), /slots is detached/],
    ["shared", copyOn(new SharedArrayBuffer(64), good), /slots must not be on a shared/],
    ["resizable", copyOn(new Resizable(64, { maxByteLength: 99 }), good), /or resizable buffer/],
  ])("slots that are %s", async (_name, wrong, message) => {
    await expect(press([good], wrong, 100)).rejects.toThrow(message);
    await expect(press([good], wrong, 100)).rejects.toThrow(TypeError);
  });

  test.each([
    ["too small for the chunk", 27, /slotSize is too small for chunks\[0\]/],
    ["larger than the slots", 1001, /slots is too small/],
    ["fractional", 99.5, /slotSize must be an integer/],
    ["negative", -1, /slotSize must be an integer/],
    ["NaN", Number.NaN, /slotSize must be an integer/],
  ])("a slotSize that is %s", async (_name, slotSize, message) => {
    await expect(press([good], slots, slotSize)).rejects.toThrow(message);
    await expect(press([good], slots, slotSize)).rejects.toThrow(RangeError);
  });

  test("chunks within the slots", async () => {
    await expect(press([slots.subarray(0, 8)], slots, 100)).rejects.toThrow(/overlaps slots/);
    await expect(expand(slots, Float64Array.of(0), slots, 1000, "None")).rejects.toThrow(
      /overlaps/,
    );
  });

  test("of decompress", async () => {
    const { stored, positions } = STORED;
    const plain = new Uint8Array(PLAIN.byteLength);
    const size = CHUNK_SIZE;
    const one = new Uint8Array(1);
    await expect(expand("x", positions, plain, size, "None")).rejects.toThrow(/stored must be/);
    await expect(expand(stored, [0], plain, size, "None")).rejects.toThrow(/positions must be/);
    await expect(expand(stored, positions, [], size, "None")).rejects.toThrow(/plain must be/);
    await expect(expand(stored, positions, plain, "9", "None")).rejects.toThrow(
      /chunkSize must be/,
    );
    await expect(expand(stored, positions, plain, 2 ** 31, "None")).rejects.toThrow(RangeError);
    await expect(expand(stored, positions, plain, size, "sha3")).rejects.toThrow(
      /checksum must be/,
    );
    await expect(expand(detached(), positions, plain, size, "None")).rejects.toThrow(
      /stored is det/,
    );
    await expect(expand(stored, positions, detached(), size, "None")).rejects.toThrow(
      /plain is det/,
    );
    await expect(expand(stored, positions, one, size, "None")).rejects.toThrow(
      /plain does not have/,
    );
    await expect(expand(stored, positions, plain, size / 2, "None")).rejects.toThrow(RangeError);
    const shared = copyOn(new SharedArrayBuffer(8), good);
    await expect(expand(stored, positions, shared, 8, "None")).rejects.toThrow(/shared/);
  });
});

describe("compress options", () => {
  test.each([
    [{ cname: "lzma" }, /cname must be one of blosclz, /, RangeError],
    [{ cname: 4 }, /cname must be a string/, TypeError],
    [{ clevel: 10 }, /clevel must be an integer within 0\.\.9, not 10/, RangeError],
    [{ clevel: -1 }, /clevel/, RangeError],
    [{ clevel: 5.5 }, /clevel/, RangeError],
    [{ clevel: "5" }, /clevel must be a number/, TypeError],
    [{ shuffle: true }, /shuffle must be one of noshuffle, shuffle, bitshuffle/, RangeError],
    [{ typesize: 0 }, /typesize must be an integer within 1\.\.255, not 0/, RangeError],
    [{ typesize: 256 }, /typesize/, RangeError],
    [{ checksum: "ADLER32" }, /checksum must be one of None, adler32, /, RangeError],
    [{ checksum: null }, /checksum/, RangeError],
  ])("%j", (wrong, message, type) => {
    const options = { ...OPTIONS, ...wrong } as unknown as CompressOptions;
    for (const call of [
      () => checkCompressOptions(options),
      () => compress([], new Uint8Array(0), 0, options),
      () => compressBegin([], new Uint8Array(0), 0, options),
    ]) {
      expect(call).toThrow(message);
      expect(call).toThrow(type);
    }
  });
});

describe("inputs on shared and resizable memory are copied first", () => {
  const kinds = [
    ["shared", (n: number) => new SharedArrayBuffer(n)],
    ["resizable", (n: number) => new Resizable(n, { maxByteLength: 2 * n })],
  ] as const;

  test.each(kinds)("%s chunks and stored bytes", async (_, make) => {
    const chunks = cut(copyOn(make(PLAIN.byteLength), PLAIN), CHUNK_SIZE);
    for (const press of [compress, compressAsync]) {
      const slots = freshSlots();
      const sizes = await press(chunks, slots, SLOT_SIZE, OPTIONS);
      const stored = gather(slots, SLOT_SIZE, sizes, CHUNK_SIZE);
      expect(Buffer.compare(load(stored, PLAIN.byteLength), PLAIN)).toBe(0);
    }
    const stored = copyOn(make(STORED.stored.byteLength), STORED.stored);
    for (const expand of [decompress, decompressAsync]) {
      const plain = new Uint8Array(PLAIN.byteLength);
      expect(await expand(stored, STORED.positions, plain, CHUNK_SIZE, "adler32")).toBeUndefined();
      expect(Buffer.compare(plain, PLAIN)).toBe(0);
    }
    expect(digest("sha1", stored)).toEqual(digest("sha1", STORED.stored));
  });

  test("a resizable input may shrink while it is at work", async () => {
    const buffer = new Resizable(PLAIN.byteLength, { maxByteLength: PLAIN.byteLength });
    const chunks = cut(copyOn(buffer, PLAIN), CHUNK_SIZE);
    const slots = freshSlots();
    const promise = compressAsync(chunks, slots, SLOT_SIZE, OPTIONS);
    (buffer as ArrayBuffer & { resize(nbytes: number): void }).resize(0);
    const stored = gather(slots, SLOT_SIZE, await promise, CHUNK_SIZE);
    expect(Buffer.compare(load(stored, PLAIN.byteLength), PLAIN)).toBe(0);
  });
});

describe("transferring memory while an asynchronous call is at work", () => {
  test("inputs: the result is of what they were at the call", async () => {
    const plain = PLAIN.slice();
    const slots = freshSlots();
    const compressing = compressAsync(cut(plain, CHUNK_SIZE), slots, SLOT_SIZE, OPTIONS);
    structuredClone(plain, { transfer: [plain.buffer] });
    const { stored, positions } = gather(slots, SLOT_SIZE, await compressing, CHUNK_SIZE);
    const out = new Uint8Array(PLAIN.byteLength);
    const decompressing = decompressAsync(stored, positions, out, CHUNK_SIZE, "adler32");
    structuredClone(stored, { transfer: [stored.buffer] });
    positions.fill(-1);
    expect(await decompressing).toBeUndefined();
    expect(Buffer.compare(out, PLAIN)).toBe(0);
  });

  test("inputs: changing them changes nothing", async () => {
    const plain = PLAIN.slice();
    const slots = freshSlots();
    const compressing = compressAsync(cut(plain, CHUNK_SIZE), slots, SLOT_SIZE, OPTIONS);
    plain.fill(0);
    const stored = gather(slots, SLOT_SIZE, await compressing, CHUNK_SIZE);
    expect(Buffer.compare(load(stored, PLAIN.byteLength), PLAIN)).toBe(0);
  });

  test("outputs: a TypeError, and nothing is written to where they went", async () => {
    const slots = freshSlots();
    const compressing = compressAsync(cut(PLAIN, CHUNK_SIZE), slots, SLOT_SIZE, OPTIONS);
    const moved = structuredClone(slots, { transfer: [slots.buffer] });
    await expect(compressing).rejects.toThrow(/slots is detached/);
    expect(moved.every((byte) => byte === 0)).toBe(true);

    const plain = new Uint8Array(PLAIN.byteLength);
    const { stored, positions } = STORED;
    const decompressing = decompressAsync(stored, positions, plain, CHUNK_SIZE, "adler32");
    structuredClone(plain, { transfer: [plain.buffer] });
    await expect(decompressing).rejects.toThrow(TypeError);
  });

  test("memory from allocate stays: Node 20 ignores the transfer, later ones throw", () => {
    const buffer = allocate(2 << 20);
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch (error) {
      expect(error).toMatchObject({ name: "DataCloneError" });
    }
    expect(buffer.byteLength).toBe(2 << 20);
  });
});

describe("compressBegin", () => {
  const begin = () => {
    const slots = freshSlots();
    return { slots, finish: compressBegin(cut(PLAIN, CHUNK_SIZE), slots, SLOT_SIZE, OPTIONS) };
  };

  test("finishes once", () => {
    const { slots, finish } = begin();
    const stored = gather(slots, SLOT_SIZE, finish(), CHUNK_SIZE);
    expect(Buffer.compare(load(stored, PLAIN.byteLength), PLAIN)).toBe(0);
    expect(finish).toThrow(/already been finished/);
  });

  test("several at a time, finished in any order", async () => {
    const begun = Array.from({ length: 6 }, begin);
    await tick();
    for (const { slots, finish } of begun.reverse()) {
      const stored = gather(slots, SLOT_SIZE, finish(), CHUNK_SIZE);
      expect(Buffer.compare(load(stored, PLAIN.byteLength), PLAIN)).toBe(0);
    }
  });

  test("reports memory that was detached in between", async () => {
    const small = pattern(1000);
    const slots = new Uint8Array(1100);
    const finish = compressBegin([small], slots, 1100, OPTIONS); // too small to be shared
    const keep = structuredClone(slots, { transfer: [slots.buffer] });
    expect(finish).toThrow(/slots is detached/);
    expect(keep.byteLength).toBe(1100);
  });
});

describe("decompressBegin", () => {
  const { stored, positions } = store(PLAIN, CHUNK_SIZE);
  const begin = (bytes: Uint8Array = stored) => {
    const plain = new Uint8Array(PLAIN.byteLength);
    return { plain, finish: decompressBegin(bytes, positions, plain, CHUNK_SIZE, "adler32") };
  };

  test("finishes once", () => {
    const { plain, finish } = begin();
    expect(finish()).toBeUndefined();
    expect(Buffer.compare(plain, PLAIN)).toBe(0);
    expect(finish).toThrow(/already been finished/);
  });

  test("several at a time, finished in any order", async () => {
    const begun = Array.from({ length: 6 }, () => begin());
    await tick();
    for (const { plain, finish } of begun.reverse()) {
      expect(finish()).toBeUndefined();
      expect(Buffer.compare(plain, PLAIN)).toBe(0);
    }
  });

  test("reports the lowest bad chunk", () => {
    const damaged = stored.slice();
    for (const chunk of [1, 2]) {
      const at = (positions[chunk] as number) + 40;
      damaged[at] = (damaged[at] as number) ^ 1;
    }
    expect(begin(damaged).finish()).toMatchObject({ status: "CHUNK_CHECKSUM", chunk: 1 });
  });

  test("reports memory that was detached in between", () => {
    const { stored: small, positions: at } = store(pattern(1000), 1000);
    const plain = new Uint8Array(1000);
    const finish = decompressBegin(small, at, plain, 1000, "adler32"); // too small to be shared
    structuredClone(plain, { transfer: [plain.buffer] });
    expect(finish).toThrow(/plain is detached/);
  });
});
