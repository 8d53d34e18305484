/** Changes of single rows, with their books: what others change meanwhile has them begin again. */

import type { Change } from "../blosc/lmdb-changes.ts";
import { StoreError } from "../errors.ts";
import { type Books, bytesOnDisk, rebooking, removing, speaksOfFiles, storing } from "./books.ts";
import { decodeEntry, type Entry, encodeEntry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import type { RecoveredRow } from "./row-recovery.ts";
import { type Usage, withPriority } from "./usage.ts";

/** Somebody else succeeds each time that one of them fails. */
const ATTEMPTS = 100;

export class Rows {
  readonly #index: IndexDb;
  readonly #books: Books;

  constructor(index: IndexDb, books: Books) {
    this.#index = index;
    this.#books = books;
  }

  /**
   * Stores a row.
   *
   * @param row what `entry` is encoded as
   * @param isPinned whether it is pinned if the earlier one is not
   * @returns what it took the place of
   * @throws {StoreError} when the index refuses, as all below
   */
  store(key: Uint8Array, row: Uint8Array, entry: Entry, isPinned: boolean): Entry | undefined {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // First, so that the expectation covers the row as well: it changes with it.
      const seen = this.#books.seen(key);
      const replaced = this.#find(key);
      const totals = this.#books.totals();
      const begin = this.#books.begin(totals);
      const usage = usageOf(entry, row.byteLength, isPinned, seen?.usage);
      const change = storing(key, row, withPriority(usage, totals.inflation), seen);
      const made = this.#index.write(begin === undefined ? [change] : [change, begin]);
      if (made[0] === true) return replaced;
    }
    throw contended(key);
  }

  /**
   * Stores rows, in one transaction, that are not there: of each whether it was stored.
   *
   * @throws {StoreError} when the index refuses
   */
  adopt(found: readonly RecoveredRow[]): readonly boolean[] {
    if (found.length === 0) return [];
    const totals = this.#books.totals();
    const begin = this.#books.begin(totals);
    const changes = found.map(({ row: key, entry, isPinned }) => {
      const row = encodeEntry(entry);
      const usage = usageOf(entry, row.byteLength, isPinned, undefined);
      const change = storing(key, row, withPriority(usage, totals.inflation), undefined);
      // Rows of earlier releases have no usage.
      return { ...change, expect: [...(change.expect ?? []), [key, undefined] as const] };
    });
    const made = this.#index.write([...changes, ...(begin === undefined ? [] : [begin])]);
    return made.slice(0, changes.length);
  }

  /**
   * Removes a row: whether it was there, and what it said.
   *
   * @param isMeant asked of what is there by now, without an entry of what cannot be read: others may
   *   have stored another
   */
  remove(
    key: Uint8Array,
    isMeant: (entry: Entry | undefined) => boolean = () => true,
  ): { readonly wasThere: boolean; readonly entry: Entry | undefined } {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const seen = this.#books.seen(key);
      const found = this.#index.get(key);
      if (found === undefined && seen === undefined) return { wasThere: false, entry: undefined };
      const entry = found && decodeEntry(found);
      if (found !== undefined && !isMeant(entry)) return { wasThere: false, entry: undefined };
      if (this.#write(removing(key, seen))) return { wasThere: found !== undefined, entry };
    }
    throw contended(key);
  }

  /** Removes rows in one transaction; of each whether it was removed, and not changed meanwhile. */
  removeMany(keys: readonly Uint8Array[]): readonly boolean[] {
    return this.#index.write(keys.map((key) => removing(key, this.#books.seen(key))));
  }

  /** Keeps a result from being removed for its age or size, or no longer; whether it is there. */
  pin(key: Uint8Array, isPinned: boolean): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const seen = this.#books.seen(key);
      if (seen === undefined) return false;
      if (seen.usage.isPinned === isPinned) return true;
      if (this.#write(rebooking(key, { ...seen.usage, isPinned }, seen))) return true;
    }
    throw contended(key);
  }

  #write(change: Change): boolean {
    return this.#index.write([change])[0] === true;
  }

  #find(key: Uint8Array): Entry | undefined {
    const row = this.#index.get(key);
    return row && decodeEntry(row);
  }
}

function usageOf(
  entry: Entry,
  rowLength: number,
  isPinned: boolean,
  before: Usage | undefined,
): Omit<Usage, "priority"> {
  const { stamp, createdMs, durationMs } = entry;
  return {
    isPinned: isPinned || before?.isPinned === true,
    isPlaced: false,
    hasFiles: speaksOfFiles(entry),
    stamp,
    uses: before?.uses ?? 1,
    usedMs: createdMs,
    createdMs,
    durationMs,
    bytes: bytesOnDisk(entry, rowLength),
  };
}

function contended(key: Uint8Array): StoreError {
  const name = Buffer.from(key).toString("hex");
  return new StoreError("write row", name, new Error("others change it all the time"));
}
