/**
 * Arrays as numpy's `.npy`, format 1.0: the magic `\x93NUMPY`, 1, 0, the length of the header (u16,
 * little-endian), the header, the items. The header is a Python dictionary, filled up with blanks
 * and one line end so that the items begin at a multiple of 64.
 */
import type { Order } from "../../format/ndarray.ts";

const MAGIC = Buffer.from("\x93NUMPY\x01\x00", "latin1");
const ALIGNMENT = 64;
const LONGEST_HEADER = 0xffff;

export interface NpyArray {
  /** numpy's name: `"<f8"`, or of a structure `"[('a', '<i4'), ...]"`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly order: Order;
}

/** What stands before the items. @throws {RangeError} when format 1.0 has no room for it */
export function npyHead({ dtype, shape, order }: NpyArray): Uint8Array {
  const descr = dtype.startsWith("[") ? dtype : `'${dtype}'`;
  const lengths = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const fortran = order === "F" ? "True" : "False";
  const text = `{'descr': ${descr}, 'fortran_order': ${fortran}, 'shape': (${lengths}), }`;
  const before = MAGIC.byteLength + 2;
  const end = Math.ceil((before + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const length = end - before;
  if (length > LONGEST_HEADER)
    throw new RangeError("its dtype is too long for the .npy format 1.0");
  const head = Buffer.alloc(end, " ");
  MAGIC.copy(head);
  head.writeUInt16LE(length, MAGIC.byteLength);
  head.write(text, before, "latin1");
  head.write("\n", end - 1, "latin1");
  return head;
}
