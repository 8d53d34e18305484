// What is exported is what has to be kept: a name comes or goes only with a change here.
import * as bloscache from "bloscache";
import * as adapters from "bloscache/adapters";
import * as format from "bloscache/format";
import { expect, it } from "vitest";

it("bloscache", () => {
  expect(Object.keys(bloscache)).toMatchInlineSnapshot(`
    [
      "keySymbol",
      "expiresAfter",
      "Memory",
      "memoize",
      "registerAdapters",
      "operationsOf",
      "storeSymbol",
      "Shelved",
      "BloscacheError",
      "BloscpackError",
      "CodecError",
      "KeyError",
      "StoreError",
      "ValueError",
    ]
  `);
});

it("bloscache/format", () => {
  expect(Object.keys(format)).toMatchInlineSnapshot(`
    [
      "BloscacheError",
      "BloscpackError",
      "CodecError",
      "NotEnoughSpace",
      "StoreError",
      "NdarraySink",
      "NdarraySource",
      "packBytes",
      "unpackBytes",
      "ChunksSink",
      "ChunksSource",
      "calculateNchunks",
      "column",
      "fields",
      "datetimeUnit",
      "halfToFloat32",
      "readHeader",
      "BytesSink",
      "BytesSource",
      "toOrder",
      "packNdarray",
      "unpackNdarray",
      "pack",
      "PiecesSource",
      "WebSink",
      "WritableSink",
      "strings",
      "unpack",
      "append",
      "appendBytes",
      "appendBytesSync",
      "appendNdarray",
      "appendNdarraySync",
      "appendSync",
      "packNdarrayToFile",
      "packNdarrayToFileSync",
      "unpackNdarrayFromFile",
      "unpackNdarrayFromFileSync",
      "packFile",
      "unpackFile",
      "packBytesToFile",
      "packBytesToFileSync",
      "unpackBytesFromFile",
      "unpackBytesFromFileSync",
      "FileSink",
      "FileSource",
      "readInfo",
      "open",
      "openSync",
      "readMetadata",
      "readMetadataSync",
      "rewriteMetadata",
      "rewriteMetadataSync",
    ]
  `);
});

it("bloscache/adapters", () => {
  expect(Object.keys(adapters)).toMatchInlineSnapshot(`
    [
      "arrow",
      "onnxruntime",
      "scijsNdarray",
      "stdlibNdarray",
      "tfjs",
      "zarrita",
    ]
  `);
});
