// Readers on files made here: slices against the same slices of the whole, how little is read for
// them, and what is said of damage.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BloscpackError } from "../../src/errors.ts";
import { packBytes, unpackBytes } from "../../src/format/bytes.ts";
import { packNdarray, unpackNdarray } from "../../src/format/pack-ndarray.ts";
import type { ArrayReader, BytesReaderSync } from "../../src/format/reader.ts";
import { MemorySource } from "../../src/format/source.ts";
import { open, openSync } from "../../src/store/file-reader.ts";

const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i * 0.125);

/** A source that counts what is read of it. */
function counted(bytes: Uint8Array) {
  const memory = new MemorySource(bytes);
  const reads: [position: number, length: number][] = [];
  return {
    reads,
    size: bytes.byteLength,
    batchBytes: 4096,
    read(position: number, length: number) {
      reads.push([position, length]);
      return memory.read(position, length);
    },
  };
}

describe("slice", () => {
  const cnames = ["blosclz", "lz4", "zstd"] as const;

  it("is what the same slice of the whole is, for any indices and chunks", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: -3500, max: 3500 }),
        fc.option(fc.integer({ min: -3500, max: 3500 }), { nil: undefined }),
        fc.constantFrom(...cnames),
        fc.boolean(),
        fc.integer({ min: 1, max: 17 }),
        async (size, chunkSize, start, stop, cname, offsets, typesize) => {
          const bytes = Uint8Array.from({ length: size }, (_, i) => (i * i) >> 5);
          const file = packBytes(bytes, { chunkSize, cname, offsets, typesize });
          const expected = bytes.slice(start, stop);
          expect(openSync(file).slice(start, stop)).toEqual(expected);
          const reader = await open(counted(file));
          expect(await reader.slice(start, stop)).toEqual(expected);
          expect(await reader.slice(start, stop)).toEqual(expected);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("gives rows of an array", async () => {
    const data = ramp(600);
    const reader = (await open(
      packNdarray({ data, shape: [20, 5, 6] }, { chunkSize: 1000 }),
    )) as ArrayReader;
    expect([reader.dtype, reader.shape, reader.order]).toEqual(["<f8", [20, 5, 6], "C"]);
    const rows = await reader.slice(-3, 19);
    expect(rows).toEqual({
      data: data.slice(17 * 30, 19 * 30),
      dtype: "<f8",
      shape: [2, 5, 6],
      order: "C",
    });
    expect((await reader.slice(5, 2)).shape).toEqual([0, 5, 6]);
    expect((await reader.slice(Number.NaN, 1.9)).data).toEqual(data.slice(0, 30));
    expect(await reader.slice()).toEqual(unpackNdarray(packNdarray({ data, shape: [20, 5, 6] })));
  });

  it("goes along the last axis of an array in F order, and says so", async () => {
    const data = ramp(24);
    const file = packNdarray({ data, shape: [4, 6], order: "F" }, { chunkSize: 40 });
    const reader = (await open(file)) as ArrayReader;
    await expect(reader.slice(0, 1)).rejects.toThrow(/sliced along axis 1/);
    const columns = await reader.slice(2, 4, 1);
    expect(columns).toMatchObject({ shape: [4, 2], order: "F", data: data.slice(8, 16) });
    expect(await reader.slice(2, 4, -1)).toEqual(columns);
    expect((await reader.slice()).shape).toEqual([4, 6]);
  });

  it("refuses axes that are not there and indices that are no numbers", async () => {
    const reader = openSync(packNdarray({ data: ramp(1), shape: [] }));
    expect(reader.slice()).toMatchObject({ shape: [] });
    expect(() => reader.slice(0)).toThrow(TypeError);
    const bytes = openSync(packBytes(new Uint8Array(9)));
    expect(() => bytes.slice(0, 1, 1)).toThrow(TypeError);
    expect(() => bytes.slice("1" as never)).toThrow(/start must be a number/);
    expect(bytes.slice(0, 1, 0)).toEqual(new Uint8Array(1));
  });

  it("keeps calls apart that are made at the same time", async () => {
    const data = ramp(4000);
    const reader = (await open(counted(packNdarray(data, { chunkSize: 800 })))) as ArrayReader;
    const starts = Array.from({ length: 40 }, (_, i) => (i * 977) % 3900);
    const slices = await Promise.all(starts.map((start) => reader.slice(start, start + 50)));
    for (const [i, start] of starts.entries()) {
      expect(slices[i]?.data).toEqual(data.slice(start, start + 50));
    }
  });
});

