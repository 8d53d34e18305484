/**
 * The books of the cache: what each result takes and how it is used, kept in the transactions that
 * change the rows, so that totals and orders are exact whoever is killed when.
 */
import type { Change } from "../blosc/lmdb-changes.ts";
import { decodeEntry, type Entry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import {
  COUNTED_KEY,
  decodeUsage,
  encodeUsage,
  isBehindRows,
  isRowKey,
  NEW_TABLE,
  placesOf,
  rowOf,
  TOTALS_KEY,
  type Usage,
  usageKey,
  withPriority,
} from "./usage.ts";

export interface Totals {
  readonly items: number;
  /** What the results take on disk. */
  readonly bytes: number;
  /** The highest priority of a result that was removed. */
  readonly inflation: number;
}

/** The usage of a result, as it stands in the index. */
export interface SeenUsage {
  readonly bytes: Uint8Array;
  readonly usage: Usage;
}

const NOTHING = new Uint8Array();
const NO_KEYS: readonly Uint8Array[] = [];

/** A key, and the row that has to stand there: `undefined` for none. */
type Expected = readonly [key: Uint8Array, row: Uint8Array | undefined];
type Put = readonly [key: Uint8Array, row: Uint8Array];

/** Results that are changed in one transaction. */
const BATCH = 64;
/** Results that get their places in one transaction: the more, the more of them share pages. */
const PLACED = 128;

/** LMDB keeps a row of more than half a page less its headers in pages of its own. */
const PAGE = 4096;
const LARGEST_IN_LEAF = 2000;
const PAGE_HEADER = 16;
/** Of a row: its keys, usage and places, with the headers that LMDB gives each, bytes. */
const BOOKED = 400;

/** What a result takes on disk: its files in whole blocks, its row in whole pages if it has some. */
export function bytesOnDisk(entry: Pick<Entry, "arrays">, rowLength: number): number {
  const isBig = rowLength > LARGEST_IN_LEAF;
  let bytes = BOOKED + (isBig ? wholePages(PAGE_HEADER + rowLength) : rowLength);
  for (const array of entry.arrays) if (!("plain" in array)) bytes += wholePages(array.cbytes);
  return bytes;
}

export function speaksOfFiles({ arrays }: Pick<Entry, "arrays">): boolean {
  return arrays.some((array) => !("plain" in array));
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/** The rows whose keys begin with `prefix`, without what stands between and behind them. */
export function* scanRows(
  index: IndexDb,
  prefix: Uint8Array,
  after?: Uint8Array,
): Generator<{ readonly key: Uint8Array; readonly row: Uint8Array }, void, undefined> {
  for (const keyed of index.scan(prefix, after)) {
    if (isBehindRows(keyed.key)) return;
    if (isRowKey(keyed.key)) yield keyed;
  }
}

export class Books {
  readonly #index: IndexDb;

  constructor(index: IndexDb) {
    this.#index = index;
  }

  /** @throws {StoreError} when the index cannot be read, as all below */
  totals(): Totals {
    const row = this.#index.get(TOTALS_KEY);
    if (row?.byteLength !== 24) return { items: 0, bytes: 0, inflation: 0 };
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    const [items, bytes, inflation] = [0, 8, 16].map((at) => view.getFloat64(at, true));
    return { items: items as number, bytes: bytes as number, inflation: inflation as number };
  }

  seen(row: Uint8Array): SeenUsage | undefined {
    const found = this.#index.get(usageKey(row));
    const usage = found && decodeUsage(found);
    return usage && { bytes: (found as Uint8Array).slice(), usage };
  }

  /** Whether every row is counted: those of earlier releases are not. */
  areComplete(): boolean {
    return this.#index.get(COUNTED_KEY) !== undefined;
  }

  /** To be made before the first row is stored: a cache that begins with books has no other rows. */
  begin({ items }: Totals): Change | undefined {
    if (items > 0 || this.#index.get(TOTALS_KEY) !== undefined) return undefined;
    for (const _ of this.#index.scan(NOTHING, NOTHING, PAGE)) return undefined;
    return { put: [[COUNTED_KEY, NOTHING]] };
  }

  /**
   * Gives new results their places in the orders, until `isLate`.
   *
   * @returns whether all have them
   */
  place(isLate: () => boolean): boolean {
    for (;;) {
      const changes: Change[] = [];
      for (const { key } of this.#index.scan(NEW_TABLE, undefined, PAGE)) {
        if (changes.push(this.#placing(key.slice())) === PLACED) break;
      }
      if (changes.length === 0) return true;
      this.#index.write(changes);
      if (isLate()) return false;
    }
  }

  /** @param key where a new result is noted */
  #placing(key: Uint8Array): Change {
    const row = rowOf(key);
    const seen = this.seen(row);
    if (seen === undefined || seen.usage.isPlaced || seen.usage.isPinned) {
      return { expect: [[usageKey(row), seen?.bytes]], delete: [key] };
    }
    const change = rebooking(row, { ...seen.usage, isPlaced: true }, seen);
    const noted = change.delete?.[0];
    // Of an earlier result, which has been replaced since.
    const isOld = noted === undefined || Buffer.compare(noted, key) !== 0;
    return isOld ? { ...change, delete: [...(change.delete ?? []), key] } : change;
  }

  /**
   * Counts rows that were written without books, as many as `isLate` leaves time for.
   *
   * @param after where an earlier call has stopped
   * @returns where to go on; `undefined` when all are counted
   */
  count(after: Uint8Array, isLate: () => boolean): Uint8Array | undefined {
    let last = after;
    let changes: Change[] = [];
    for (const { key, row } of scanRows(this.#index, NOTHING, after)) {
      last = key.slice();
      const entry = this.seen(last) === undefined ? decodeEntry(row) : undefined;
      if (entry !== undefined) changes.push(adopt(last, row.slice(), entry));
      if (changes.length === BATCH) {
        this.#index.write(changes);
        changes = [];
      }
      if (isLate()) {
        this.#index.write(changes);
        return last;
      }
    }
    this.#index.write([...changes, { put: [[COUNTED_KEY, NOTHING]] }]);
    return undefined;
  }
}

/**
 * Stores a row, in the place of that whose usage was seen.
 *
 * @param isNew whether that is only to be done where there is no row either: earlier releases have
 *   left some that have no usage
 */
export function storing(
  { key, row }: { readonly key: Uint8Array; readonly row: Uint8Array },
  usage: Usage,
  seen: SeenUsage | undefined,
  isNew: boolean,
): Change {
  const ownKey = usageKey(key);
  const put: Put[] = [
    [key, row],
    [ownKey, encodeUsage(usage)],
  ];
  for (const place of placesOf(key, usage)) put.push([place, NOTHING]);
  const expected: Expected = [ownKey, seen?.bytes];
  const items = seen === undefined ? 1 : 0;
  return {
    expect: isNew ? [expected, [key, undefined]] : [expected],
    delete: seen === undefined ? NO_KEYS : placesOf(key, seen.usage),
    put,
    add: [[TOTALS_KEY, [items, usage.bytes - (seen?.usage.bytes ?? 0), 0]]],
  };
}

/** Removes a row. */
export function removing(key: Uint8Array, seen: SeenUsage | undefined): Change {
  const expect = [[usageKey(key), seen?.bytes]] as const;
  if (seen === undefined) return { expect, delete: [key] };
  return {
    expect,
    delete: [key, usageKey(key), ...placesOf(key, seen.usage)],
    add: [[TOTALS_KEY, [-1, -seen.usage.bytes, 0]]],
  };
}

/** Gives a result another usage. */
export function rebooking(key: Uint8Array, usage: Usage, seen: SeenUsage): Change {
  return {
    expect: [[usageKey(key), seen.bytes]],
    delete: placesOf(key, seen.usage),
    put: booked(key, usage),
  };
}

/** Raises what later priorities begin at. */
export function inflating(by: number): Change {
  return { add: [[TOTALS_KEY, [0, 0, by]]] };
}

/** Counts a row that stands without books, as if it had been used once when it was stored. */
function adopt(key: Uint8Array, row: Uint8Array, entry: Entry): Change {
  const { stamp, createdMs, durationMs } = entry;
  const bytes = bytesOnDisk(entry, row.byteLength);
  const isPlaced = true;
  const used = {
    isPinned: false,
    isPlaced,
    hasFiles: speaksOfFiles(entry),
    stamp,
    uses: 1,
    usedMs: createdMs,
    createdMs,
    durationMs,
    bytes,
  };
  const change = storing({ key, row }, withPriority(used, 0), undefined, false);
  return { ...change, expect: [...(change.expect ?? []), [key, row]] };
}

function booked(key: Uint8Array, usage: Usage): Put[] {
  const places = placesOf(key, usage).map((place): Put => [place, NOTHING]);
  return [[usageKey(key), encodeUsage(usage)], ...places];
}
