/** Where a result stands: its row in the index, and its files. */
import { join } from "node:path";
import { crypto } from "../blosc/late-modules.ts";
import type { Entry } from "./entry.ts";
import type { Layout } from "./location.ts";

/** Which result. */
export interface Address {
  /** Key of the row. */
  readonly row: Uint8Array;
  readonly functionId: string;
  /** Folder of the function, safe as a file name. */
  readonly slug: string;
  /** Hex digits, unique to the call: start of the file names. */
  readonly name: string;
}

/** At random, 32 bits: what tells a row and its files from earlier results of the call. */
export function newStamp(): number {
  // Unlike randomBytes() it asks the system for many at a time.
  return crypto().randomInt(2 ** 32);
}

/** The file of the n-th array of a result. @param stamp as the row has it */
export function objectPath(layout: Layout, address: Address, stamp: number, n: number): string {
  const { slug, name } = address;
  const file = `${name}-${stamp.toString(16).padStart(8, "0")}-${n}.blp`;
  return join(layout.objects, slug, name.slice(0, 2), file);
}

/** The files that a row speaks of, absolute paths in the order of its arrays; a small result has none. */
export function filesOf(layout: Layout, address: Address, { arrays, stamp }: Entry): string[] {
  return arrays.flatMap((array, n) =>
    "plain" in array ? [] : [objectPath(layout, address, stamp, n)],
  );
}
