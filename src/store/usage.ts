/**
 * What the index knows of each result beside its row: how it is used, and its places in the orders
 * by which results are removed.
 *
 *     key of the row, u                            usage, see below
 *     behind the rows:
 *     a  creation, key of the row                  nothing: the order by age
 *     c  priority, last use, key of the row        nothing: the order by cost
 *     l  last use, key of the row                  nothing: the order by last use
 *     m                                            stands when every row is counted
 *     n  creation, key of the row                  nothing: has no places in the orders yet
 *     t                                            totals: items, bytes, inflation, f64 each
 *     x  time, stamp, key of the row               files to remove (doomed-files.ts)
 *
 * What is behind the rows begins with eight bytes 0xFF, which no row does: its first eight bytes are
 * a hash. So rows that were written without all this are found as ever, and counted later.
 *
 * A commit writes every page that it changes. So usage stands in the page of its row, and a new
 * result gets no more than a line beside the totals; its places, each in a page of its own, come
 * later, with those of many others (`place` in books.ts), unless many are stored together. Pinned
 * results have no places, so that nobody has to pass them over.
 *
 * Numbers in keys are f64, big-endian: as bytes they have the order of the numbers, if these are
 * not negative.
 *
 * Usage, little-endian. It needs no digest: what is wrong in it makes a worse choice, no wrong value.
 *
 *      0  version   u8, 1
 *      1  flags     u8, bit 0 pinned, bit 1 has places, bit 2 has files
 *      4  stamp     u32, of the row
 *      8  uses      f64
 *     16  last use  f64, ms since 1970
 *     24  created   f64, ms since 1970
 *     32  duration  f64, ms that the function took
 *     40  bytes     f64, on disk
 *     48  priority  f64
 */

export interface Usage {
  readonly isPinned: boolean;
  /** Whether it has its places in the orders, unless it is pinned. */
  readonly isPlaced: boolean;
  /** Whether its row speaks of files. */
  readonly hasFiles: boolean;
  readonly stamp: number;
  readonly uses: number;
  readonly usedMs: number;
  readonly createdMs: number;
  readonly durationMs: number;
  /** What it takes on disk, with its row. */
  readonly bytes: number;
  /** Of two results the one with the lower number goes first. */
  readonly priority: number;
}

/** Which results go first. */
export type Order = "cost" | "lru";

const ROW_KEY_LENGTH = 24;
const MARK_LENGTH = 8;
const VERSION = 1;
const LENGTH = 56;
const FLAG_PINNED = 1;
const FLAG_PLACED = 2;
const FLAG_FILES = 4;
const USAGE_SUFFIX = "u".charCodeAt(0);

/** What is behind the rows begins with this. */
function tableKey(letter: string, length = 0): Uint8Array {
  const key = new Uint8Array(MARK_LENGTH + 1 + length);
  key.fill(0xff, 0, MARK_LENGTH);
  key[MARK_LENGTH] = letter.charCodeAt(0);
  return key;
}

export const TOTALS_KEY: Uint8Array = tableKey("t");
export const COUNTED_KEY: Uint8Array = tableKey("m");
export const AGE_TABLE: Uint8Array = tableKey("a");
export const DOOMED_TABLE: Uint8Array = tableKey("x");
export const NEW_TABLE: Uint8Array = tableKey("n");
const COST_TABLE = tableKey("c");
const LAST_USE_TABLE = tableKey("l");

export function orderTable(order: Order): Uint8Array {
  return order === "cost" ? COST_TABLE : LAST_USE_TABLE;
}

/** Whether a key of the index stands behind all rows. */
export function isBehindRows(key: Uint8Array): boolean {
  for (let i = 0; i < MARK_LENGTH; i++) if (key[i] !== 0xff) return false;
  return true;
}

/** Whether a key that is not behind the rows is that of a row. */
export function isRowKey(key: Uint8Array): boolean {
  return key.byteLength === ROW_KEY_LENGTH;
}

export function usageKey(row: Uint8Array): Uint8Array {
  const key = new Uint8Array(row.byteLength + 1);
  key.set(row);
  key[row.byteLength] = USAGE_SUFFIX;
  return key;
}

