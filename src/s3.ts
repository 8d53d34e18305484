/**
 * `bloscache/s3`: Bloscpack files in S3-compatible stores, and one cache shared by many machines. Needs
 * the package `@aws-sdk/client-s3`.
 */
export type { ClientOption } from "./s3/client.ts";
export { type S3TierOptions, s3Tier } from "./s3/s3-tier.ts";
export type { SharedTier } from "./tier/shared-tier.ts";