describe("what is read for one element", () => {
  const data = ramp(100_000);
  const chunkSize = 8000;
  const options = { chunkSize, cname: "lz4" };

  it("is the head and its chunk, by the offsets", async () => {
    const source = counted(packNdarray(data, options));
    const reader = (await open(source)) as ArrayReader;
    source.reads.length = 0;
    expect((await reader.slice(50_500, 50_501)).data).toEqual(Float64Array.of(50_500 * 0.125));
    expect(source.reads).toHaveLength(1);
    const [[, length]] = source.reads as [[number, number]];
    expect(length).toBeLessThan(chunkSize + 20);
    await reader.slice(99_999);
    const [, last] = source.reads as [unknown, [number, number]];
    expect(last[0] + last[1]).toBe(source.size);
  });

  it("is the headers before it too, once, where there are no offsets", async () => {
    const source = counted(packNdarray(data, { ...options, offsets: false }));
    const reader = (await open(source)) as ArrayReader;
    source.reads.length = 0;
    await reader.slice(50_500, 50_501);
    expect(source.reads).toHaveLength(50 + 2);
    expect(source.reads.filter(([, length]) => length === 16)).toHaveLength(51);
    source.reads.length = 0;
    await reader.slice(10_500, 10_501);
    expect(source.reads).toHaveLength(2);
  });

  it("is nothing for an empty slice, and no header again where the way has been gone", async () => {
    const source = counted(packNdarray(data, { ...options, offsets: false }));
    const reader = (await open(source)) as ArrayReader;
    await reader.slice();
    source.reads.length = 0;
    await reader.slice(99_500, 99_501);
    expect(source.reads).toHaveLength(2);
    expect((await reader.slice(5, 5)).shape).toEqual([0]);
    expect((await reader.slice(100_000)).shape).toEqual([0]);
    expect(source.reads).toHaveLength(2);
  });

  it("is refused when the offsets put its chunk, or the next one, elsewhere", async () => {
    const file = packBytes(new Uint8Array(5000), { chunkSize: 1000, checksum: "None" });
    const view = new DataView(file.buffer, file.byteOffset);
    view.setUint32(32 + 16, view.getUint32(32 + 16, true) + 1, true);
    const reader = openSync(file);
    expect(() => reader.chunk(1)).toThrow(
      expect.objectContaining({ code: "OFFSET_MISMATCH", chunk: 2 }),
    );
    expect(() => reader.slice(1000, 1001)).toThrow(BloscpackError);
    expect(() => reader.chunk(2)).toThrow(BloscpackError);
    expect(reader.chunk(3)).toEqual(new Uint8Array(1000));
  });

  it("is verified: damage elsewhere in its chunk is found, in another chunk is not met", () => {
    const file = packNdarray(data, options);
    const reader = openSync(file);
    file[file.byteLength - 3] = (file[file.byteLength - 3] as number) ^ 1;
    expect(() => reader.slice(99_000, 99_001)).toThrow(
      expect.objectContaining({ code: "CHUNK_CHECKSUM", chunk: 99 }),
    );
    expect(reader.slice(98_999, 99_000)).toMatchObject({ shape: [1] });
  });
});

it("measures a file whose header says nothing of sizes, when it is opened", async () => {
  const bytes = Uint8Array.from({ length: 2500 }, (_, i) => i >> 2);
  const file = packBytes(bytes, { chunkSize: 1000, offsets: false });
  const view = new DataView(file.buffer, file.byteOffset);
  view.setInt32(8, -1, true);
  view.setInt32(12, -1, true);
  for (const nchunks of [3n, -1n]) {
    view.setBigInt64(16, nchunks, true);
    const source = counted(file);
    const reader = await open(source);
    expect([reader.nchunks, reader.nbytes]).toEqual([3, 2500]);
    expect(source.reads.filter(([, length]) => length === 16)).toHaveLength(3);
    expect(await reader.slice(2400)).toEqual(bytes.slice(2400));
    expect(await reader.slice()).toEqual(bytes);
    expect((await reader.verify()).faults).toEqual([]);
    expect(openSync(file, { strict: false }).slice(-1600, -1400)).toEqual(bytes.slice(900, 1100));
  }
});

describe("chunk", () => {
  it("gives one chunk, and refuses what is none", async () => {
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i);
    const reader = await open(packBytes(bytes, { chunkSize: 300 }));
    expect(reader.nchunks).toBe(4);
    expect(await reader.chunk(3)).toEqual(bytes.slice(900));
    await expect(reader.chunk(4)).rejects.toThrow(RangeError);
    await expect(reader.chunk(-1)).rejects.toThrow(RangeError);
    await expect(reader.chunk(0.5)).rejects.toThrow(RangeError);
  });

  it("gives the one chunk of an empty file", () => {
    const reader = openSync(packBytes(new Uint8Array()));
    expect([reader.nchunks, reader.nbytes]).toEqual([1, 0]);
    expect(reader.chunk(0)).toEqual(new Uint8Array());
    expect([...reader.chunks()]).toHaveLength(1);
  });
});

