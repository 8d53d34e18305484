// How `pack` cuts data: by size, by number, or both, where they agree.
import {
  BytesSink,
  BytesSource,
  PiecesSource,
  pack,
  readHeader,
  unpackBytes,
} from "bloscache/format";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i);

interface Cut {
  readonly nchunks?: number;
  readonly chunkSize?: number | string;
  readonly lastChunk?: number;
}

/** Number and sizes of the chunks that are made of `length` bytes. */
async function cut(length: number, options: Cut, size: number | undefined = length) {
  const sink = new BytesSink();
  await pack(new PiecesSource([bytes(length)], size), sink, options);
  expect(unpackBytes(sink.bytes()).bytes).toEqual(bytes(length));
  const { nchunks, chunkSize, lastChunk } = readHeader(sink.bytes());
  return [Number(nchunks), chunkSize, lastChunk];
}

describe("a source that says its size", () => {
  it.each([
    [10, { nchunks: 3 }, [3, 4, 2]],
    [10, { nchunks: 1 }, [1, 10, 10]],
    [10, { nchunks: 4, chunkSize: 3 }, [4, 3, 1]],
    [10, { nchunks: 4, chunkSize: 3, lastChunk: 1 }, [4, 3, 1]],
    [10, { nchunks: 3, lastChunk: 2 }, [3, 4, 2]],
    [10, { lastChunk: 10 }, [1, 10, 10]],
    [10, { chunkSize: "8B", lastChunk: 2 }, [2, 8, 2]],
    [0, { nchunks: 1, lastChunk: 0 }, [1, 0, 0]],
  ] as [number, Cut, number[]][])("%i bytes, %o", async (length, options, found) => {
    expect(await cut(length, options)).toEqual(found);
  });

  it.each([
    [10, { nchunks: 3, chunkSize: 3 }, /^Option nchunks is 3, .* make 4$/],
    [10, { nchunks: 7 }, /^Option nchunks is 7, .* make 5$/],
    [10, { nchunks: 11 }, /^Option nchunks is 11/],
    [10, { chunkSize: 3, lastChunk: 2 }, /^Option lastChunk is 2, .* make 1$/],
    [10, { nchunks: 3, lastChunk: 3 }, /^Option nchunks is 3, the last of 3 bytes/],
    [10, { nchunks: 3, lastChunk: 11 }, /^Option nchunks is 3, the last of 11 bytes/],
    [10, { nchunks: 0 }, /^Option nchunks must/],
    [10, { nchunks: "3" }, /^Option nchunks must/],
    [10, { lastChunk: -1 }, /^Option lastChunk must/],
    [10, { lastChunk: null }, /^Option lastChunk must/],
    [0, { nchunks: 2 }, /^Option nchunks is 2/],
  ] as [number, Cut, RegExp][])("%i bytes are not cut by %o", async (length, options, message) => {
    await expect(cut(length, options)).rejects.toThrow(message);
  });
});

describe("a source that does not", () => {
  const streamed = (length: number, options: Cut) => {
    const sink = new BytesSink();
    const source = new PiecesSource([bytes(length)]);
    return pack(source, sink, options).then(() => readHeader(sink.bytes()));
  };

  it("is of the size that all three say", async () => {
    const header = await streamed(10, { nchunks: 4, chunkSize: 3, lastChunk: 1 });
    expect(header).toMatchObject({ nchunks: 4n, chunkSize: 3, lastChunk: 1, offsets: true });
  });

  it("has to keep to that", async () => {
    for (const length of [9, 11]) {
      const packing = streamed(length, { nchunks: 4, chunkSize: 3, lastChunk: 1 });
      await expect(packing).rejects.toThrow("The options announced 10 bytes");
    }
  });

  it("cannot be cut by less", async () => {
    await expect(streamed(10, { nchunks: 4 })).rejects.toThrow(/^Option nchunks needs/);
    await expect(streamed(10, { chunkSize: 3, lastChunk: 1 })).rejects.toThrow(
      /^Option lastChunk needs/,
    );
  });
});

it("by number, any size that allows it has as many chunks", () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 40 }),
      async (length, n) => {
        const possible = Math.ceil(length / Math.ceil(length / n)) === n;
        const sink = new BytesSink();
        const packing = pack(new BytesSource(bytes(length)), sink, { nchunks: n });
        if (possible) expect(await packing).toMatchObject({ nchunks: n });
        else await expect(packing).rejects.toThrow(/^Option nchunks/);
      },
    ),
  ));