/** A number as it is written into a key: small arrays have no buffer of their own until asked for it. */
const numberView = new DataView(new ArrayBuffer(8));
const numberBytes = new Uint8Array(numberView.buffer);

/** A key in the order of `numbers`. */
export function numberedKey(
  table: Uint8Array,
  numbers: readonly number[],
  row: Uint8Array,
): Uint8Array {
  const key = new Uint8Array(table.byteLength + 8 * numbers.length + row.byteLength);
  key.set(table);
  let at = table.byteLength;
  for (const number of numbers) {
    numberView.setFloat64(0, number);
    key.set(numberBytes, at);
    at += 8;
  }
  key.set(row, at);
  return key;
}

/** The first number of a {@link numberedKey}. */
export function numberOf(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset).getFloat64(MARK_LENGTH + 1);
}

/** The key of the row that a {@link numberedKey} speaks of. */
export function rowOf(key: Uint8Array): Uint8Array {
  return key.slice(key.byteLength - ROW_KEY_LENGTH);
}

/** What the keys of all rows of a function begin with, as text. */
export function functionOf(row: Uint8Array): string {
  return Buffer.from(row.buffer, row.byteOffset, MARK_LENGTH).toString("latin1");
}

/** The places of a result in the orders. */
export function placesOf(row: Uint8Array, usage: Usage): Uint8Array[] {
  if (usage.isPinned) return [];
  if (!usage.isPlaced) return [numberedKey(NEW_TABLE, [usage.createdMs], row)];
  return [
    numberedKey(COST_TABLE, [usage.priority, usage.usedMs], row),
    numberedKey(LAST_USE_TABLE, [usage.usedMs], row),
    numberedKey(AGE_TABLE, [usage.createdMs], row),
  ];
}

/**
 * The priority of GreedyDual-Size-Frequency: what computing it again costs for each byte that it
 * takes, as often as it was used; on top of what had come up to be removed when it was used last.
 *
 * @param inflation the highest priority that was removed so far
 */
export function priorityOf(
  { uses, durationMs, bytes }: Pick<Usage, "uses" | "durationMs" | "bytes">,
  inflation: number,
): number {
  return inflation + (uses * durationMs) / Math.max(1, bytes);
}

/** A usage with its {@link priorityOf}. */
export function withPriority(usage: Omit<Usage, "priority">, inflation: number): Usage {
  return { ...usage, priority: priorityOf(usage, inflation) };
}

/** What a usage is written into, before it is copied. */
const usageView = new DataView(new ArrayBuffer(LENGTH));
const usageBytes = new Uint8Array(usageView.buffer);

export function encodeUsage(usage: Usage): Uint8Array {
  usageView.setUint8(0, VERSION);
  usageView.setUint8(1, flagsOf(usage));
  usageView.setUint32(4, usage.stamp, true);
  usageView.setFloat64(8, usage.uses, true);
  usageView.setFloat64(16, usage.usedMs, true);
  usageView.setFloat64(24, usage.createdMs, true);
  usageView.setFloat64(32, usage.durationMs, true);
  usageView.setFloat64(40, usage.bytes, true);
  usageView.setFloat64(48, usage.priority, true);
  return usageBytes.slice();
}

function flagsOf({ isPinned, isPlaced, hasFiles }: Usage): number {
  const placed = isPlaced ? FLAG_PLACED : 0;
  return (isPinned ? FLAG_PINNED : 0) | placed | (hasFiles ? FLAG_FILES : 0);
}

/** @returns `undefined` for what this release does not know */
export function decodeUsage(bytes: Uint8Array): Usage | undefined {
  if (bytes.byteLength !== LENGTH || bytes[0] !== VERSION) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, LENGTH);
  return {
    isPinned: (view.getUint8(1) & FLAG_PINNED) !== 0,
    isPlaced: (view.getUint8(1) & FLAG_PLACED) !== 0,
    hasFiles: (view.getUint8(1) & FLAG_FILES) !== 0,
    stamp: view.getUint32(4, true),
    uses: view.getFloat64(8, true),
    usedMs: view.getFloat64(16, true),
    createdMs: view.getFloat64(24, true),
    durationMs: view.getFloat64(32, true),
    bytes: view.getFloat64(40, true),
    priority: view.getFloat64(48, true),
  };
}
