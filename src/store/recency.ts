/**
 * When results were used last, and how often: noted in memory, because a hit must not wait for a
 * write, and brought to the index some seconds later, many at a time.
 */
import { type Books, rebooking } from "./books.ts";
import type { IndexDb } from "./index-db.ts";
import { withPriority } from "./usage.ts";

interface Note {
  readonly row: Uint8Array;
  uses: number;
  usedMs: number;
}

/** Notes that are kept at most; what is used beyond that is not noted until some are written. */
const MOST = 8192;
/** Notes that are written in one transaction. */
const BATCH = 64;

export class Recency {
  /** By a number that the key of the row gives. Two rows that share one are taken for one. */
  readonly #notes = new Map<number, Note>();

  get size(): number {
    return this.#notes.size;
  }

  note(row: Uint8Array): void {
    const id = idOf(row);
    const note = this.#notes.get(id);
    if (note !== undefined) {
      note.uses++;
      note.usedMs = Date.now();
    } else if (this.#notes.size < MOST) {
      this.#notes.set(id, { row, uses: 1, usedMs: Date.now() });
    }
  }

  /**
   * Writes notes until there are none, or `isLate`. A result that others change meanwhile keeps
   * what they say of it.
   *
   * @param newerMs how much later a use has to be than the one that is known, to be written
   * @returns whether all are written
   * @throws {StoreError} when the index refuses; those notes are lost
   */
  flush(books: Books, index: IndexDb, isLate: () => boolean, newerMs = 0): boolean {
    while (this.#notes.size > 0) {
      const { inflation } = books.totals();
      const changes = this.#take().flatMap(({ row, uses, usedMs }) => {
        const seen = books.seen(row);
        if (seen === undefined || usedMs - seen.usage.usedMs < newerMs) return [];
        const { usage } = seen;
        const used = {
          ...usage,
          isPlaced: true,
          uses: usage.uses + uses,
          usedMs: Math.max(usage.usedMs, usedMs),
        };
        return [rebooking(row, withPriority(used, inflation), seen)];
      });
      if (changes.length > 0) index.write(changes);
      if (isLate()) break;
    }
    return this.#notes.size === 0;
  }

  #take(): Note[] {
    const taken: Note[] = [];
    for (const [id, note] of this.#notes) {
      if (taken.length === BATCH) break;
      taken.push(note);
      this.#notes.delete(id);
    }
    return taken;
  }
}

/** From the end of the row's key, which is a hash; 32 bits, as a Map finds these without memory of their own. */
function idOf(row: Uint8Array): number {
  const at = row.byteLength - 4;
  return (
    ((row[at] as number) << 24) |
    ((row[at + 1] as number) << 16) |
    ((row[at + 2] as number) << 8) |
    (row[at + 3] as number)
  );
}
