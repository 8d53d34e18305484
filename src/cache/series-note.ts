/** What goes with the items of a series that are stored: a value of the caller's, kept in the row. */
import { ValueError } from "../errors.ts";
import { describeArray } from "../format/ndarray.ts";
import type { SeriesNote } from "../store/series-row.ts";
import { Adapters } from "./result-adapters.ts";
import { putTogether } from "./result-reader.ts";
import { takeApart } from "./result-writer.ts";

/** The row is written anew with every commit: more would belong into the items, bytes. */
const MAX_NOTE_BYTES = 1024 * 1024;

/** Objects of other libraries are for results; a note is read where none are registered. */
const NO_ADAPTERS = new Adapters();

export const NO_NOTE: SeriesNote = { text: "", arrays: [] };

/**
 * A copy of the value, as it is now; `undefined` is none.
 *
 * @throws {ValueError} for what cannot be stored, or is too large
 */
export function noteOf(value: unknown): SeriesNote {
  if (value === undefined) return NO_NOTE;
  const { skeleton, arrays } = takeApart(value, NO_ADAPTERS);
  const inline = arrays.map(({ kind, input }) => {
    return { kind, plain: Uint8Array.from(describeArray(input).bytes) };
  });
  const nbytes = inline.reduce((sum, { plain }) => sum + plain.byteLength, skeleton.length);
  if (nbytes <= MAX_NOTE_BYTES) return { text: skeleton, arrays: inline };
  throw new ValueError("state", `it takes ${nbytes} bytes, and at most ${MAX_NOTE_BYTES} are kept`);
}

/** The value again, in memory of its own; `undefined` also where this runtime lacks its class. */
export function noteValue({ text, arrays }: SeriesNote): unknown {
  if (text === "") return undefined;
  const kinds = arrays.map(({ kind }) => kind);
  const plains = arrays.map(({ plain }) => Uint8Array.from(plain).buffer);
  return putTogether(text, kinds, plains, NO_ADAPTERS)?.value;
}
