/** Where the result of a call stands: the key of its row, and the names of its files. */
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { xxh64 } from "../store/hash.ts";
import { type FunctionIdentity, slugOf } from "./identity.ts";
import { type CallKey, keyHex } from "./key.ts";

const PREFIX_LENGTH = 8;

/** Start of the row keys of a function, in all its versions, so that they stand together. */
export function rowPrefix({ id }: Pick<FunctionIdentity, "id">): Uint8Array {
  const prefix = new Uint8Array(PREFIX_LENGTH);
  new DataView(prefix.buffer).setBigUint64(0, xxh64(Buffer.from(id, "utf8")));
  return prefix;
}

/** The key of the call that a row is of, 32 hexadecimal digits. */
export function keyOfRow(row: Uint8Array): string {
  return keyHex(row.subarray(PREFIX_LENGTH));
}

/** The address of a result that was found in the index. */
export function addressOfRow(
  row: Uint8Array,
  { functionId: id }: Pick<Entry, "functionId">,
): Address {
  const [prefix, key] = [row.subarray(0, PREFIX_LENGTH), row.subarray(PREFIX_LENGTH)];
  return new CallAddress(prefix, key, { id, slug: slugOf(id) });
}

/**
 * The address that a result of a function has, by the key of its row: of a row that is not of this
 * function it is another row's.
 */
export function addressOfResult(row: Uint8Array, id: string): Address {
  return new CallAddress(rowPrefix({ id }), row.subarray(PREFIX_LENGTH), { id, slug: slugOf(id) });
}

export class CallAddress implements Address {
  readonly row: Uint8Array;
  readonly functionId: string;
  readonly slug: string;

  constructor(
    prefix: Uint8Array,
    key: CallKey,
    { id, slug }: Pick<FunctionIdentity, "id" | "slug">,
  ) {
    this.row = new Uint8Array(PREFIX_LENGTH + key.byteLength);
    this.row.set(prefix);
    this.row.set(key, PREFIX_LENGTH);
    this.functionId = id;
    this.slug = slug;
  }

  /** Made when asked for: most hits need no file and no name. */
  get name(): string {
    return keyOfRow(this.row);
  }
}
