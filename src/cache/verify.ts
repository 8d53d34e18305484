/** A look at everything that a cache has stored, for what is damaged, missing, or of no use. */
import { messageOf } from "../errors.ts";
import type { Entry } from "../store/entry.ts";
import type { Inventory, ObjectFile, RowOfIndex } from "../store/inventory.ts";
import { addressOfRow, keyOfRow } from "./address.ts";

/**
 * - `damaged`: a row, or a file, is not what was written.
 * - `missing`: a file is not there.
 * - `unreadable`: the system refuses to read a file, which may be as good as ever.
 * - `litter`: no result speaks of a file, and it is older than an hour: no harm but the space.
 */
export type FindingKind = "damaged" | "missing" | "unreadable" | "litter";

export interface Finding {
  readonly kind: FindingKind;
  /** A sentence for people. */
  readonly text: string;
  /** Key of the result: 32 hexadecimal digits; litter has none. */
  readonly key?: string;
  /** Id of the function; unknown when the row is damaged. */
  readonly id?: string;
  /** Absolute path of the file, if it is one. */
  readonly file?: string;
}

export interface CacheReport {
  /** Results that were checked. */
  readonly entries: number;
  /** Their files. */
  readonly files: number;
  /** Bytes of these files. */
  readonly cbytes: number;
  /**
   * Files that no result speaks of and that are younger than an hour: of results that are being
   * stored, or that an index knew which is lost.
   */
  readonly unclaimed: number;
  /** What costs a result comes before litter; empty for a sound cache. */
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /** Ends the look; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called with the bytes of files that have been read, and those of all. */
  readonly onProgress?: (progress: { readonly cbytes: number; readonly size: number }) => void;
}

/** So often a result is looked at that is stored anew under every look. */
const ATTEMPTS = 5;

/** Reads every row, and every file to its end. */
export async function verifyCache(
  inventory: Inventory,
  options: VerifyOptions,
): Promise<CacheReport> {
  options.signal?.throwIfAborted();
  const verification = new Verification(inventory, options);
  for (const row of inventory.rows()) await verification.checkRow(row);
  await verification.findLitter();
  const { entries, files, cbytes, unclaimed, findings } = verification;
  return { entries, files, cbytes, unclaimed, findings };
}

class Verification {
  entries = 0;
  files = 0;
  cbytes = 0;
  unclaimed = 0;
  readonly findings: Finding[] = [];
  readonly #inventory: Inventory;
  readonly #options: VerifyOptions;
  readonly #size: number;
  readonly #known = new Set<string>();

  constructor(inventory: Inventory, options: VerifyOptions) {
    this.#inventory = inventory;
    this.#options = options;
    this.#size = sizeOfAll(inventory);
  }

  /** Others may store the result anew, or remove it, while it is looked at. */
  async checkRow(first: RowOfIndex): Promise<void> {
    let looked: RowOfIndex | undefined = first;
    for (let attempt = 1; looked !== undefined; attempt++) {
      const found = await this.#check(looked);
      const now: RowOfIndex | undefined =
        found.length === 0 ? looked : this.#inventory.row(first.row);
      if (now?.entry?.stamp === looked.entry?.stamp || attempt === ATTEMPTS) {
        if (now !== undefined) this.#count(looked, found);
        return;
      }
      looked = now;
    }
  }

  #count({ entry }: RowOfIndex, found: readonly Finding[]): void {
    this.findings.push(...found);
    // What a damaged row spoke of, nobody knows.
    if (entry === undefined) return;
    this.entries++;
    this.files += entry.arrays.filter((array) => !("plain" in array)).length;
  }

  async #check({ row, entry }: RowOfIndex): Promise<Finding[]> {
    const key = keyOfRow(row);
    if (entry === undefined) return [{ kind: "damaged", text: "The row is damaged.", key }];
    const found: Finding[] = [];
    for (const file of this.#inventory.filesOf(addressOfRow(row, entry), entry)) {
      this.#known.add(file.path);
      const fault = await this.#checkFile(file);
      if (fault === undefined) continue;
      found.push({ ...fault, key, id: entry.functionId, file: file.path });
    }
    return found;
  }

  async #checkFile(file: ObjectFile): Promise<Pick<Finding, "kind" | "text"> | undefined> {
    const before = this.cbytes;
    const advance = (cbytes: number) => {
      this.#options.signal?.throwIfAborted();
      this.#options.onProgress?.({ cbytes: before + cbytes, size: this.#size });
    };
    try {
      advance(0);
      const fault = await this.#inventory.findFault(file, advance);
      this.cbytes += file.facts.cbytes;
      return fault === undefined ? undefined : { kind: "damaged", text: fault };
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (isGone) return { kind: "missing", text: "The file is gone." };
      return { kind: "unreadable", text: messageOf(error) };
    }
  }

  async findLitter(): Promise<void> {
    for await (const { path, isOld } of this.#inventory.files()) {
      this.#options.signal?.throwIfAborted();
      if (this.#known.has(path) || this.#inventory.isOwn(path)) continue;
      if (isOld) this.#addLitter(path);
      else this.unclaimed++;
    }
  }

  #addLitter(path: string): void {
    this.findings.push({ kind: "litter", text: "No result speaks of the file.", file: path });
  }
}

function sizeOfAll(inventory: Inventory): number {
  let size = 0;
  for (const { entry } of inventory.rows()) if (entry !== undefined) size += cbytesOf(entry);
  return size;
}

/** Of its files. */
function cbytesOf({ arrays }: Entry): number {
  return arrays.reduce((sum, array) => sum + ("plain" in array ? 0 : array.cbytes), 0);
}
