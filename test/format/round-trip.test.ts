import {
  type ArrayInput,
  packBytes,
  packNdarray,
  readHeader,
  type TypedArray,
  unpackBytes,
  unpackNdarray,
} from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray) =>
  new Uint8Array(buffer, byteOffset, byteLength).slice();

const classes = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

const dtypes = ["|i1", "|u1", "|u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8", "<i8", "<u8"];

describe("packNdarray and unpackNdarray", () => {
  it.each(classes.map((array, i) => [array.name, array, dtypes[i]] as const))(
    "keep a view in the middle of a %s",
    (_name, Class, dtype) => {
      const whole = new Class(5000);
      crypto.getRandomValues(new Uint8Array(whole.buffer, 0, Math.min(40_000, whole.byteLength)));
      const view = whole.subarray(7, 4321);
      const read = unpackNdarray(packNdarray(view));
      expect(read.dtype).toBe(dtype);
      expect(read.shape).toEqual([4314]);
      expect(bytesOf(read.data)).toEqual(bytesOf(view));
    },
  );

  it("keep any array under any options", () => {
    const options = fc.record({
      cname: fc.constantFrom("blosclz", "lz4", "lz4hc", "zlib", "zstd"),
      clevel: fc.integer({ min: 0, max: 9 }),
      shuffle: fc.constantFrom("noshuffle", "shuffle", "bitshuffle"),
      checksum: fc.constantFrom(
        "None",
        "adler32",
        "crc32",
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
      ),
      offsets: fc.boolean(),
      maxAppChunks: fc.nat(20),
      chunkSize: fc.integer({ min: 1, max: 5000 }).map((items) => items * 8),
    });
    const shape = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 });
    fc.assert(
      fc.property(options, shape, fc.nat(1000), (opts, dims, period) => {
        const length = dims.reduce((product, n) => product * n, 1);
        const data = Float64Array.from({ length }, (_, i) => Math.sin(i % (period + 1)));
        const read = unpackNdarray(packNdarray({ data, shape: dims }, opts as never));
        expect(read.shape).toEqual(dims);
        expect(read.data).toEqual(data);
      }),
      { numRuns: 200 },
    );
  });

  it("keep order F, and call an array F only if it is not C as well", () => {
    const data = Int32Array.from({ length: 6 }, (_, i) => i);
    const order = (shape: number[]) =>
      unpackNdarray(packNdarray({ data, shape, order: "F" })).order;
    expect(order([2, 3])).toBe("F");
    expect(order([1, 6])).toBe("C");
    expect(order([6])).toBe("C");
  });

  it("keep a dtype that the class does not tell", () => {
    const roundTrip = (array: ArrayInput) => unpackNdarray(packNdarray(array));
    const halves = { data: Uint16Array.of(0x3c00), shape: [1], dtype: "<f2" };
    expect(new Uint16Array(roundTrip(halves).data.buffer)).toEqual(halves.data);
    expect(roundTrip({ data: Float32Array.of(1, 2), shape: [1], dtype: "<c8" })).toMatchObject({
      dtype: "<c8",
      shape: [1],
      data: Float32Array.of(1, 2),
    });
  });

  it("read shared and resizable memory", () => {
    const shared = new Int16Array(new SharedArrayBuffer(2000)).fill(7);
    expect(unpackNdarray(packNdarray(shared)).data).toEqual(new Int16Array(1000).fill(7));
    const ResizableBuffer = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer;
    const resizable = new Int16Array(new ResizableBuffer(2000, { maxByteLength: 4000 })).fill(9);
    expect(unpackNdarray(packNdarray(resizable)).data).toEqual(new Int16Array(1000).fill(9));
  });
});

it("rounds a chunk size with a unit down to whole items", () => {
  const text = { data: new Uint8Array(12_000), dtype: "<U3", shape: [1000] };
  const packed = packNdarray(text, { chunkSize: "4K" });
  expect(readHeader(packed).chunkSize).toBe(4092);
  expect(unpackNdarray(packed).data).toEqual(text.data);
});

describe("options and arrays that are refused", () => {
  const array = new Float64Array(10);
  it.each([
    [{ cname: "lzma" }, RangeError, /cname/],
    [{ clevel: 10 }, RangeError, /clevel/],
    [{ shuffle: "byte" }, RangeError, /shuffle/],
    [{ checksum: "crc64" }, RangeError, /checksum/],
    [{ chunkSize: 0 }, RangeError, /chunkSize/],
    [{ chunkSize: 12 }, RangeError, /chunkSize.*multiple of the itemsize 8/],
    [{ chunkSize: "1Q" }, TypeError, /chunkSize/],
    [{ nthreads: 0 }, RangeError, /nthreads/],
    [{ nthreads: 1.5 }, RangeError, /nthreads/],
    [{ maxAppChunks: -1 }, RangeError, /maxAppChunks/],
    [{ chunksize: 8 }, TypeError, /Unknown option "chunksize"/],
    [{ metadataArgs: { maxMetaSize: 3 } }, RangeError, /maxMetaSize/],
    [{ metadataArgs: { level: 3 } }, TypeError, /Unknown option "level" of metadataArgs/],
  ])("%o", (options, error, message) => {
    expect(() => packNdarray(array, options as never)).toThrow(error);
    expect(() => packNdarray(array, options as never)).toThrow(message);
  });

  it.each([
    [[1, 2, 3], TypeError, /typed array/],
    [{ data: array, shape: [3, 3] }, RangeError, /\[3, 3\].*72 bytes, data has 80/],
    [{ data: array, shape: [-10] }, TypeError, /shape/],
    [{ data: array, shape: [10], order: "K" }, TypeError, /order/],
    [{ data: array, shape: [10], dtype: ">f8" }, TypeError, /dtype/],
    [new DataView(new ArrayBuffer(8)), TypeError, /typed array/],
    [null, TypeError, /typed array/],
  ])("%o", (input, error, message) => {
    expect(() => packNdarray(input as never)).toThrow(error);
    expect(() => packNdarray(input as never)).toThrow(message);
  });
});

describe("packBytes and unpackBytes", () => {
  it("keep the numbers that Python's JSON has beyond the standard", () => {
    const metadata = { a: Number.NaN, b: [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1] };
    const words = { NaN: "NaN", '"Infinity': '\\"-Infinity\\', c: "[NaN]" };
    for (const value of [metadata, { ...metadata, ...words }, Number.NaN]) {
      const packed = packBytes(new Uint8Array(1), { metadata: value });
      expect(unpackBytes(packed).metadata).toEqual(value);
    }
    const plain = { metadata, metadataArgs: { metaCodec: "None" } } as const;
    const text = Buffer.from(packBytes(new Uint8Array(1), plain)).toString("latin1");
    expect(text).toContain('{"a":NaN,"b":[Infinity,-Infinity,1]}');
  });

  it("keep bytes and metadata of any JSON kind", () => {
    const bytes = crypto.getRandomValues(new Uint8Array(3001));
    for (const metadata of [null, 0, "é ✓", [1, { a: true }], { deep: { list: [] } }]) {
      const read = unpackBytes(packBytes(bytes, { metadata, chunkSize: 1000 }));
      expect(read).toEqual({ bytes, metadata });
    }
    expect(unpackBytes(packBytes(bytes)).metadata).toBeUndefined();
  });
});
