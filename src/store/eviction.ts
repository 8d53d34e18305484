/** Which results go when a cache is to become smaller, and their removal, some at a time. */
import type { Change } from "../blosc/lmdb-changes.ts";
import type { Address } from "./address.ts";
import { type Books, inflating, removing, type SeenUsage, type Totals } from "./books.ts";
import { dooming } from "./doomed-files.ts";
import { decodeEntry, type Entry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import type { Layout } from "./location.ts";
import {
  AGE_TABLE,
  functionOf,
  numberOf,
  type Order,
  orderTable,
  placesOf,
  rowOf,
  usageKey,
} from "./usage.ts";

/** Why a result went: its age, or the bytes or the number of all. */
export type EvictionReason = "age" | "bytes" | "items";

export interface Evicted {
  /** Key of its row. */
  readonly row: Uint8Array;
  readonly functionId: string;
  /** What it took on disk. */
  readonly bytes: number;
  readonly reason: EvictionReason;
}

/** What the cache is to come down to. */
export interface Goal {
  /** Infinite for no limit, as `items`. */
  readonly bytes: number;
  readonly items: number;
  /** Results that were created before go, ms since 1970; 0 for none. */
  readonly createdMs: number;
  readonly order: Order;
}

/** What removing results needs to know of them, and who is told. */
export interface Residents {
  readonly addressOf: (row: Uint8Array, entry: Entry) => Address;
  readonly filesOf: (address: Address, entry: Entry) => string[];
  readonly onEvicted: (evicted: Evicted) => void;
}

interface Victim {
  readonly row: Uint8Array;
  readonly place: Uint8Array;
  /** `undefined` for a row that has none. */
  readonly seen: SeenUsage | undefined;
  /** Whether the place in the order is nobody's any more. */
  readonly isStale: boolean;
  readonly reason: EvictionReason;
}

/** A victim with what its row says. */
interface Condemned extends Victim {
  readonly functionId: string | undefined;
  readonly files: readonly string[];
}

/** Results that go in one transaction: some hundred microseconds. */
const BATCH = 64;
/** Bytes of the index that are read to find them. */
const SCAN_BYTES = 4096;

export function isWithin({ items, bytes }: Pick<Totals, "items" | "bytes">, goal: Goal): boolean {
  return items <= goal.items && bytes <= goal.bytes;
}

export class Eviction {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #books: Books;
  readonly #residents: Residents;
  /** Ids of functions, by what the keys of their rows begin with. */
  readonly #functionIds = new Map<string, string>();

  constructor(layout: Layout, index: IndexDb, books: Books, residents: Residents) {
    this.#layout = layout;
    this.#index = index;
    this.#books = books;
    this.#residents = residents;
  }

  /**
   * Removes results until the goal is reached or `isLate`.
   *
   * @returns what went, and whether more has to
   * @throws {StoreError} when the index refuses
   */
  run(goal: Goal, isLate: () => boolean): { items: number; bytes: number; isDone: boolean } {
    let [items, bytes] = [0, 0];
    for (;;) {
      const victims = this.#firstVictims(goal);
      if (victims.length === 0) return { items, bytes, isDone: true };
      for (const size of this.#remove(victims, goal.order)) {
        items++;
        bytes += size;
      }
      if (isLate()) return { items, bytes, isDone: false };
    }
  }

  /** The size of each result that would go; whoever iterates may do other things in between. */
  *preview(goal: Goal): Generator<number, void, undefined> {
    for (const victim of this.#victims(goal, undefined)) {
      if (!victim.isStale) yield sizeOf(victim);
    }
  }

  #firstVictims(goal: Goal): Victim[] {
    const victims: Victim[] = [];
    for (const victim of this.#victims(goal, SCAN_BYTES)) {
      if (victims.push(victim) === BATCH) break;
    }
    return victims;
  }

  *#victims(goal: Goal, scanBytes: number | undefined): Generator<Victim, void, undefined> {
    const totals = this.#books.totals();
    let { items, bytes } = totals;
    for (const victim of this.#aged(goal, scanBytes)) {
      yield victim;
      if (victim.isStale) continue;
      items--;
      bytes -= sizeOf(victim);
    }
    for (const { key } of this.#index.scan(orderTable(goal.order), undefined, scanBytes)) {
      if (isWithin({ items, bytes }, goal)) return;
      const victim = this.#victimAt(key.slice(), bytes > goal.bytes ? "bytes" : "items");
      if (victim.isStale) {
        yield victim;
      } else if ((victim.seen?.usage.createdMs ?? 0) >= goal.createdMs) {
        yield victim;
        items--;
        bytes -= sizeOf(victim);
      }
    }
  }

  *#aged({ createdMs }: Goal, scanBytes: number | undefined): Generator<Victim, void, undefined> {
    if (createdMs === 0) return;
    for (const { key } of this.#index.scan(AGE_TABLE, undefined, scanBytes)) {
      if (numberOf(key) >= createdMs) return;
      yield this.#victimAt(key.slice(), "age");
    }
  }

  #victimAt(place: Uint8Array, reason: EvictionReason): Victim {
    const row = rowOf(place);
    const seen = this.#books.seen(row);
    const own = seen === undefined ? [] : placesOf(row, seen.usage);
    const isStale = !own.some((key) => Buffer.compare(key, place) === 0);
    return { row, place, seen, isStale, reason };
  }

  /** @returns the sizes of those that went: others may have used or removed some meanwhile */
  #remove(victims: readonly Victim[], order: Order): number[] {
    const condemned = victims.map((victim) => this.#condemn(victim));
    const changes = condemned.map((victim) => this.#removal(victim));
    if (order === "cost") changes.push(this.#inflation(victims));
    const made = this.#index.write(changes);
    const gone = condemned.filter(({ isStale }, i) => made[i] === true && !isStale);
    for (const victim of gone) {
      const { row, functionId, reason } = victim;
      if (functionId === undefined) continue;
      this.#residents.onEvicted({ row, functionId, bytes: sizeOf(victim), reason });
    }
    return gone.map(sizeOf);
  }

  /** Reads the row where it has something to tell: that takes longer than all else. */
  #condemn(victim: Victim): Condemned {
    const { row, seen, isStale } = victim;
    const prefix = functionOf(row);
    const known = this.#functionIds.get(prefix);
    const isTold = known !== undefined && seen?.usage.hasFiles === false;
    const found = isStale || isTold ? undefined : this.#index.get(row);
    const entry = found && decodeEntry(found);
    if (entry === undefined) return { ...victim, functionId: known, files: [] };
    this.#functionIds.set(prefix, entry.functionId);
    const { addressOf, filesOf } = this.#residents;
    const files = filesOf(addressOf(row, entry), entry);
    return { ...victim, functionId: entry.functionId, files };
  }

  #removal({ row, place, seen, isStale, files }: Condemned): Change {
    if (isStale) return { expect: [[usageKey(row), seen?.bytes]], delete: [place] };
    const change = removing(row, seen);
    if (seen === undefined || files.length === 0) return change;
    return { ...change, put: [dooming(this.#layout, row, seen.usage.stamp, files)] };
  }

  /** What went was worth so much by its cost: what stays or comes has to be worth more. */
  #inflation(victims: readonly Victim[]): Change {
    const { inflation } = this.#books.totals();
    const priorities = victims.map(({ isStale, reason, seen }) =>
      isStale || reason === "age" ? 0 : (seen?.usage.priority ?? 0),
    );
    return inflating(Math.max(0, Math.max(...priorities) - inflation));
  }
}

function sizeOf({ seen }: Victim): number {
  return seen?.usage.bytes ?? 0;
}
