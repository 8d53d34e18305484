/**
 * `bloscache/format`: Bloscpack files, as `docs/format.md` describes them.
 */
export {
  BloscacheError,
  BloscpackError,
  type BloscpackErrorCode,
  type BloscpackSection,
  CodecError,
} from "./errors.ts";
export {
  type PackBytesOptions,
  packBytes,
  type UnpackedBytes,
  unpackBytes,
} from "./format/bytes.ts";
export type { ChunkSize } from "./format/chunking.ts";
export type { TypedArray } from "./format/dtype.ts";
export type { Metadata, MetadataArgs } from "./format/metadata.ts";
export type { ArrayInput, Ndarray, Order } from "./format/ndarray.ts";
export type { PackOptions } from "./format/pack.ts";
export { type PackNdarrayOptions, packNdarray, unpackNdarray } from "./format/pack-ndarray.ts";
export {
  packNdarrayToFile,
  packNdarrayToFileSync,
  unpackNdarrayFromFile,
  unpackNdarrayFromFileSync,
} from "./store/array-file.ts";
