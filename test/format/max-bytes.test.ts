// `unpack` refuses to write more plain bytes than it was told.
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import {
  BytesSink,
  BytesSource,
  PiecesSource,
  pack,
  packBytes,
  unpack,
  unpackFile,
  WritableSink,
} from "bloscache/format";
import { expect, it, vi } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

const bytes = new Uint8Array(1000);
const file = packBytes(bytes, { chunkSize: 100 });

it("nothing is written of a file that says its size", async () => {
  const sink = { append: vi.fn(), abort: vi.fn() };
  await expect(unpack(new BytesSource(file), sink, { maxBytes: 999 })).rejects.toThrow(
    new RangeError("The file holds 1000 plain bytes, option maxBytes allows 999"),
  );
  expect(sink.append).not.toHaveBeenCalled();
  expect(sink.abort).toHaveBeenCalledOnce();
  await unpack(new BytesSource(file), new BytesSink(), { maxBytes: 1000 });
});

it("no more is written of one that does not", async () => {
  const pieces: Buffer[] = [];
  const write = (piece: Buffer, _encoding: string, done: () => void) => {
    pieces.push(piece);
    done();
  };
  // Zeros shrink so well that many batches are in the window together.
  const chunk = new Uint8Array(10_000_000);
  const stream = new WritableSink(new Writable({ write }));
  await pack(new PiecesSource([chunk, chunk, chunk]), stream, { chunkSize: chunk.byteLength });
  let written = 0;
  const sink = {
    append: ([piece]: readonly Uint8Array[]) => {
      written += piece?.byteLength ?? 0;
    },
  };
  const source = () => new BytesSource(Buffer.concat(pieces));
  await expect(unpack(source(), sink, { maxBytes: 25_000_000 })).rejects.toThrow(/option maxBytes/);
  expect(written).toBeLessThanOrEqual(25_000_000);
  await expect(unpack(source(), sink, { maxBytes: 30_000_000 })).resolves.toMatchObject({
    nbytes: 30_000_000,
  });
});

it("a file is not made", async () => {
  const folder = temporaryFolder();
  const path = join(folder, "a.blp");
  writeFileSync(path, file);
  await expect(unpackFile(path, join(folder, "a"), { maxBytes: 10 })).rejects.toThrow(RangeError);
  expect(readdirSync(folder)).toEqual(["a.blp"]);
});

it.each([-1, Number.NaN, "1M", null])("a limit of %o is none", async (maxBytes) => {
  const unpacking = unpack(new BytesSource(file), new BytesSink(), { maxBytes } as object);
  await expect(unpacking).rejects.toThrow(/^Option maxBytes must/);
});
