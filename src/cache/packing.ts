/** How the arrays of results are compressed: of a whole cache, of a function, of single arrays. */
import type { Shuffle } from "../blosc/codec.ts";
import { type ChunkSize, calculateNchunks } from "../format/chunking.ts";
import type { TypedArray } from "../format/dtype.ts";
import { checkOptionNames } from "../format/option-names.ts";
import { packNdarray } from "../format/pack-ndarray.ts";

export interface Packing {
  /** Codec of the files; default `"lz4"`. */
  readonly cname?: string;
  /** 0 (none) to 9 (smallest); default 5. */
  readonly clevel?: number;
  /** Default `"shuffle"`, by the size of the array's elements. */
  readonly shuffle?: Shuffle;
  /** Plain bytes per chunk, rounded down to whole items; default `"1M"`, of series `"256K"`. */
  readonly chunkSize?: ChunkSize;
}

/** One way for all arrays, or one for each; `undefined` leaves an array to the cache's. */
export type PackingOption = Packing | ((array: TypedArray | ArrayBuffer) => Packing | undefined);

const NAMES = ["cname", "clevel", "shuffle", "chunkSize"];

/** The largest item that a typed array holds is a complex number of two Float64, bytes. */
const LARGEST_ITEM = 16;

/**
 * As the format takes it.
 *
 * @param owner what messages call it: `Memory`, `packing`
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function checkPacking(packing: Packing, owner: string): Packing {
  checkOptionNames(packing, NAMES, owner);
  // Packing for the first time takes milliseconds, which a process that only reads need not spend.
  if (Object.keys(packing).length === 0) return packing;
  const { chunkSize } = packing;
  const checked = chunkSize === undefined ? packing : { ...packing, chunkSize: whole(chunkSize) };
  // Says now what would otherwise be said when the first large result is stored.
  packNdarray(new Uint8Array(1), checked);
  return checked;
}

/** Rounds a chunk size down, so that chunks hold whole items of every kind. */
function whole(chunkSize: ChunkSize): number {
  const { chunkSize: nbytes } = calculateNchunks(Number.MAX_SAFE_INTEGER, chunkSize);
  return Math.max(1, Math.floor(nbytes / LARGEST_ITEM)) * LARGEST_ITEM;
}

/** The packing of each array. @throws {TypeError | RangeError} as {@link checkPacking} does */
export function packingOf(
  option: PackingOption | undefined,
): ((array: TypedArray | ArrayBuffer) => Packing | undefined) | undefined {
  if (option === undefined) return undefined;
  if (typeof option !== "function") {
    const packing = checkPacking(option, "packing");
    return () => packing;
  }
  return (array) => {
    const packing = option(array);
    return packing === undefined ? undefined : checkPacking(packing, "packing");
  };
}
