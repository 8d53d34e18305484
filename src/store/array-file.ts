/** Bloscpack files of one array, by path. */
import type { ReadOptions } from "../format/contents.ts";
import type { ArrayInput, Ndarray, UnpackedData, UnpackNdarrayOptions } from "../format/ndarray.ts";
import { pack, packSync } from "../format/pack.ts";
import {
  type PackNdarrayOptions,
  planPackNdarray,
  unpackNdarrayFrom,
  unpackNdarrayFromSync,
} from "../format/pack-ndarray.ts";
import { publish, publishSync } from "./publication.ts";
import { withStoredFile, withStoredFileSync } from "./stored-file.ts";

/**
 * Writes an array to a Bloscpack file, which Python's `bloscpack.unpack_ndarray_from_file` reads.
 * The file appears under its name when it is complete; a failed write leaves nothing.
 *
 * The array must not change until the promise resolves.
 *
 * @throws {TypeError | RangeError} for an array or an option, named in the message
 */
export async function packNdarrayToFile(
  path: string,
  array: ArrayInput,
  options?: PackNdarrayOptions,
): Promise<void> {
  const plan = planPackNdarray(array, options);
  await publish({ path }, (sink) => pack(plan, sink));
}

/** {@link packNdarrayToFile}, synchronously. */
export function packNdarrayToFileSync(
  path: string,
  array: ArrayInput,
  options?: PackNdarrayOptions,
): void {
  const plan = planPackNdarray(array, options);
  publishSync({ path }, (sink) => packSync(plan, sink));
}

/**
 * Reads an array from a Bloscpack file.
 *
 * @throws {BloscpackError} when the file is not a valid Bloscpack file of an array; the system's own
 *   error when it cannot be read
 */
export async function unpackNdarrayFromFile<Raw extends boolean = false>(
  path: string,
  options?: UnpackNdarrayOptions<Raw> & ReadOptions,
): Promise<Ndarray<UnpackedData<Raw>>> {
  return withStoredFile(path, (source) => unpackNdarrayFrom(source, options));
}

/** {@link unpackNdarrayFromFile}, synchronously. */
export function unpackNdarrayFromFileSync<Raw extends boolean = false>(
  path: string,
  options?: UnpackNdarrayOptions<Raw> & ReadOptions,
): Ndarray<UnpackedData<Raw>> {
  return withStoredFileSync(path, (source) => unpackNdarrayFromSync(source, options));
}
