// Appending, through files: what the reference's own tests ask for, its golden files, and a model.
import { chmodSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BloscpackError, NotEnoughSpace } from "../../src/errors.ts";
import { decodeHead } from "../../src/format/head.ts";
import {
  PiecesSource,
  packBytes,
  packNdarrayToFileSync,
  unpackBytes,
  unpackNdarrayFromFileSync,
} from "../../src/format.ts";
import {
  type AppendOptions,
  append,
  appendBytes,
  appendBytesSync,
  appendNdarray,
  appendNdarraySync,
  appendSync,
} from "../../src/store/append-file.ts";
import { temporaryFolder } from "../support/temporary.ts";

const golden = join(import.meta.dirname, "../fixtures/golden");
const folder = temporaryFolder();
let made = 0;

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, `${made++}.blp`);
  writeFileSync(path, bytes);
  return path;
}

const headOf = (path: string) => {
  const bytes = readFileSync(path);
  return decodeHead(bytes, bytes.byteLength);
};
const plainOf = (path: string) => unpackBytes(readFileSync(path)).bytes;
const ramp = (n: number, step = 7) => Uint8Array.from({ length: n }, (_, i) => (i * step) % 251);
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const chunkFlags = (path: string, i: number) => {
  const bytes = readFileSync(path);
  const at = headOf(path).offsets?.[i] as number;
  return { flags: bytes[at + 2] as number, typesize: bytes[at + 3] as number };
};

describe("the reference's golden files", () => {
  it.each([
    ["append-into-last.blp", 100],
    ["append-exact-fill.blp", 600],
    ["append-spill.blp", 601],
    ["append-nothing.blp", 0],
    ["append-shrunk-tail.blp", 100],
  ])("%s: an append here ends in the same header", (name, added) => {
    const theirs = readFileSync(join(golden, name));
    const plain = unpackBytes(theirs).bytes;
    const base = { chunkSize: 1200, typesize: 4, maxAppChunks: 5 };
    const path = fileOf(packBytes(plain.subarray(0, 3000), base));
    const { nbytes } = appendBytesSync(path, plain.subarray(3000));
    expect(nbytes).toBe(added);
    expect(headOf(path).header).toEqual(decodeHead(theirs, theirs.byteLength).header);
    expect(same(plainOf(path), plain)).toBe(true);
  });

  it.each([
    "append-into-last.blp",
    "append-exact-fill.blp",
    "append-spill.blp",
    "append-shrunk-tail.blp",
  ])("%s, appended to there, is appended to here", (name) => {
    const path = fileOf(readFileSync(join(golden, name)));
    const before = plainOf(path);
    appendBytesSync(path, ramp(2000));
    expect(same(plainOf(path), Buffer.concat([before, ramp(2000)]))).toBe(true);
  });
});

