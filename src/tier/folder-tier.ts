/** A shared tier in a folder that several caches can reach. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { checkOptionNames } from "../format/option-names.ts";
import { FolderBucket } from "./folder-bucket.ts";
import type { SharedTier } from "./shared-tier.ts";
import { TIER_OPTION_NAMES, type TierOptions, tierOf } from "./tier-options.ts";

export interface FolderTierOptions extends TierOptions {
  /** Made if it is not there. */
  readonly folder: string;
}

/**
 * A shared tier for `new Memory({ location, shared })` in a folder of a file system: for caches of
 * one machine, or of several if the system's locks work between them.
 *
 * @throws {TypeError | RangeError} for an option, named in the message; the system's error when the
 *   folder cannot be made
 */
export function folderTier(options: FolderTierOptions): SharedTier {
  checkOptionNames(options, ["folder", ...TIER_OPTION_NAMES], "folderTier");
  const { folder, ...rest } = options;
  if (typeof folder !== "string" || folder === "") {
    throw new TypeError(`Option folder must be a path: got ${String(folder)}`);
  }
  const path = resolve(folder);
  const tier = tierOf(new FolderBucket(path), rest, () => ({
    kind: "folder",
    options: { ...rest, folder: path },
  }));
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return tier;
}
