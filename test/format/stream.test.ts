// Any source to any sink, in both directions.
import { Readable, Writable } from "node:stream";
import {
  BytesSink,
  BytesSource,
  type CompressedSink,
  PiecesSource,
  pack,
  type Sink,
  type Source,
  unpack,
  unpackBytes,
  WebSink,
  WritableSink,
} from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => (i * i) >> 7);

function* cut(data: Uint8Array, length: number) {
  for (let at = 0; at < data.byteLength; at += length) yield data.subarray(at, at + length);
}

async function* slowly(pieces: Iterable<Uint8Array>) {
  for (const piece of pieces) {
    await new Promise((resolve) => setImmediate(resolve));
    yield piece;
  }
}

const sources: Record<string, (data: Uint8Array) => Source> = {
  bytes: (data) => new BytesSource(data),
  "an array of pieces": (data) => new PiecesSource([...cut(data, 1000)]),
  "an array of pieces, its size told": (data) =>
    new PiecesSource([...cut(data, 1000)], data.byteLength),
  "a generator": (data) => new PiecesSource(cut(data, 777)),
  "an asynchronous generator": (data) => new PiecesSource(slowly(cut(data, 30_000))),
  "a Node stream": (data) => new PiecesSource(Readable.from(cut(data, 5000))),
  "a web stream": (data) =>
    new PiecesSource(new Blob([data as Uint8Array<ArrayBuffer>]).stream() as never),
};

function sinks(): Record<string, { sink: CompressedSink; bytes: () => Uint8Array }> {
  const memory = new BytesSink();
  const gathered: Buffer[] = [];
  const node = new Writable({
    highWaterMark: 10,
    write(piece, _encoding, done) {
      gathered.push(piece);
      setImmediate(done);
    },
  });
  const web: Uint8Array[] = [];
  const webStream = new WritableStream<Uint8Array>({
    write(piece) {
      web.push(piece);
    },
  });
  return {
    bytes: { sink: memory, bytes: () => memory.bytes() },
    "a Node stream": { sink: new WritableSink(node), bytes: () => Buffer.concat(gathered) },
    "a web stream": { sink: new WebSink(webStream), bytes: () => Buffer.concat(web) },
  };
}

const options = { chunkSize: 4096, bloscArgs: { cname: "lz4", typesize: 4 } };

describe.each(Object.keys(sources))("from %s", (from) => {
  const source = sources[from] as (data: Uint8Array) => Source;

  it.each(Object.keys(sinks()))("to %s and back", async (to) => {
    for (const length of [0, 1, 4096, 100_001]) {
      const data = bytes(length);
      const packed = sinks()[to];
      if (packed === undefined) throw new Error(to);
      const metadata = { length };
      const result = await pack(source(data), packed.sink, { ...options, metadata });
      expect(result).toMatchObject({ nbytes: length, cbytes: packed.bytes().byteLength });
      expect(unpackBytes(packed.bytes())).toEqual({ bytes: data, metadata });

      const plain = sinks()[to];
      const unpacked = await unpack(source(packed.bytes()), plain?.sink as Sink);
      expect(unpacked).toEqual({ nbytes: length, nchunks: result.nchunks, metadata });
      expect(Buffer.compare(plain?.bytes() as Uint8Array, data)).toBe(0);
    }
  });
});

describe("a file of unknown size", () => {
  const nchunksOf = (file: Uint8Array) =>
    new DataView(file.buffer, file.byteOffset).getBigInt64(16, true);

  it("has its number of chunks where the sink can go back, and else not", async () => {
    const { bytes: memory, "a Node stream": stream } = sinks();
    if (memory === undefined || stream === undefined) throw new Error("no sinks");
    await pack(new PiecesSource(cut(bytes(9000), 100)), memory.sink, options);
    await pack(new PiecesSource(cut(bytes(9000), 100)), stream.sink, options);
    expect(nchunksOf(memory.bytes())).toBe(3n);
    expect(nchunksOf(stream.bytes())).toBe(-1n);
    for (const { bytes: file } of [memory, stream]) {
      expect(unpackBytes(file()).bytes).toEqual(bytes(9000));
    }
  });

  it("cannot have an offsets table", async () => {
    const withTable = { bloscpackArgs: { offsets: true } };
    const packing = pack(new PiecesSource(cut(bytes(10), 3)), new BytesSink(), withTable);
    await expect(packing).rejects.toThrow(/offsets.*size is not known/);
  });

  it("is refused when it is cut anywhere", async () => {
    const sink = sinks()["a Node stream"];
    if (sink === undefined) throw new Error("no sink");
    await pack(new PiecesSource(cut(bytes(600), 100)), sink.sink, { chunkSize: 200 });
    const file = sink.bytes();
    const chunk = (file.byteLength - 32) / 3;
    for (let length = 0; length < file.byteLength; length++) {
      // A file without a number of chunks is whole wherever a chunk ends.
      const whole = length >= 32 && (length - 32) % chunk === 0;
      const reading = unpack(new PiecesSource(cut(file.subarray(0, length), 7)), new BytesSink());
      if (whole)
        await expect(reading).resolves.toMatchObject({ nbytes: ((length - 32) / chunk) * 200 });
      else await expect(reading).rejects.toMatchObject({ name: "BloscpackError" });
    }
  });
});

