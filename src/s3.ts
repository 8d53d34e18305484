/**
 * `bloscache/s3`: Bloscpack files in S3-compatible stores, and one cache shared by many machines. Needs
 * the package `@aws-sdk/client-s3`.
 */
export type { ClientOption } from "./s3/client.ts";
export { open, type S3ReaderOptions } from "./s3/object-reader.ts";
export type { S3ObjectOptions } from "./s3/place.ts";
export { CompressedS3Sink, PlainS3Sink, type S3SinkOptions } from "./s3/s3-sinks.ts";
export { CompressedS3Source, PlainS3Source, type S3SourceOptions } from "./s3/s3-sources.ts";
export { type S3TierOptions, s3Tier } from "./s3/s3-tier.ts";
export type { SharedTier } from "./tier/shared-tier.ts";
