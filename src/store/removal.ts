/** Removing results: first the row, so that nobody finds them any more, then their files. */
import fs from "node:fs";
import { basename, join } from "node:path";
import { type Address, filesOf } from "./address.ts";
import { clearRows } from "./clearing.ts";
import type { Entry } from "./entry.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { IndexDb } from "./index-db.ts";
import { sweepEverything } from "./litter.ts";
import type { Layout } from "./location.ts";
import type { Rows } from "./rows.ts";

/** Which results of those whose keys begin alike are removed. */
export interface Clearance {
  readonly addressOf: (row: Uint8Array, entry: Entry) => Address;
  readonly isWanted: (entry: Entry) => boolean;
  /** Whether files go as well that no row speaks of, whatever their age. */
  readonly sweeps: boolean;
}

export class Removal {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #rows: Rows;
  readonly #commits: GroupCommit;

  constructor(layout: Layout, index: IndexDb, rows: Rows, commits: GroupCommit) {
    this.#layout = layout;
    this.#index = index;
    this.#rows = rows;
    this.#commits = commits;
  }

  /** Forgets a result; whether it was there. @throws {StoreError} when the index refuses */
  readonly delete = (address: Address): boolean => {
    this.#commits.flush();
    const { wasThere, entry } = this.#rows.remove(address.row);
    if (entry !== undefined) removeFilesOf(this.#layout, address, entry);
    return wasThere;
  };

  /**
   * Forgets the results that are wanted out of those whose rows' keys begin with `prefix`: how many.
   * Damaged rows are nobody's, and go too.
   *
   * @throws {StoreError} when the index refuses
   */
  clear(prefix: Uint8Array, { addressOf, isWanted, sweeps }: Clearance): number {
    this.#commits.flush();
    const clearing = { addressOf, isWanted, delete: this.delete };
    let count = 0;
    for (const { address, entry } of clearRows(this.#index, this.#rows, prefix, clearing)) {
      if (entry !== undefined) removeFilesOf(this.#layout, address, entry);
      count++;
    }
    if (sweeps) sweepEverything(this.#layout, this.#index, addressOf);
    return count;
  }

  /** Removes a row that cannot be read; whether it was there, and could not. @throws {StoreError} */
  deleteDamaged(key: Uint8Array): boolean {
    return this.#rows.remove(key, isDamaged).wasThere;
  }

  /**
   * Forgets a result that turned out damaged; its files are kept for an hour, for a look.
   *
   * @param entry what the row said when the damage was met; `undefined` when it is the row itself
   * @returns whether it was still there: somebody may have stored it anew
   */
  setAside(address: Address, entry: Entry | undefined): boolean {
    const isSame = (now: Entry | undefined) => now?.stamp === entry?.stamp;
    const { wasThere } = this.#rows.remove(address.row, isSame);
    for (const path of entry === undefined ? [] : filesOf(this.#layout, address, entry)) {
      const aside = join(this.#layout.tmp, `${basename(path)}.damaged`);
      try {
        fs.renameSync(path, aside);
        // Its hour begins now.
        fs.utimesSync(aside, new Date(), new Date());
      } catch {
        // Somebody else has moved it, or it was gone from the start.
      }
    }
    return wasThere;
  }
}

/** Of what {@link Rows.remove} asks about. */
export function isDamaged(entry: Entry | undefined): boolean {
  return entry === undefined;
}

/** A reader that has a file open reads it to its end; one that has not finds a miss. */
export function removeFilesOf(layout: Layout, address: Address, entry: Entry): void {
  for (const path of filesOf(layout, address, entry)) fs.rmSync(path, { force: true });
}
