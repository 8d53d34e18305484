/** Changes of single rows, with their books: what others change meanwhile has them begin again. */

import type { Change } from "../blosc/lmdb-changes.ts";
import { StoreError } from "../errors.ts";
import {
  type Books,
  bytesOnDisk,
  rebooking,
  removing,
  speaksOfFiles,
  storing,
  type Totals,
} from "./books.ts";
import { decodeEntry, type Entry, encodeEntry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import type { RecoveredRow } from "./row-recovery.ts";
import { priorityOf, type Usage } from "./usage.ts";

/** Somebody else succeeds each time that one of them fails. */
const ATTEMPTS = 100;

/** So many rows share the pages in which their places in the orders are. */
const MANY = 8;

/** A row that is to be stored. */
export interface Arrival {
  readonly key: Uint8Array;
  readonly entry: Entry;
  /** What the entry is encoded as. */
  readonly row: Uint8Array;
  /** Whether it is pinned if the earlier one is not. */
  readonly isPinned: boolean;
}

/** What a row that was stored has taken the place of. */
export interface Replaced {
  /** `undefined` for nothing that can be read. */
  readonly entry: Entry | undefined;
}

/** Of each row what it took the place of; `undefined` where it is not stored. */
export type Outcomes = readonly (Replaced | undefined)[];

/** Rows that are being stored off this thread. */
export interface BegunStore {
  readonly done: Promise<Outcomes>;
  /** Has the outcomes at once, while this thread waits. */
  finish(): Outcomes;
}

const NOTHING_REPLACED: Replaced = { entry: undefined };

/** Whether rows get their places in the orders with the transaction of so many that stores them. */
export function arePlaced(count: number): boolean {
  return count >= MANY;
}

export class Rows {
  readonly #index: IndexDb;
  readonly #books: Books;

  constructor(index: IndexDb, books: Books) {
    this.#index = index;
    this.#books = books;
  }

  /**
   * Stores a row, whatever is there.
   *
   * @throws {StoreError} when the index refuses, as all below
   */
  store(arrival: Arrival): Replaced {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [replaced] = this.tryStore([arrival], attempt > 0);
      if (replaced !== undefined) return replaced;
    }
    throw contended(arrival.key);
  }

  /**
   * Stores rows, in one transaction.
   *
   * @param isWary whether rows may stand there without books, as earlier releases have left them
   * @returns of each what it took the place of; `undefined` where it is not stored, because others
   *   have changed the row meanwhile, or it has no books
   */
  tryStore(arrivals: readonly Arrival[], isWary = false): Outcomes {
    const { changes, replaced } = this.#changesFor(arrivals, isWary);
    return outcomesOf(replaced, this.#index.write(changes));
  }

  /** {@link tryStore} off this thread, which `finish` waits for. */
  beginStore(arrivals: readonly Arrival[]): BegunStore {
    const { changes, replaced } = this.#changesFor(arrivals, false);
    const { done, finish } = this.#index.writeBegin(changes);
    return {
      done: done.then((made) => outcomesOf(replaced, made)),
      finish: () => outcomesOf(replaced, finish()),
    };
  }

  #changesFor(arrivals: readonly Arrival[], isWary: boolean) {
    const totals = this.#books.totals();
    const booking = { isPlaced: arePlaced(arrivals.length), inflation: totals.inflation };
    const replaced: Replaced[] = [];
    const changes: Change[] = [];
    for (const arrival of arrivals) {
      const { key } = arrival;
      // First, so that the expectation covers the row as well: it changes with it.
      const seen = this.#books.seen(key);
      const isNew = seen === undefined && !isWary;
      replaced.push(isNew ? NOTHING_REPLACED : { entry: this.#find(key) });
      changes.push(storing(arrival, usageOf(arrival, seen?.usage, booking), seen, isNew));
    }
    return { changes: this.#beginning(changes, totals), replaced };
  }

  /** The changes, and behind them what a cache without any rows begins with. */
  #beginning(changes: readonly Change[], totals: Totals): readonly Change[] {
    const begin = this.#books.begin(totals);
    return begin === undefined ? changes : [...changes, begin];
  }

  /**
   * Stores rows, in one transaction, that are not there: of each whether it was stored.
   *
   * @throws {StoreError} when the index refuses
   */
  adopt(found: readonly RecoveredRow[]): readonly boolean[] {
    if (found.length === 0) return [];
    const totals = this.#books.totals();
    const changes = found.map(({ row: key, entry, isPinned }) => {
      const arrival = { key, entry, row: encodeEntry(entry), isPinned };
      const { inflation } = totals;
      const usage = usageOf(arrival, undefined, { isPlaced: false, inflation });
      return storing(arrival, usage, undefined, true);
    });
    return this.#index.write(this.#beginning(changes, totals)).slice(0, changes.length);
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

function outcomesOf(replaced: readonly Replaced[], made: readonly boolean[]): Outcomes {
  return replaced.map((one, i) => (made[i] === true ? one : undefined));
}

function usageOf(
  { entry, row, isPinned }: Arrival,
  before: Usage | undefined,
  { isPlaced, inflation }: { readonly isPlaced: boolean; readonly inflation: number },
): Usage {
  const { stamp, createdMs, durationMs } = entry;
  const uses = before?.uses ?? 1;
  const bytes = bytesOnDisk(entry, row.byteLength);
  return {
    isPinned: isPinned || before?.isPinned === true,
    isPlaced,
    hasFiles: speaksOfFiles(entry),
    stamp,
    uses,
    usedMs: createdMs,
    createdMs,
    durationMs,
    bytes,
    priority: priorityOf({ uses, durationMs, bytes }, inflation),
  };
}

function contended(key: Uint8Array): StoreError {
  const name = Buffer.from(key).toString("hex");
  return new StoreError("write row", name, new Error("others change it all the time"));
}
