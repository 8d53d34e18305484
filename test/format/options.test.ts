// A wrong option is named, before anything is read or written.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import vm from "node:vm";
import {
  BytesSink,
  BytesSource,
  PiecesSource,
  pack,
  packBytes,
  rewriteMetadata,
  rewriteMetadataSync,
  unpack,
  unpackBytes,
} from "bloscache/format";
import { describe, expect, it, vi } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";

type Case = [name: string, value: unknown, type: typeof Error];

const layout: Case[] = [
  ["offsets", "no", TypeError],
  ["offsets", 1, TypeError],
  ["offsets", null, TypeError],
  ["maxAppChunks", 2 ** 31, RangeError],
  ["maxAppChunks", () => 2 ** 40, RangeError],
];
const content: Case[] = [
  ["metadata", () => 1, TypeError],
  ["metadata", Symbol("m"), TypeError],
  ["metadata", 1n, TypeError],
  ["metadataArgs", 5, TypeError],
  ["metadataArgs", null, TypeError],
];
const inside: Case[] = [
  ["metaChecksum", "sum", RangeError],
  ["metaCodec", null, RangeError],
  ["metaLevel", "6", RangeError],
  ["maxMetaSize", "1M", RangeError],
];
const transfer: Case[] = [
  ["onProgress", 5, TypeError],
  ["onProgress", null, TypeError],
  ["signal", {}, TypeError],
  ["signal", null, TypeError],
];

const bytes = new Uint8Array(10);

/** The error of a transfer with these options; it must not have touched its endpoints. */
async function refusal(run: typeof pack | typeof unpack, options: object): Promise<Error> {
  const source = { read: vi.fn(() => 0) };
  const sink = { append: vi.fn() };
  const error = await run(source, sink, options).then(
    () => new Error("It was taken"),
    (reason: Error) => reason,
  );
  expect([source.read.mock.calls, sink.append.mock.calls]).toEqual([[], []]);
  return error;
}

function expectNamed(error: Error, [name, , type]: Case): void {
  expect(error).toBeInstanceOf(type);
  expect(error.message).toContain(name);
}

describe("packBytes", () => {
  it.each([...layout, ...content])("refuses %s %o", (...one) => {
    const [name, value, type] = one;
    expect(() => packBytes(bytes, { [name]: value })).toThrow(type);
    expect(() => packBytes(bytes, { [name]: value })).toThrow(name);
  });

  it.each(inside)("refuses metadataArgs.%s %o, with and without metadata", (...one) => {
    const [name, value, type] = one;
    for (const metadata of [{}, { metadata: 1 }]) {
      const options = { ...metadata, metadataArgs: { [name]: value } };
      expect(() => packBytes(bytes, options as object)).toThrow(type);
      expect(() => packBytes(bytes, options as object)).toThrow(name);
    }
  });
});

describe("pack and unpack", () => {
  it.each(transfer)("refuse %s %o", async (...one) => {
    for (const run of [pack, unpack]) {
      expectNamed(await refusal(run, { [one[0]]: one[1] }), one);
    }
  });

  it.each(content)("pack refuses %s %o", async (...one) => {
    expectNamed(await refusal(pack, { [one[0]]: one[1] }), one);
  });

  it.each(layout)("pack refuses bloscpackArgs.%s %o", async (...one) => {
    const [name, value, type] = one;
    const sink = new BytesSink();
    const packing = pack(new BytesSource(bytes), sink, { bloscpackArgs: { [name]: value } });
    await expect(packing).rejects.toThrow(type);
    await expect(packing).rejects.toThrow(name);
    expect(sink.bytes().byteLength).toBe(0);
  });
});

it("rewriteMetadata refuses what is not JSON", async () => {
  const path = join(temporaryFolder(), "file.blp");
  const file = packBytes(bytes, { metadata: 1 });
  writeFileSync(path, file);
  const nothing = undefined as unknown as null;
  await expect(rewriteMetadata(path, nothing)).rejects.toThrow(/^Option metadata must/);
  expect(() => rewriteMetadataSync(path, nothing)).toThrow(/^Option metadata must/);
  expect(Buffer.compare(readFileSync(path), file)).toBe(0);
});

it("endpoints refuse what they cannot read from", () => {
  for (const wrong of [null, undefined, 5, {}, "abc"]) {
    expect(() => new PiecesSource(wrong as never)).toThrow(/^Pieces must be/);
    expect(() => new BytesSource(wrong as never)).toThrow(/^Bytes must be/);
  }
  return Promise.all(
    [null, {}].map(async (wrong) => {
      await expect(pack(wrong as never, new BytesSink())).rejects.toThrow(/source must have/);
      await expect(pack(new BytesSource(bytes), wrong as never)).rejects.toThrow(/sink must have/);
    }),
  );
});

it("bytes of another realm are bytes", async () => {
  const foreign = vm.runInNewContext("Uint8Array.of(1, 2, 3)") as Uint8Array;
  expect(unpackBytes(packBytes(foreign)).bytes).toEqual(Uint8Array.of(1, 2, 3));
  for (const source of [new BytesSource(foreign), new PiecesSource([foreign])]) {
    const sink = new BytesSink();
    await pack(source, sink);
    expect(unpackBytes(sink.bytes()).bytes).toEqual(Uint8Array.of(1, 2, 3));
  }
});
