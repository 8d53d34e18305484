/** A look at everything that a cache has stored, for what is damaged, missing, or of no use. */
import { messageOf } from "../errors.ts";
import type { ArrayStore } from "../store/array-store.ts";
import type { Entry } from "../store/entry.ts";
import type { Inventory, ObjectFile, RowOfIndex } from "../store/inventory.ts";
import { isLitter, removeLitter } from "../store/litter.ts";
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
  /** Whether it was removed, so that it is computed again: see {@link VerifyOptions.fix}. */
  readonly isFixed: boolean;
}

export interface CacheReport {
  /** Results that were checked. */
  readonly entries: number;
  /** Their files. */
  readonly files: number;
  /** Bytes of these files. */
  readonly cbytes: number;
  /**
   * Files that no result speaks of, and that are no litter: of results that are being stored, as
   * they are younger than an hour, or that only a lost index knew.
   */
  readonly unclaimed: number;
  /**
   * Whether an index was lost as damaged, so that `Memory.rebuild` may find more results. Until then
   * their files are no litter.
   */
  readonly hasLostIndex: boolean;
  /** What costs a result comes before litter; empty for a sound cache. */
  readonly findings: readonly Finding[];
}

export interface VerifyOptions {
  /**
   * Removes what is damaged, incomplete or litter: results that are then computed again. Files of
   * damaged results are kept in `tmp/` for an hour. What is unreadable stays. Default: `false`.
   */
  readonly fix?: boolean;
  /** Ends the look; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Called with the bytes of files that have been read, and those of all. */
  readonly onProgress?: (progress: { readonly cbytes: number; readonly size: number }) => void;
}

/** So often a result is looked at that is stored anew under every look. */
const ATTEMPTS = 5;

/** Reads every row, and every file to its end. */
export async function verifyCache(store: ArrayStore, options: VerifyOptions): Promise<CacheReport> {
  options.signal?.throwIfAborted();
  const verification = new Verification(store, options);
  const inventory = store.inventory();
  for (const row of inventory.rows()) await verification.checkRow(row);
  await verification.findLitter();
  const { entries, files, cbytes, unclaimed, findings } = verification;
  const hasLostIndex = inventory.hasLostIndex();
  return { entries, files, cbytes, unclaimed, hasLostIndex, findings };
}

/** Of a cache that keeps nothing. */
export const NOTHING_VERIFIED: CacheReport = {
  ...{ entries: 0, files: 0, cbytes: 0, unclaimed: 0 },
  hasLostIndex: false,
  findings: [],
};

/** What is wrong with a result. */
type Fault = Omit<Finding, "isFixed">;

class Verification {
  entries = 0;
  files = 0;
  cbytes = 0;
  unclaimed = 0;
  readonly findings: Finding[] = [];
  readonly #store: ArrayStore;
  readonly #inventory: Inventory;
  readonly #options: VerifyOptions;
  readonly #size: number;
  readonly #known = new Set<string>();

  constructor(store: ArrayStore, options: VerifyOptions) {
    this.#store = store;
    this.#inventory = store.inventory();
    this.#options = options;
    this.#size = sizeOfAll(this.#inventory);
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

  #count(looked: RowOfIndex, found: readonly Fault[]): void {
    const isFixed = this.#fix(looked, found);
    for (const fault of found) {
      this.findings.push({ ...fault, isFixed: isFixed && fault.kind !== "unreadable" });
    }
    const { entry } = looked;
    // What a damaged row spoke of, nobody knows.
    if (entry === undefined) return;
    this.entries++;
    this.files += entry.arrays.filter((array) => !("plain" in array)).length;
  }

  /** Whether the result is not there any more. */
  #fix({ row, entry }: RowOfIndex, found: readonly Fault[]): boolean {
    const isWanted = this.#options.fix === true;
    if (!isWanted || found.every(({ kind }) => kind === "unreadable")) return false;
    const { removal } = this.#store;
    if (entry === undefined) return removal.deleteDamaged(row);
    return removal.setAside(addressOfRow(row, entry), entry);
  }

  async #check({ row, entry }: RowOfIndex): Promise<Fault[]> {
    const key = keyOfRow(row);
    if (entry === undefined) return [{ kind: "damaged", text: "The row is damaged.", key }];
    const found: Fault[] = [];
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
    let stopped: { readonly reason: unknown } | undefined;
    const advance = (cbytes: number) => {
      try {
        this.#options.signal?.throwIfAborted();
        this.#options.onProgress?.({ cbytes: before + cbytes, size: this.#size });
      } catch (reason) {
        stopped = { reason };
        throw reason;
      }
    };
    const fault = await this.#faultOf(file, advance);
    // The caller's, and none of the file.
    if (stopped !== undefined) throw stopped.reason;
    if (fault?.kind !== "missing" && fault?.kind !== "unreadable") this.cbytes += file.facts.cbytes;
    return fault;
  }

  async #faultOf(
    file: ObjectFile,
    advance: (cbytes: number) => void,
  ): Promise<Pick<Finding, "kind" | "text"> | undefined> {
    try {
      advance(0);
      const fault = await this.#inventory.findFault(file, advance);
      return fault === undefined ? undefined : { kind: "damaged", text: fault };
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (isGone) return { kind: "missing", text: "The file is gone." };
      return { kind: "unreadable", text: messageOf(error) };
    }
  }

  async findLitter(): Promise<void> {
    for await (const file of this.#inventory.files()) {
      this.#options.signal?.throwIfAborted();
      const { path } = file;
      if (isLitter(this.#inventory, this.#known, file)) this.#addLitter(path);
      else if (!this.#known.has(path) && !this.#inventory.isOwn(path)) this.unclaimed++;
    }
  }

  #addLitter(file: string): void {
    const isFixed = this.#options.fix === true;
    if (isFixed) removeLitter({ path: file });
    this.findings.push({ kind: "litter", text: "No result speaks of the file.", file, isFixed });
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