describe("what the reference's tests ask for", () => {
  it("header and offsets after an append that fills and spills over", () => {
    const path = fileOf(packBytes(ramp(16_000), { chunkSize: 1000 }));
    expect(headOf(path).offsets?.[0]).toBe(1440);
    appendBytesSync(path, ramp(15_500));
    const { header, offsets, length } = headOf(path);
    expect(header).toMatchObject({ nchunks: 32n, maxAppChunks: 144n, lastChunk: 500 });
    expect([offsets?.length, offsets?.[0], length]).toEqual([32, 1440, 1440]);
  });

  it("into the last chunk: no new chunk, and again", () => {
    const path = fileOf(packBytes(ramp(1023), { chunkSize: "1M" }));
    expect(appendBytesSync(path, ramp(1023))).toEqual({
      nbytes: 1023,
      nchunks: 1,
      rewritten: false,
    });
    expect(appendBytesSync(path, ramp(1)).nchunks).toBe(1);
    expect(same(plainOf(path), Buffer.concat([ramp(1023), ramp(1023), ramp(1)]))).toBe(true);
  });

  it("metadata stays readable, also JSON null", () => {
    for (const metadata of [{ a: [1, "ü"] }, null, 0]) {
      const path = fileOf(packBytes(ramp(3000), { chunkSize: 1000, metadata, maxAppChunks: 0 }));
      expect(appendBytesSync(path, ramp(3000)).rewritten).toBe(true);
      expect(unpackBytes(readFileSync(path)).metadata).toEqual(metadata);
    }
  });

  it("no room: NotEnoughSpace on request, and nothing is changed", () => {
    const file = packBytes(ramp(3000), { chunkSize: 1000, maxAppChunks: 0 });
    const path = fileOf(file);
    expect(() => appendBytesSync(path, ramp(1), { whenFull: "error" })).toThrow(NotEnoughSpace);
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it("chunks of a file may differ in level, shuffle and codec", () => {
    const path = fileOf(packBytes(ramp(2000), { chunkSize: 1000, shuffle: "noshuffle" }));
    appendBytesSync(path, ramp(1000), { clevel: 0, shuffle: "shuffle" });
    appendBytesSync(path, ramp(1000), { cname: "zstd", shuffle: "bitshuffle" });
    const flags = [0, 2, 3].map((i) => chunkFlags(path, i).flags);
    expect(flags.map((flag) => [flag & 0b101, flag >> 5])).toEqual([
      [0, 0],
      [1, 0],
      [4, 4],
    ]);
    expect(same(plainOf(path), Buffer.concat([ramp(2000), ramp(1000), ramp(1000)]))).toBe(true);
  });
});

describe("what the reference does not do", () => {
  it("codec, shuffle and typesize are those of the last chunk", () => {
    const options = { chunkSize: 1000, typesize: 4, cname: "zstd", shuffle: "bitshuffle" } as const;
    const path = fileOf(packBytes(ramp(2000), options));
    appendBytesSync(path, ramp(1000));
    expect(chunkFlags(path, 2)).toEqual(chunkFlags(path, 1));
  });

  it("a full table grows by as many slots as there are chunks, and no chunk is recompressed", () => {
    const path = fileOf(packBytes(ramp(4000), { chunkSize: 400, maxAppChunks: 0, cname: "lz4" }));
    const before = readFileSync(path).subarray(headOf(path).length);
    expect(appendBytesSync(path, ramp(400)).rewritten).toBe(true);
    const { header, length } = headOf(path);
    expect(header).toMatchObject({ nchunks: 11n, maxAppChunks: 11n });
    const after = readFileSync(path).subarray(length);
    expect(same(after.subarray(0, before.length), before)).toBe(true);
    let rewrites = 0;
    for (let i = 0; i < 100; i++) if (appendBytesSync(path, ramp(400)).rewritten) rewrites++;
    expect(rewrites).toBe(3);
  });

  it("a small file is not condemned to its small chunk, nor an empty one to none", () => {
    for (const size of [0, 5]) {
      const path = fileOf(packBytes(ramp(size), { typesize: 1 }));
      appendBytesSync(path, ramp(3_000_000));
      expect(headOf(path).header).toMatchObject({ chunkSize: 2 ** 20, nchunks: 3n });
      expect(same(plainOf(path), Buffer.concat([ramp(size), ramp(3_000_000)]))).toBe(true);
    }
  });

  it.each([
    ["without offsets", (file: Uint8Array) => file, { offsets: false }, false],
    ["with offsets that were never written", unwritten, {}, false],
    ["whose number of chunks is unknown", streamed, { offsets: false }, true],
  ])("a file %s is appended to", (_what, change, options, rewritten) => {
    const path = fileOf(change(packBytes(ramp(2500), { chunkSize: 1000, ...options })));
    expect(appendBytesSync(path, ramp(2000))).toEqual({ nbytes: 2000, nchunks: 5, rewritten });
    expect(same(plainOf(path), Buffer.concat([ramp(2500), ramp(2000)]))).toBe(true);
    appendBytesSync(path, ramp(10));
    expect(plainOf(path).byteLength).toBe(4510);
  });

  it("a damaged last chunk is found before it is replaced", () => {
    const file = packBytes(ramp(2500), { chunkSize: 1000, cname: "lz4" });
    file.set([(file.at(-9) as number) ^ 1], file.byteLength - 9);
    const path = fileOf(file);
    expect(() => appendBytesSync(path, ramp(10))).toThrow(
      expect.objectContaining({ code: "CHUNK_CHECKSUM", chunk: 2 }),
    );
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it("a last chunk that becomes smaller leaves nothing behind it", () => {
    const path = fileOf(packBytes(ramp(2500), { chunkSize: 1000, clevel: 0 }));
    appendBytesSync(path, new Uint8Array(490), { cname: "zlib", clevel: 9 });
    const file = readFileSync(path);
    const last = headOf(path).offsets?.at(-1) as number;
    expect(file.byteLength).toBe(last + file.readUInt32LE(last + 12) + 4);
    expect(file.byteLength - last).toBeLessThan(500);
    expect(same(plainOf(path), Buffer.concat([ramp(2500), new Uint8Array(490)]))).toBe(true);
  });

  it("a last offset that leaves out a chunk is found before it loses one", () => {
    const file = Buffer.from(packBytes(ramp(2500), { chunkSize: 1000, maxAppChunks: 0 }));
    file.writeBigInt64LE(2n, 16);
    file.writeBigInt64LE(1n, 24);
    file.copy(file, 32 + 8, 32 + 16, 32 + 24);
    file.fill(0xff, 32 + 16, 32 + 24);
    const path = fileOf(file);
    expect(() => appendBytesSync(path, ramp(10))).toThrow(
      expect.objectContaining({ code: "OFFSET_MISMATCH", chunk: 1 }),
    );
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it("a slot that is not free is found before it is filled", () => {
    const file = Buffer.from(packBytes(ramp(3000), { chunkSize: 1000 }));
    file.writeBigInt64LE(400n, 32 + 24);
    const path = fileOf(file);
    expect(() => appendBytesSync(path, ramp(10))).toThrow(
      expect.objectContaining({ code: "BAD_OFFSET", chunk: 3 }),
    );
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it("a last offset that is not the last chunk's is found as well", () => {
    const file = Buffer.from(packBytes(ramp(3000), { chunkSize: 1000 }));
    file.writeBigInt64LE(file.readBigInt64LE(32 + 16) - 8n, 32 + 16);
    const path = fileOf(file);
    expect(() => appendBytesSync(path, ramp(10))).toThrow(BloscpackError);
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it("links are followed and permissions kept, also when the file is written anew", () => {
    const path = fileOf(packBytes(ramp(3000), { chunkSize: 1000, maxAppChunks: 0 }));
    chmodSync(path, 0o640);
    symlinkSync(path, `${path}.link`);
    expect(appendBytesSync(`${path}.link`, ramp(10)).rewritten).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o640);
    expect(plainOf(path).byteLength).toBe(3010);
  });
});

function unwritten(file: Uint8Array): Uint8Array {
  file.fill(0xff, 32, 32 + 33 * 8);
  return file;
}

function streamed(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset);
  view.setInt32(12, -1, true);
  view.setBigInt64(16, -1n, true);
  return file;
}

describe("streams and sources", () => {
  const pieces = Array.from({ length: 100 }, (_, i) => ramp(i * 37, i));
  const whole = Buffer.concat(pieces);

  it.each([
    ["an array of pieces", () => pieces],
    ["a generator that gives one buffer again and again", reusing],
    ["a Node stream", () => Readable.from(pieces)],
    ["a source", () => ({ read: reader(whole) })],
  ] as const)("%s", async (_what, source) => {
    const path = fileOf(packBytes(ramp(2500), { chunkSize: 1000 }));
    expect((await append(path, source())).nbytes).toBe(whole.byteLength);
    expect(same(plainOf(path), Buffer.concat([ramp(2500), whole]))).toBe(true);
  });

  it("synchronously, unless they have to be awaited", () => {
    const path = fileOf(packBytes(ramp(2500), { chunkSize: 1000 }));
    appendSync(path, reusing());
    expect(same(plainOf(path), Buffer.concat([ramp(2500), whole]))).toBe(true);
    expect(() => appendSync(path, Readable.from(pieces))).toThrow(TypeError);
    expect(plainOf(path).byteLength).toBe(2500 + whole.byteLength);
  });

  it("one that fails leaves the file as it was, and is ended", async () => {
    const file = packBytes(ramp(2500), { chunkSize: 1000 });
    const path = fileOf(file);
    async function* failing() {
      yield ramp(20_000_000);
      throw new Error("no more");
    }
    await expect(append(path, failing())).rejects.toThrow("no more");
    const stream = Readable.from([ramp(10), "text", ramp(10)]);
    await expect(append(path, stream)).rejects.toThrow(TypeError);
    expect(stream.destroyed).toBe(true);
    expect(same(readFileSync(path), file)).toBe(true);
  });

  it.each([
    ["ends too early", 5, /announced 100 bytes and ended after 5/],
    ["gives too much", 5000, /announced 100 bytes and gave \d+/],
  ])("one that %s appends nothing", async (_what, length, message) => {
    const file = packBytes(ramp(2500), { chunkSize: 1000 });
    const path = fileOf(file);
    const announced = () => new PiecesSource([ramp(length)], 100);
    await expect(append(path, announced())).rejects.toThrow(message);
    const now = { size: 100, read: reader(ramp(length)) };
    expect(() => appendSync(path, now)).toThrow(message);
    expect(same(readFileSync(path), file)).toBe(true);
    await append(path, new PiecesSource([ramp(length)], length));
    expect(plainOf(path).byteLength).toBe(2500 + length);
  });

  it("are closed when an option is wrong", async () => {
    const path = fileOf(packBytes(ramp(2500)));
    const wrong = { foo: 1 } as object;
    let closed = 0;
    const source = { read: () => 0, close: () => void closed++ };
    await expect(append(path, source, wrong)).rejects.toThrow(TypeError);
    expect(() => appendSync(path, source, wrong)).toThrow(TypeError);
    expect(closed).toBe(2);
    const stream = Readable.from(pieces);
    await expect(append(path, stream, wrong)).rejects.toThrow(TypeError);
    expect(stream.destroyed).toBe(true);
  });

  function* reusing() {
    const buffer = new Uint8Array(5000);
    for (const piece of pieces) {
      buffer.set(piece);
      yield buffer.subarray(0, piece.byteLength);
    }
  }

  function reader(bytes: Uint8Array) {
    let at = 0;
    return (target: Uint8Array) => {
      const piece = bytes.subarray(at, at + Math.min(999, target.byteLength));
      target.set(piece);
      at += piece.byteLength;
      return piece.byteLength;
    };
  }
});

describe("arrays", () => {
  const path = join(folder, "array.blp");
  const grid = (rows: number, fill: number) => ({
    data: new Float64Array(rows * 3).fill(fill),
    shape: [rows, 3],
  });

  it("grow along their first axis, and the shape in the metadata with them", async () => {
    packNdarrayToFileSync(path, grid(9, 1), { metadata: { unit: "K" } });
    appendNdarraySync(path, grid(1, 2));
    await appendNdarray(path, grid(200_000, 3), { durability: "strict" });
    const { data, shape } = unpackNdarrayFromFileSync(path);
    expect(shape).toEqual([200_010, 3]);
    expect([data[26], data[27], data[30], data.at(-1)]).toEqual([1, 2, 3, 3]);
    expect(unpackBytes(readFileSync(path)).metadata).toMatchObject({
      unit: "K",
      container: "numpy",
    });
  });

  it("a shape that outgrows the metadata section makes the file be written anew", () => {
    const metadataArgs = { maxMetaSize: (size: number) => size, metaCodec: "None" } as const;
    packNdarrayToFileSync(path, grid(9, 1), { metadataArgs });
    const options = { whenFull: "error" } as const;
    expect(() => appendNdarraySync(path, grid(1e5, 2), options)).toThrow(NotEnoughSpace);
    expect(unpackNdarrayFromFileSync(path).shape).toEqual([9, 3]);
    expect(appendNdarraySync(path, grid(1e5, 2)).rewritten).toBe(true);
    expect(unpackNdarrayFromFileSync(path).shape).toEqual([100_009, 3]);
  });

  it("an empty one, and one appended with nothing", () => {
    packNdarrayToFileSync(path, grid(0, 0));
    expect(appendNdarraySync(path, grid(0, 0)).nbytes).toBe(0);
    appendNdarraySync(path, grid(2, 5));
    expect(unpackNdarrayFromFileSync(path)).toMatchObject({ shape: [2, 3] });
  });

  it("what does not fit is refused with both sides named", () => {
    packNdarrayToFileSync(path, grid(2, 5));
    for (const array of [
      new Float64Array(3),
      { data: new Float32Array(3), shape: [1, 3] },
      { data: new Float64Array(4), shape: [1, 4] },
      { data: new Float64Array(6), shape: [2, 3], order: "F" } as const,
    ]) {
      expect(() => appendNdarraySync(path, array)).toThrow(/"<f8" of shape \[n, 3\].*: got "<f/);
    }
    expect(() => appendBytesSync(path, new Uint8Array(25))).toThrow(RangeError);
    appendBytesSync(path, new Uint8Array(24));
    expect(unpackNdarrayFromFileSync(path).shape).toEqual([3, 3]);
    packNdarrayToFileSync(path, { data: new Float64Array(6), shape: [2, 3], order: "F" });
    expect(() => appendNdarraySync(path, grid(1, 1))).toThrow(/first axis|order "F"/);
    packNdarrayToFileSync(path, { data: new Float64Array(1), shape: [] });
    expect(() => appendBytesSync(path, new Uint8Array(8))).toThrow(TypeError);
    writeFileSync(path, packBytes(ramp(10)));
    expect(() => appendNdarraySync(path, grid(1, 1))).toThrow(
      expect.objectContaining({ code: "NOT_NDARRAY" }),
    );
  });
});

describe("arguments", () => {
  const path = fileOf(packBytes(ramp(10)));
  it.each([
    [{ whenfull: "grow" }, /"whenfull"/],
    [{ whenFull: "maybe" }, /whenFull/],
    [{ durability: "no" }, /durability/],
    [{ cname: "gzip" }, /cname/],
    [{ clevel: 10 }, /clevel/],
  ])("%o", async (options, message) => {
    await expect(appendBytes(path, ramp(1), options as AppendOptions)).rejects.toThrow(message);
    expect(plainOf(path).byteLength).toBe(10);
  });

  it("what is no source", async () => {
    for (const source of [undefined, "text", 5, {}, new Float64Array(1)]) {
      await expect(append(path, source as never)).rejects.toThrow(TypeError);
    }
    expect(() => appendBytesSync(path, [1] as never)).toThrow(TypeError);
    expect(() => appendBytesSync(join(folder, "none"), ramp(1))).toThrow("ENOENT");
  });
});

describe("a model", () => {
  it("any file and any appends: the file holds what a list of bytes would", async () => {
    const options = fc.record({
      chunkSize: fc.integer({ min: 1, max: 600 }),
      typesize: fc.constantFrom(1, 2, 4, 8, 255),
      cname: fc.constantFrom("blosclz", "lz4", "zlib", "zstd"),
      clevel: fc.integer({ min: 0, max: 9 }),
      shuffle: fc.constantFrom("noshuffle", "shuffle", "bitshuffle"),
      checksum: fc.constantFrom("None", "adler32", "sha256"),
      offsets: fc.boolean(),
      maxAppChunks: fc.integer({ min: 0, max: 12 }),
      metadata: fc.constantFrom(undefined, null, { a: 1 }),
    });
    const size = fc.integer({ min: 0, max: 2000 });
    const step = fc.record({
      bytes: fc.tuple(size, fc.nat(40)).map(([n, by]) => ramp(n, by)),
      sync: fc.boolean(),
      clevel: fc.integer({ min: 0, max: 9 }),
      cut: fc.integer({ min: 1, max: 500 }),
    });
    const property = fc.asyncProperty(
      size,
      options,
      fc.array(step, { maxLength: 6 }),
      async (first, { metadata, ...packing }, steps) => {
        const stored = metadata === undefined ? packing : { ...packing, metadata };
        const path = fileOf(packBytes(ramp(first), stored as object));
        let model: Uint8Array = ramp(first);
        for (const { bytes, sync, clevel, cut } of steps) {
          if (sync) appendBytesSync(path, bytes, { clevel });
          else await append(path, cutUp(bytes, cut), { clevel });
          model = Buffer.concat([model, bytes]);
        }
        const read = unpackBytes(readFileSync(path));
        expect(same(read.bytes, model)).toBe(true);
        expect(read.metadata).toEqual(metadata);
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  function* cutUp(bytes: Uint8Array, size: number) {
    for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
  }
});
