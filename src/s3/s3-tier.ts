/** A shared tier in a bucket of an S3-compatible store. */
import { checkOptionNames } from "../format/option-names.ts";
import type { SharedTier } from "../tier/shared-tier.ts";
import { TIER_OPTION_NAMES, type TierOptions, tierOf } from "../tier/tier-options.ts";
import { type ClientOption, clientOf, isPlain } from "./client.ts";
import { S3Bucket } from "./s3-bucket.ts";

export interface S3TierOptions extends TierOptions {
  /** Its name. */
  readonly bucket: string;
  /** Start of the names of all objects, such as `"team/cache"`; several tiers may share a bucket. */
  readonly prefix?: string;
  /**
   * A client of the SDK, or what one is made from. Without it the SDK looks for region, endpoint and
   * credentials where it always does: environment, shared configuration, the machine's role. For
   * functions that are not declared `async` another thread asks the bucket, which makes a client of
   * its own: that needs options of plain data, without functions and other objects, or none.
   */
  readonly client?: ClientOption;
}

/**
 * A shared tier for `new Memory({ location, shared })`: one cache for many machines.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function s3Tier(options: S3TierOptions): SharedTier {
  checkOptionNames(options, ["bucket", "prefix", "client", ...TIER_OPTION_NAMES], "s3Tier");
  const { bucket, prefix = "", client, ...rest } = options;
  if (typeof bucket !== "string" || bucket === "") {
    throw new TypeError(`Option bucket must be the name of a bucket: got ${String(bucket)}`);
  }
  if (typeof prefix !== "string" || prefix.startsWith("/")) {
    throw new TypeError(
      `Option prefix must be a text that begins with no slash: got ${String(prefix)}`,
    );
  }
  const folder = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
  const isPortable = client === undefined || isPlain(client);
  return tierOf(new S3Bucket(clientOf(client), bucket, folder), rest, () =>
    isPortable ? { kind: "s3", options } : undefined,
  );
}
