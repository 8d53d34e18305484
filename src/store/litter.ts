/** Files that no result speaks of: left by processes that were killed, or of an index that was lost. */
import fs from "node:fs";
import type { Address } from "./address.ts";
import type { Entry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import { type FolderFile, filesUnder, Inventory } from "./inventory.ts";
import type { Layout } from "./location.ts";

/** What was removed. */
export interface Swept {
  readonly files: number;
  /** Bytes of them. */
  readonly cbytes: number;
}

export interface SweepOptions {
  /** Only tells what would go. Default: `false`. */
  readonly dryRun?: boolean;
  /** Ends it; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Removes the litter of a folder.
 *
 * @throws {StoreError} when the index cannot be read, the system's error when a file cannot be removed
 */
export async function sweepLitter(
  inventory: Inventory,
  addressOf: (row: Uint8Array, entry: Entry) => Address,
  { dryRun: isDryRun = false, signal }: SweepOptions,
): Promise<Swept> {
  let [files, cbytes] = [0, 0];
  const claimed = inventory.claimed(addressOf);
  for await (const file of inventory.files()) {
    signal?.throwIfAborted();
    if (!isLitter(inventory, claimed, file)) continue;
    if (!isDryRun) removeLitter(file);
    files++;
    cbytes += file.cbytes;
  }
  return { files, cbytes };
}

/** Whether it is nobody's, and not just being written. */
export function isLitter(
  inventory: Inventory,
  claimed: ReadonlySet<string>,
  { path, mayGo }: FolderFile,
): boolean {
  return mayGo && !claimed.has(path) && !inventory.isOwn(path);
}

export function removeLitter({ path }: Pick<FolderFile, "path">): void {
  fs.rmSync(path, { force: true });
}

/**
 * Removes the files of results that no row speaks of, whatever their age, and an index that was
 * lost. What another process is just storing becomes a miss.
 *
 * @throws {StoreError} when the index cannot be read, the system's error when a file cannot be removed
 */
export function sweepEverything(
  layout: Layout,
  index: IndexDb,
  addressOf: (row: Uint8Array, entry: Entry) => Address,
): void {
  const claimed = new Inventory(layout, index).claimed(addressOf);
  for (const path of filesUnder(layout.objects)) if (!claimed.has(path)) removeLitter({ path });
  fs.rmSync(layout.lostIndex, { recursive: true, force: true });
}