describe("a reader that is closed", () => {
  it("refuses calls, and lets those under way end", async () => {
    const reader = (await open(packNdarray(ramp(10)))) as ArrayReader;
    const slice = reader.slice(1, 2);
    await reader[Symbol.asyncDispose]();
    expect((await slice).data).toEqual(Float64Array.of(0.125));
    await expect(reader.chunk(0)).rejects.toThrow(/closed/);
    await reader.close();
    const other = openSync(packNdarray(ramp(10)));
    other[Symbol.dispose]();
    expect(() => other.verify()).toThrow(TypeError);
  });
});

describe("verify", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i >> 3);

  it("counts what is there", () => {
    const file = packBytes(bytes, { chunkSize: 1000 });
    const report = openSync(file).verify();
    expect(report).toEqual({
      nchunks: 10,
      nbytes: 10_000,
      cbytes: file.byteLength,
      faults: [],
      warnings: [],
    });
  });

  it("names every damaged chunk", async () => {
    const file = packBytes(bytes, { chunkSize: 1000, checksum: "crc32" });
    const source = counted(file);
    const reader = await open(source);
    const places: number[] = [];
    for (const i of [2, 3, 9]) {
      await reader.chunk(i);
      places.push(source.reads.at(-1)?.[0] as number);
    }
    for (const place of places) file[place + 20] = (file[place + 20] as number) ^ 0x10;
    const { faults } = await reader.verify();
    expect(faults.map(({ code, chunk }) => [code, chunk])).toEqual([
      ["CHUNK_CHECKSUM", 2],
      ["CHUNK_CHECKSUM", 3],
      ["CHUNK_CHECKSUM", 9],
    ]);
    // A chunk whose size is damaged hides none behind it while there are offsets.
    file[(places[0] as number) + 12] = 1;
    file[(places[0] as number) + 13] = 0;
    expect((await reader.verify()).faults.map(({ chunk }) => chunk)).toEqual([2, 3, 9]);
  });

  it("tells what it could not check for lack of offsets", async () => {
    const file = packBytes(bytes, { chunkSize: 1000, offsets: false });
    const reader = openSync(file);
    const at = file.indexOf(2, 32);
    new DataView(file.buffer, file.byteOffset).setUint32(at + 12, 3, true);
    const report = reader.verify();
    expect(report.faults).toMatchObject([{ code: "BAD_CHUNK_HEADER", chunk: 0 }]);
    expect(report.warnings).toEqual([expect.stringMatching(/chunks 1 to 9 cannot be found/)]);
  });

  it("warns of what is unusual", () => {
    const file = packBytes(bytes, { chunkSize: 1000, checksum: "None", typesize: 4 });
    file[7] = 8;
    file.fill(0xff, 32, 32 + 8 * 10);
    const longer = Buffer.concat([file, Buffer.alloc(7)]);
    const report = openSync(longer).verify();
    expect(report.faults).toEqual([]);
    expect(report.cbytes).toBe(file.byteLength);
    expect(report.warnings).toEqual([
      expect.stringMatching(/never written/),
      expect.stringMatching(/typesize is 8 in the header, 4 in chunk 0/),
      expect.stringMatching(/7 bytes follow/),
      expect.stringMatching(/no digests/),
    ]);
  });

  it("checks the array of a file that was opened as bytes", () => {
    const file = packNdarray(ramp(10), {
      metadataArgs: { metaCodec: "None", metaChecksum: "None" },
    });
    const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
    text.write("[11]", text.indexOf("[10]"));
    expect(() => openSync(file)).toThrow(expect.objectContaining({ code: "NDARRAY_SIZE" }));
    expect(openSync(file, { as: "bytes" }).verify().faults).toMatchObject([
      { code: "NDARRAY_SIZE" },
    ]);
  });
});

