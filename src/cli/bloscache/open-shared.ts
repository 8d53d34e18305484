/** The bucket that a command is about, and what it takes to read it. */
import { addressOfResult } from "../../cache/address.ts";
import { INLINE_BYTES } from "../../cache/cache.ts";
import { isS3Url, parseS3Url } from "../../s3/s3-url.ts";
import type { Bucket } from "../../tier/bucket.ts";
import type { Reading } from "../../tier/bucket-inventory.ts";
import { CliError, EXIT_USAGE } from "../failure.ts";
import type { Session } from "../session.ts";
import { withSdk } from "../with-sdk.ts";
import type { GlobalOptions } from "./program.ts";

/** @param url of the form `s3://bucket/prefix` */
export async function openShared(url: string, { dir }: GlobalOptions): Promise<Bucket> {
  if (!isS3Url(url)) {
    throw new CliError(
      `'${url}' is no bucket: s3://bucket/prefix, or --dir for a folder`,
      EXIT_USAGE,
    );
  }
  if (dir !== undefined) throw new CliError("--dir is for a folder, not for a bucket", EXIT_USAGE);
  try {
    parseS3Url(url);
  } catch (error) {
    throw new CliError((error as Error).message, EXIT_USAGE, { cause: error });
  }
  const { openBucket } = await withSdk(url, () => import("../../s3/open-bucket.ts"));
  return openBucket(url);
}

/** How results of this library are read. */
export function readingIn({ signal }: Pick<Session, "signal">): Reading & { signal: AbortSignal } {
  return { addressOf: addressOfResult, inlineBytes: INLINE_BYTES, signal };
}
