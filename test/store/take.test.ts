// Rows from all over a file: each must be the row that a slice gives, from a file, whose chunks the
// threads read for themselves, as from any other source.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  type ArrayReader,
  type ArrayReaderSync,
  type Ndarray,
  open,
  openSync,
  type PackNdarrayOptions,
  packBytesToFileSync,
  packNdarrayToFileSync,
} from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

const ROWS = 1000;
const COLUMNS = 37;

function table(order: "C" | "F" = "C"): Ndarray & { data: Float64Array } {
  const data = Float64Array.from({ length: ROWS * COLUMNS }, (_, i) => Math.sin(i) + i);
  const shape = order === "C" ? [ROWS, COLUMNS] : [COLUMNS, ROWS];
  return { data, dtype: "<f8", shape, order };
}

function written(array: Ndarray, options: PackNdarrayOptions = {}): string {
  const path = join(temporaryFolder(), "table.blp");
  packNdarrayToFileSync(path, array, { chunkSize: 8 * 1001, ...options });
  return path;
}

/** All ways to read it: chunks read by threads, chunks from memory, from any source; sync or not. */
async function everyReader(path: string): Promise<(ArrayReader | ArrayReaderSync)[]> {
  const bytes = readFileSync(path);
  const source = {
    size: bytes.byteLength,
    batchBytes: 5000,
    read: (position: number, length: number) => bytes.subarray(position, position + length),
  };
  return [
    await open(path, { as: "array" }),
    openSync(path, { as: "array" }),
    await open(bytes, { as: "array" }),
    openSync(bytes, { as: "array" }),
    await open(source, { as: "array" }),
  ];
}

async function closeAll(readers: (ArrayReader | ArrayReaderSync)[]): Promise<void> {
  for (const reader of readers) await reader.close();
}

describe.each([
  ["lz4 and shuffle", { cname: "lz4" }],
  ["blosclz and shuffle", {}],
  ["lz4 without a filter", { cname: "lz4", shuffle: "noshuffle" }],
  ["zstd and bitshuffle", { cname: "zstd", shuffle: "bitshuffle" }],
  ["no compression", { clevel: 0 }],
  ["no offsets", { offsets: false }],
  ["one chunk", { chunkSize: "1M" }],
] as [string, PackNdarrayOptions][])("rows of a file with %s", (_, options) => {
  it("are those of slices, whatever the indices", async () => {
    const array = table();
    const readers = await everyReader(written(array, options));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -ROWS, max: ROWS - 1 }), { maxLength: 60 }),
        async (indices) => {
          const expected = indices.flatMap((index) => {
            const row = index < 0 ? index + ROWS : index;
            return [...array.data.slice(row * COLUMNS, (row + 1) * COLUMNS)];
          });
          for (const reader of readers) {
            const taken = await reader.take(indices);
            expect([...(taken.data as Float64Array)]).toEqual(expected);
            expect(taken).toMatchObject({ shape: [indices.length, COLUMNS], order: "C" });
          }
        },
      ),
      { numRuns: 20 },
    );
    await closeAll(readers);
  });
});

it("takes single elements of one dimension, many of a chunk and each more than once", async () => {
  const data = Int16Array.from({ length: 300_000 }, (_, i) => i * 7);
  const path = written({ data, dtype: "<i2", shape: [300_000], order: "C" }, { cname: "lz4" });
  const indices = Int32Array.from({ length: 50_000 }, (_, i) => (i * 7919) % 300_000);
  const twice = Float64Array.of(5, 5, -1, 5, 299_999);
  for (const reader of await everyReader(path)) {
    expect((await reader.take(indices)).data).toEqual(Int16Array.from(indices, (i) => i * 7));
    expect((await reader.take(twice)).data).toEqual(
      Int16Array.from([5, 5, 299_999, 5, 299_999], (i) => i * 7),
    );
    expect((await reader.take([])).data).toEqual(new Int16Array());
    await reader.close();
  }
});

it("takes hundreds of thousands of one chunk", async () => {
  const data = Uint16Array.from({ length: 1000 }, (_, i) => i);
  const path = written({ data, dtype: "<u2", shape: [1000], order: "C" });
  const indices = Uint32Array.from({ length: 300_000 }, (_, i) => (i * 7) % 1000);
  for (const reader of await everyReader(path)) {
    expect((await reader.take(indices)).data).toEqual(Uint16Array.from(indices));
    await reader.close();
  }
});

it("takes along the last axis of an array in F order, and along no other", async () => {
  const array = table("F");
  for (const reader of await everyReader(written(array))) {
    const taken = await reader.take([999, 3], -1);
    expect(taken).toMatchObject({ shape: [COLUMNS, 2], order: "F" });
    expect(taken.data).toEqual(
      Float64Array.of(
        ...array.data.slice(999 * COLUMNS).values(),
        ...array.data.slice(3 * COLUMNS, 4 * COLUMNS).values(),
      ),
    );
    await expect(async () => reader.take([1], 0)).rejects.toThrow("is sliced along axis 1");
    await reader.close();
  }
});

it("takes bytes of a file of bytes", async () => {
  const path = join(temporaryFolder(), "bytes.blp");
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i >> 3);
  packBytesToFileSync(path, bytes, { chunkSize: 9999, typesize: 7 });
  const reader = openSync(path, { as: "bytes" });
  const indices = [0, 99_999, 50_000, -2, 9998, 9999];
  expect(reader.take(indices)).toEqual(Uint8Array.from(indices, (i) => bytes.at(i) as number));
  reader.close();
  expect(() => reader.take([0])).toThrow("closed");
});

it("refuses what is no index, by its place", async () => {
  for (const reader of await everyReader(written(table()))) {
    const take = async (indices: unknown) => reader.take(indices as number[]);
    await expect(take([0, 1000])).rejects.toThrow("indices[1] is 1000: there are 1000");
    await expect(take([-1001])).rejects.toThrow(RangeError);
    await expect(take([1.5])).rejects.toThrow("indices[0] must be a whole number: got 1.5");
    await expect(take(["1"])).rejects.toThrow(TypeError);
    await expect(take(7)).rejects.toThrow("indices must be an array of numbers");
    await expect(take(undefined)).rejects.toThrow(TypeError);
    await reader.close();
  }
});

it("tells which chunk is damaged, and reads what lies in others", async () => {
  const path = written(table(), { cname: "lz4" });
  const file = readFileSync(path);
  const chunk = 11;
  const reader = openSync(path, { as: "array" });
  const { nchunks } = reader;
  reader.close();
  // Chunks differ in size, so the place is looked for: the first byte whose change hits chunk 11.
  const start = file.indexOf(Buffer.from([2, 1])); // the first chunk's version
  let hit = false;
  for (let at = start + 40; at < file.byteLength && !hit; at += 200) {
    const damaged = Buffer.from(file);
    damaged[at] = (damaged[at] as number) ^ 1;
    writeFileSync(path, damaged);
    const opened = openSync(path, { as: "array" });
    const bad = opened.verify().faults[0]?.chunk;
    hit = bad === chunk;
    if (hit) {
      const row = Math.ceil((chunk * 1001) / COLUMNS);
      expect(() => opened.take([0, row, 999])).toThrow(expect.objectContaining({ chunk }));
      expect(opened.take([0, 999]).data).toEqual(
        Float64Array.of(...table().data.slice(0, COLUMNS), ...table().data.slice(999 * COLUMNS)),
      );
    }
    opened.close();
  }
  expect(hit && nchunks > chunk).toBe(true);
});