it("any data in any pieces comes back", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 20_000 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 1, max: 5000 }),
      fc.boolean(),
      async (data, piece, chunkSize, told) => {
        const packed = new BytesSink();
        const source = new PiecesSource(cut(data, piece), told ? data.byteLength : undefined);
        await pack(source, packed, { chunkSize });
        const plain = new BytesSink();
        await unpack(new PiecesSource(cut(packed.bytes(), piece)), plain);
        expect(Buffer.compare(plain.bytes(), data)).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

describe("what goes wrong", () => {
  /** Endpoints that count how they are left. */
  function watched(data: Uint8Array) {
    const left: string[] = [];
    const source: Source = {
      size: data.byteLength,
      read: new BytesSource(data).read.bind(new BytesSource(data)),
      close: () => void left.push("source closed"),
    };
    const sink: Sink = {
      append: () => undefined,
      close: () => void left.push("sink closed"),
      abort: (reason) => void left.push(`sink aborted: ${(reason as Error).message}`),
    };
    return { source, sink, left };
  }

  it("nothing", async () => {
    const { source, sink, left } = watched(bytes(10_000));
    await pack(source, sink, options);
    expect(left).toEqual(["sink closed", "source closed"]);
  });

  it("the source fails", async () => {
    const { source, sink, left } = watched(bytes(10));
    const failing = { ...source, read: () => Promise.reject(new Error("no signal")) };
    await expect(pack(failing, sink, options)).rejects.toThrow("no signal");
    expect(left).toEqual(["sink aborted: no signal", "source closed"]);
  });

  it("the sink fails", async () => {
    const { source, sink, left } = watched(bytes(200_000));
    let appended = 0;
    const failing = {
      ...sink,
      append: async () => {
        if (++appended === 2) throw new Error("full");
      },
    };
    await expect(pack(source, failing, options)).rejects.toThrow("full");
    expect(left).toEqual(["sink aborted: full", "source closed"]);
  });

  it("the source ends early, or goes on", async () => {
    for (const size of [9_999, 10_001]) {
      const sink = new BytesSink();
      const packing = pack(new PiecesSource([bytes(10_000)], size), sink, options);
      await expect(packing).rejects.toThrow(`announced ${size} bytes`);
    }
  });

  it("a chunk is damaged", async () => {
    const packed = new BytesSink();
    await pack(new BytesSource(bytes(10_000)), packed, options);
    const file = packed.bytes();
    file[file.byteLength - 9] = (file[file.byteLength - 9] as number) ^ 1;
    const { sink, left } = watched(bytes(0));
    const reading = unpack(new BytesSource(file), sink);
    await expect(reading).rejects.toMatchObject({ code: "CHUNK_CHECKSUM", chunk: 2 });
    expect(left).toEqual([expect.stringContaining("sink aborted: CHUNK_CHECKSUM")]);
  });

  it("somebody aborts", async () => {
    const controller = new AbortController();
    const { sink, left } = watched(bytes(0));
    let pieces = 0;
    let ended = false;
    function* endless() {
      try {
        for (;;) {
          if (++pieces === 100) controller.abort(new Error("enough"));
          yield bytes(5000);
        }
      } finally {
        ended = true;
      }
    }
    const packing = pack(new PiecesSource(endless()), sink, {
      ...options,
      signal: controller.signal,
    });
    await expect(packing).rejects.toThrow("enough");
    expect(left).toEqual(["sink aborted: enough"]);
    expect(ended).toBe(true);
  });

  it("an option is misspelt", async () => {
    const attempt = (wrong: object) => pack(new BytesSource(bytes(9)), new BytesSink(), wrong);
    await expect(attempt({ chunksize: 3 })).rejects.toThrow(/Unknown option "chunksize" of pack/);
    await expect(attempt({ bloscArgs: { level: 3 } })).rejects.toThrow(/"level" of bloscArgs/);
    await expect(attempt({ bloscArgs: { clevel: 30 } })).rejects.toThrow(/clevel/);
    await expect(attempt({ bloscpackArgs: { sum: 1 } })).rejects.toThrow(/"sum" of bloscpackArgs/);
  });
});

it("progress is told, batch by batch", async () => {
  const told: { nbytes: number; cbytes: number; size: number | undefined }[] = [];
  const data = bytes(40_000_000);
  const packed = new BytesSink();
  const onProgress = (progress: (typeof told)[number]) => void told.push(progress);
  await pack(new BytesSource(data), packed, { onProgress });
  expect(told.length).toBeGreaterThan(3);
  expect(told.at(-1)).toMatchObject({
    nbytes: 40_000_000,
    cbytes: packed.bytes().byteLength,
    size: 40_000_000,
  });
  told.length = 0;
  await unpack(new BytesSource(packed.bytes()), new BytesSink(), { onProgress });
  expect(told.length).toBeGreaterThan(2);
  expect(told.map(({ nbytes }) => nbytes)).toEqual(
    told.map(({ nbytes }) => nbytes).toSorted((a, b) => a - b),
  );
});