describe("strict: false", () => {
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => i >> 3);
  const lenient = (file: Uint8Array) => openSync(file, { strict: false }) as BytesReaderSync;

  it("reads the chunks that a file cut short still has", () => {
    const file = packBytes(bytes, { chunkSize: 1000 });
    const reader = lenient(file.slice(0, -1));
    expect(reader.warnings[0]).toMatch(/^BAD_OFFSET|^TRUNCATED/);
    expect(reader.slice()).toEqual(bytes.slice(0, 2000));
    expect(reader.slice(1500, 1501)).toEqual(bytes.slice(1500, 1501));
  });

  it("reads by the chunks when the header is wrong of their sizes", () => {
    const file = packBytes(bytes, { chunkSize: 1100 });
    new DataView(file.buffer, file.byteOffset).setInt32(12, 799, true);
    expect(() => openSync(file).slice()).toThrow(expect.objectContaining({ code: "CHUNK_NBYTES" }));
    const reader = lenient(file);
    expect(reader.warnings).toEqual([expect.stringMatching(/chunk 2 holds 800 .* says 799/)]);
    expect(reader.slice()).toEqual(bytes);
    expect(reader.slice(2990)).toEqual(bytes.slice(2990));
  });

  it("reads without metadata that is damaged", () => {
    const file = packBytes(bytes, { metadata: { a: 1 } });
    file[66] = (file[66] as number) ^ 1;
    expect(() => openSync(file)).toThrow(expect.objectContaining({ code: "METADATA_CHECKSUM" }));
    const reader = lenient(file);
    expect(reader.metadata).toBeUndefined();
    expect(reader.warnings).toEqual([expect.stringMatching(/^METADATA_CHECKSUM/)]);
    expect(reader.slice()).toEqual(bytes);
  });

  it("is for unpackBytes too", () => {
    const file = packBytes(bytes, { chunkSize: 1000 });
    file.fill(0xff, 32, 40);
    expect(() => unpackBytes(file)).toThrow(expect.objectContaining({ code: "BAD_OFFSET" }));
    const told: string[] = [];
    const onWarning = (warning: string) => told.push(warning);
    expect(unpackBytes(file, { strict: false, onWarning }).bytes).toEqual(bytes);
    expect(told).toEqual([
      expect.stringMatching(/^BAD_OFFSET/),
      expect.stringMatching(/table is not used/),
    ]);
    expect(() => unpackBytes(file, { strict: false, maxBytes: 2999 })).toThrow(RangeError);
    const array = packNdarray(ramp(30));
    expect(() => unpackNdarray(array, { maxBytes: 239 })).toThrow(/maxBytes allows 239/);
    const sound = packBytes(bytes);
    expect(() => unpackBytes(sound, { maxBytes: 2999 })).toThrow(RangeError);
    expect(unpackBytes(sound, { maxBytes: 3000 }).bytes).toEqual(bytes);
  });

  it("does not forgive a digest that does not match", () => {
    const file = packBytes(bytes, { chunkSize: 1000 });
    file[file.byteLength - 1] = (file[file.byteLength - 1] as number) ^ 1;
    const reader = lenient(file);
    expect(() => reader.slice()).toThrow(expect.objectContaining({ code: "CHUNK_CHECKSUM" }));
    expect(reader.slice(0, 2000)).toEqual(bytes.slice(0, 2000));
  });
});

describe("options", () => {
  it("refuse what they are not", () => {
    const file = packBytes(new Uint8Array(100));
    expect(() => openSync(file, { maxBytes: 99 })).toThrow(
      new RangeError("The file holds 100 plain bytes, option maxBytes allows 99"),
    );
    expect(openSync(file, { maxBytes: 100 }).nbytes).toBe(100);
    expect(() => openSync(file, { maxBytes: Number.NaN })).toThrow(RangeError);
    expect(() => openSync(file, { maxBytes: "9" as never })).toThrow(RangeError);
    expect(() => openSync(file, { strict: 0 as never })).toThrow(TypeError);
    expect(() => openSync(file, { as: "text" as never })).toThrow(TypeError);
    expect(() => openSync(file, { onWarning: true as never })).toThrow(TypeError);
    expect(() => openSync(file, { Strict: true } as never)).toThrow(/Unknown option "Strict"/);
  });
});

describe("damage at every place", () => {
  const files = {
    "lz4, two chunks": packNdarray(ramp(300), { cname: "lz4", chunkSize: 1600, maxAppChunks: 2 }),
    "no offsets, crc32": packNdarray(ramp(200), { offsets: false, checksum: "crc32" }),
    "an empty array": packNdarray(new Int16Array()),
  };

  function attempt(bytes: Uint8Array, options = {}): unknown {
    try {
      return openSync(bytes, options).slice();
    } catch (error) {
      expect(error).toBeInstanceOf(BloscpackError);
      return undefined;
    }
  }

  it.each(Object.entries(files))("%s: cut anywhere, it is refused", (_name, file) => {
    for (let length = 0; length < file.byteLength; length++) {
      expect(attempt(file.slice(0, length)), `cut to ${length} bytes`).toBeUndefined();
      attempt(file.slice(0, length), { strict: false, as: "bytes" });
    }
  });

  it.each(Object.entries(files))("%s: a bit flips, the same array or none", (_name, file) => {
    const whole = unpackNdarray(file);
    for (let bit = 0; bit < file.byteLength * 8; bit++) {
      const damaged = file.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      const array = attempt(damaged);
      // A file whose metadata no longer says that it is an array is one of bytes.
      if (array === undefined || array instanceof Uint8Array) continue;
      expect(array, `bit ${bit}`).toEqual(whole);
      attempt(damaged, { strict: false });
    }
  });
});
