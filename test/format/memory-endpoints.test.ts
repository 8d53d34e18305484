// Endpoints that are arrays, or the parts of a packed file.
import {
  type ArrayInput,
  BytesSink,
  BytesSource,
  ChunksSink,
  ChunksSource,
  NdarraySink,
  NdarraySource,
  PiecesSource,
  pack,
  packBytes,
  packNdarray,
  toOrder,
  unpack,
  unpackNdarray,
} from "bloscache/format";
import { describe, expect, it } from "vitest";

const ramp = (length: number) => Float64Array.from({ length }, (_, i) => i / 3);

async function packed(source: NdarraySource, options = {}): Promise<Uint8Array> {
  const sink = new BytesSink();
  await pack(source, sink, options);
  return sink.bytes();
}

describe("arrays", () => {
  const grid = { data: ramp(60), shape: [3, 20] };
  const arrays: [string, ArrayInput][] = [
    ["a typed array", ramp(1000)],
    ["of two dimensions", grid],
    ["in order F", toOrder({ ...grid, dtype: "<f8", order: "C" }, "F")],
    ["none", new Int16Array()],
    ["big-endian", { data: new Uint8Array(12).map((_, i) => i), shape: [3], dtype: ">i4" }],
    ["of long text", { data: new Uint8Array(2400), shape: [2], dtype: "<U300" }],
  ];

  it.each(arrays)("%s: the file is packNdarray's, and comes back", async (_name, array) => {
    const file = await packed(new NdarraySource(array), { chunkSize: "1K" });
    expect(Buffer.compare(file, packNdarray(array, { chunkSize: "1K" }))).toBe(0);
    const sink = new NdarraySink();
    await unpack(new BytesSource(file), sink);
    expect(sink.array()).toEqual(unpackNdarray(file));
  });

  it("larger than the memory taken at first, of a file that does not say its size", async () => {
    const data = ramp(5_000_000);
    const { metadata } = new NdarraySource(data);
    const file = new BytesSink();
    const bytes = new Uint8Array(data.buffer);
    const oneWay = { append: file.append.bind(file) };
    await pack(new PiecesSource([bytes]), oneWay, { metadata, bloscArgs: { cname: "lz4" } });
    const sink = new NdarraySink();
    await unpack(new BytesSource(file.bytes()), sink);
    expect(Buffer.compare(new Uint8Array(sink.array().data.buffer), bytes)).toBe(0);
  });

  it("take fields and another typesize, but whole items only", async () => {
    const source = () => new NdarraySource(ramp(9));
    const options = { metadata: { unit: "K", dtype: "wrong" }, bloscArgs: { typesize: 4 } };
    const file = await packed(source(), options);
    const sink = new NdarraySink();
    const { metadata } = await unpack(new BytesSource(file), sink);
    expect(metadata).toMatchObject({ unit: "K", dtype: "'<f8'" });
    expect(file[7]).toBe(4);
    await expect(packed(source(), { chunkSize: 12 })).rejects.toThrow(/itemsize 8/);
    await expect(packed(source(), { metadata: "K" })).rejects.toThrow(/^Option metadata must/);
    expect((await packed(source(), { nchunks: 2 })).subarray(8, 16)).toEqual(
      Uint8Array.of(40, 0, 0, 0, 32, 0, 0, 0),
    );
  });

  it("are refused where there is none, or one of another size", async () => {
    const read = (file: Uint8Array) => unpack(new BytesSource(file), new NdarraySink());
    await expect(read(packBytes(new Uint8Array(8)))).rejects.toThrow(/NOT_NDARRAY/);
    const { metadata } = new NdarraySource(ramp(2));
    await expect(read(packBytes(new Uint8Array(8), { metadata }))).rejects.toThrow(/NDARRAY_SIZE/);
    expect(() => new NdarraySink().array()).toThrow(/not complete/);
    expect(() => new NdarraySource([1] as never)).toThrow(TypeError);
    await expect(pack(new BytesSource(new Uint8Array(1)), new NdarraySink())).rejects.toThrow(
      /for unpack alone/,
    );
  });
});

describe("chunks as objects", () => {
  it.each(["adler32", "None", "sha512"] as const)("with digest %s", async (checksum) => {
    const sink = new ChunksSink();
    const options = { chunkSize: 800, metadata: [1], bloscpackArgs: { checksum } };
    const bytes = new Uint8Array(ramp(1000).buffer);
    const { cbytes, nchunks } = await pack(new BytesSource(bytes), sink, options);
    expect([sink.chunks.length, nchunks]).toEqual([10, 10]);
    const parts = structuredClone({ head: sink.head, chunks: sink.chunks });
    const source = new ChunksSource(parts);
    expect(source.size).toBe(cbytes);
    const plain = new BytesSink();
    expect(await unpack(source, plain)).toMatchObject({ nchunks: 10, metadata: [1] });
    expect(Buffer.compare(plain.bytes(), bytes)).toBe(0);
    const same = packBytes(bytes, { chunkSize: 800, metadata: [1], checksum });
    const joined = [parts.head, ...parts.chunks.flatMap((one) => [one.compressed, one.digest])];
    expect(Buffer.compare(Buffer.concat(joined), same)).toBe(0);
  });

  it("are not made of other pieces", () => {
    const sink = new ChunksSink();
    sink.append([packBytes(new Uint8Array(9)).subarray(0, 32)]);
    expect(() => sink.append([new Uint8Array(100)])).toThrow(/takes what pack gives/);
  });
});
