// What is exported is what has to be kept: a name comes or goes only with a change here.
import * as bloscache from "bloscache";
import * as adapters from "bloscache/adapters";
import * as format from "bloscache/format";
import * as s3 from "bloscache/s3";
import { expect, it } from "vitest";

it("bloscache", () => {
  expect(Object.keys(bloscache)).toMatchInlineSnapshot(`
    [
      "BloscacheError",
      "BloscpackError",
      "CodecError",
      "KeyError",
      "Memory",
      "Shelved",
      "StoreError",
      "ValueError",
      "expiresAfter",
      "keySymbol",
      "memoize",
      "operationsOf",
      "registerAdapters",
      "storeSymbol",
    ]
  `);
});

it("bloscache/format", () => {
  expect(Object.keys(format)).toMatchInlineSnapshot(`
    [
      "BloscacheError",
      "BloscpackError",
      "BytesSink",
      "BytesSource",
      "ChunksSink",
      "ChunksSource",
      "CodecError",
      "FileSink",
      "FileSource",
      "NdarraySink",
      "NdarraySource",
      "NotEnoughSpace",
      "PiecesSource",
      "StoreError",
      "WebSink",
      "WritableSink",
      "append",
      "appendBytes",
      "appendBytesSync",
      "appendNdarray",
      "appendNdarraySync",
      "appendSync",
      "calculateNchunks",
      "column",
      "datetimeUnit",
      "fields",
      "halfToFloat32",
      "open",
      "openSync",
      "pack",
      "packBytes",
      "packBytesToFile",
      "packBytesToFileSync",
      "packFile",
      "packNdarray",
      "packNdarrayToFile",
      "packNdarrayToFileSync",
      "readHeader",
      "readInfo",
      "readMetadata",
      "readMetadataSync",
      "rewriteMetadata",
      "rewriteMetadataSync",
      "strings",
      "toOrder",
      "unpack",
      "unpackBytes",
      "unpackBytesFromFile",
      "unpackBytesFromFileSync",
      "unpackFile",
      "unpackNdarray",
      "unpackNdarrayFromFile",
      "unpackNdarrayFromFileSync",
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

it("bloscache/s3", () => {
  expect(Object.keys(s3)).toMatchInlineSnapshot(`
    [
      "CompressedS3Sink",
      "CompressedS3Source",
      "PlainS3Sink",
      "PlainS3Source",
      "open",
      "s3Tier",
    ]
  `);
});
