/** A bucket by its URL. */
import type { Bucket } from "../tier/bucket.ts";
import { type ClientOption, clientOf } from "./client.ts";
import { S3Bucket } from "./s3-bucket.ts";
import { parseS3Url } from "./s3-url.ts";

/** @throws {TypeError} for what is no URL of one, or no client */
export function openBucket(url: string, client?: ClientOption): Bucket {
  const { bucket, prefix } = parseS3Url(url);
  return new S3Bucket(clientOf(client), bucket, prefix);
}
