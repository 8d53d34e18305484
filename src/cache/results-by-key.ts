/** Results by their keys, as people give them: the first digits may do. */
import type { Entry } from "../store/entry.ts";
import type { Inventory } from "../store/inventory.ts";
import { keyOfRow, rowPrefix } from "./address.ts";

/** Of a whole key, hexadecimal. */
const KEY_DIGITS = 32;

/**
 * The results whose keys begin with these hexadecimal digits, of one function or of all.
 *
 * @throws {StoreError} when the index cannot be read
 */
export function* resultsByKey(
  inventory: Inventory,
  digits: string,
  id?: string,
): Generator<{ row: Uint8Array; entry: Entry }, void, undefined> {
  const whole = Buffer.from(digits.slice(0, digits.length & ~1), "hex");
  const prefix = id === undefined ? new Uint8Array() : Buffer.concat([rowPrefix({ id }), whole]);
  const isMeant = (row: Uint8Array) => keyOfRow(row).startsWith(digits);
  // One row that is known by its key takes no scan.
  const one = id !== undefined && digits.length === KEY_DIGITS ? inventory.row(prefix) : undefined;
  for (const { row, entry } of one === undefined ? inventory.rows(prefix, isMeant) : [one]) {
    if (entry !== undefined) yield { row, entry };
  }
}
