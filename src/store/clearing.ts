/** Removing many rows, some in each transaction. */
import type { Address } from "./address.ts";
import { scanRows } from "./books.ts";
import { decodeEntry, type Entry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import type { Rows } from "./rows.ts";

const BATCH = 64;

export interface Clearing {
  readonly addressOf: (row: Uint8Array, entry: Entry) => Address;
  readonly isWanted: (entry: Entry) => boolean;
  /** Removes one result with its files; whether it was there. */
  readonly delete: (address: Address) => boolean;
}

interface Cleared {
  readonly address: Address;
  /** Whose files are to go; `undefined` where they have gone. */
  readonly entry: Entry | undefined;
}

/**
 * Removes the rows that are wanted out of those whose keys begin with `prefix`, and damaged ones.
 *
 * @returns what was removed, one after another
 */
export function* clearRows(
  index: IndexDb,
  rows: Rows,
  prefix: Uint8Array,
  clearing: Clearing,
): Generator<Cleared, void, undefined> {
  let batch: { address: Address; entry: Entry }[] = [];
  for (const { key, row } of scanRows(index, prefix)) {
    const entry = decodeEntry(row);
    const own = Uint8Array.from(key);
    if (entry === undefined) rows.remove(own);
    else if (clearing.isWanted(entry)) {
      batch.push({ address: clearing.addressOf(own, entry), entry });
    }
    if (batch.length < BATCH) continue;
    yield* removeBatch(rows, batch, clearing);
    batch = [];
  }
  yield* removeBatch(rows, batch, clearing);
}

function* removeBatch(
  rows: Rows,
  batch: readonly { readonly address: Address; readonly entry: Entry }[],
  clearing: Clearing,
): Generator<Cleared, void, undefined> {
  const removed = rows.removeMany(batch.map(({ address }) => address.row));
  for (const [i, { address, entry }] of batch.entries()) {
    if (removed[i] === true) yield { address, entry };
    // Somebody has changed it meanwhile.
    else if (clearing.delete(address)) yield { address, entry: undefined };
  }
}
