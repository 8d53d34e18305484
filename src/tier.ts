/**
 * `bloscache/tier`: one cache shared by several, in a folder or in what a {@link Bucket} stands for.
 */
export type {
  Bucket,
  BucketObject,
  GetOptions,
  ListedObject,
  ObjectHead,
  PutCondition,
  PutOptions,
  PutOutcome,
} from "./tier/bucket.ts";
export { type FolderTierOptions, folderTier } from "./tier/folder-tier.ts";
export type { SharedTier } from "./tier/shared-tier.ts";
export { bucketTier, type TierOptions } from "./tier/tier-options.ts";
