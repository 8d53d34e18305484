/** What a cache takes on disk, and for what. */
import type { Inventory } from "../store/inventory.ts";
import { addressOfRow } from "./address.ts";

/** The results of one function in one version. */
export interface VersionUsage {
  /** Id of the function. */
  readonly id: string;
  /** As {@link EntryInfo.version}. */
  readonly version: string;
  readonly entries: number;
  /** Bytes of all arrays, plain. */
  readonly nbytes: number;
  readonly files: number;
  /** Bytes of these files; small results have none, and are in the index. */
  readonly cbytes: number;
}

export interface CacheUsage {
  readonly versions: readonly VersionUsage[];
  /** Bytes of the index. */
  readonly index: number;
  /**
   * What no result speaks of: left behind by processes that were killed, or of results that are
   * being written just now.
   */
  readonly litter: { readonly files: number; readonly cbytes: number };
  /** Bytes of all files in the folder. */
  readonly total: number;
}

type Counting = { -readonly [field in keyof VersionUsage]: VersionUsage[field] };

export async function measureUsage(
  inventory: Inventory,
  signal?: AbortSignal,
): Promise<CacheUsage> {
  const { versions, known } = countRows(inventory);
  const litter = { files: 0, cbytes: 0 };
  let index = 0;
  let total = 0;
  for await (const { path, cbytes } of inventory.files()) {
    signal?.throwIfAborted();
    total += cbytes;
    if (inventory.isIndex(path)) index += cbytes;
    if (known.has(path) || inventory.isOwn(path)) continue;
    litter.files++;
    litter.cbytes += cbytes;
  }
  return { versions, index, litter, total };
}

/** The versions, in the order of their functions, and the files of their results. */
function countRows(inventory: Inventory): { versions: Counting[]; known: Set<string> } {
  const known = new Set<string>();
  const versions = new Map<string, Counting>();
  for (const { row, entry } of inventory.rows()) {
    if (entry === undefined) continue;
    const { functionId: id, functionVersion: version } = entry;
    const name = JSON.stringify([id, version]);
    const counting = versions.get(name) ?? { id, version, ...NOTHING };
    versions.set(name, counting);
    counting.entries++;
    for (const array of entry.arrays) {
      counting.nbytes += "plain" in array ? array.plain.byteLength : array.nbytes;
    }
    for (const { path, facts } of inventory.filesOf(addressOfRow(row, entry), entry)) {
      known.add(path);
      counting.files++;
      counting.cbytes += facts.cbytes;
    }
  }
  return { versions: [...versions.values()], known };
}

const NOTHING = { entries: 0, nbytes: 0, files: 0, cbytes: 0 };
