/**
 * `bloscache/format`: Bloscpack files, as `docs/format.md` describes them.
 */
export {
  BloscacheError,
  BloscpackError,
  type BloscpackErrorCode,
  type BloscpackSection,
  CodecError,
  NotEnoughSpace,
  StoreError,
} from "./errors.ts";
export { NdarraySink, NdarraySource } from "./format/array-endpoints.ts";
export {
  type PackBytesOptions,
  packBytes,
  type UnpackedBytes,
  unpackBytes,
} from "./format/bytes.ts";
export {
  ChunksSink,
  ChunksSource,
  type PackedParts,
  type StoredChunk,
} from "./format/chunk-endpoints.ts";
export { type Chunking, type ChunkSize, calculateNchunks } from "./format/chunking.ts";
export { column, type Field, fields } from "./format/columns.ts";
export type { OpenOptions, ReadOptions } from "./format/contents.ts";
export { type DatetimeUnit, datetimeUnit } from "./format/datetime.ts";
export type { TypedArray } from "./format/dtype.ts";
export type {
  CompressedSink,
  CompressedSource,
  PlainInfo,
  PlainSink,
  PlainSource,
  Progress,
  Sink,
  Source,
  TransferOptions,
} from "./format/endpoints.ts";
export { halfToFloat32 } from "./format/half.ts";
export { decodeHeader as readHeader, type Header } from "./format/header.ts";
export { BytesSink, BytesSource } from "./format/memory-endpoints.ts";
export type { Metadata, MetadataArgs } from "./format/metadata.ts";
export type {
  ArrayInput,
  Ndarray,
  Order,
  UnpackedData,
  UnpackNdarrayOptions,
} from "./format/ndarray.ts";
export { toOrder } from "./format/order.ts";
export type { BloscArgs, BloscpackArgs, PackOptions } from "./format/pack.ts";
export { type PackNdarrayOptions, packNdarray, unpackNdarray } from "./format/pack-ndarray.ts";
export { type PackResult, type PackStreamOptions, pack } from "./format/pack-stream.ts";
export type {
  ArrayReader,
  ArrayReaderSync,
  BytesReader,
  BytesReaderSync,
  Reader,
  ReaderSync,
} from "./format/reader.ts";
export type { ByteSource } from "./format/source.ts";
export {
  type Pieces,
  PiecesSource,
  WebSink,
  WritableSink,
} from "./format/stream-endpoints.ts";
export { strings } from "./format/strings.ts";
export { type UnpackResult, type UnpackStreamOptions, unpack } from "./format/unpack-stream.ts";
export type { VerifyReport } from "./format/verify.ts";
export {
  type Appended,
  type AppendOptions,
  append,
  appendBytes,
  appendBytesSync,
  appendNdarray,
  appendNdarraySync,
  appendSync,
} from "./store/append-file.ts";
export {
  packNdarrayToFile,
  packNdarrayToFileSync,
  unpackNdarrayFromFile,
  unpackNdarrayFromFileSync,
} from "./store/array-file.ts";
export { packFile, unpackFile } from "./store/bloscpack-file.ts";
export {
  packBytesToFile,
  packBytesToFileSync,
  unpackBytesFromFile,
  unpackBytesFromFileSync,
} from "./store/bytes-file.ts";
export { FileSink, FileSource, type HandleOptions } from "./store/file-endpoints.ts";
export {
  type ChunkHeader,
  type FileInfo,
  type MetadataHeader,
  readInfo,
} from "./store/file-info.ts";
export { open, openSync } from "./store/file-reader.ts";
export {
  type RewriteMetadataOptions,
  readMetadata,
  readMetadataSync,
  rewriteMetadata,
  rewriteMetadataSync,
} from "./store/metadata-file.ts";
