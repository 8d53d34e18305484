/** Bloscpack files of plain bytes, by path. */
import {
  type PackBytesOptions,
  planPackBytes,
  type UnpackedBytes,
  unpackBytesFrom,
  unpackBytesFromSync,
} from "../format/bytes.ts";
import type { ReadOptions } from "../format/contents.ts";
import { pack, packSync } from "../format/pack.ts";
import { publish, publishSync } from "./publication.ts";
import { withStoredFile, withStoredFileSync } from "./stored-file.ts";

/**
 * Writes bytes to a Bloscpack file, which appears under its name when it is complete. The bytes
 * must not change until the promise resolves.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export async function packBytesToFile(
  path: string,
  bytes: Uint8Array,
  options?: PackBytesOptions,
): Promise<void> {
  const plan = planPackBytes(bytes, options);
  await publish({ path }, (sink) => pack(plan, sink));
}

/** {@link packBytesToFile}, synchronously. */
export function packBytesToFileSync(
  path: string,
  bytes: Uint8Array,
  options?: PackBytesOptions,
): void {
  const plan = planPackBytes(bytes, options);
  publishSync({ path }, (sink) => packSync(plan, sink));
}

/**
 * Reads a Bloscpack file of any content.
 *
 * @throws {BloscpackError} when it is not a valid Bloscpack file
 */
export async function unpackBytesFromFile(
  path: string,
  options?: ReadOptions,
): Promise<UnpackedBytes> {
  return withStoredFile(path, (source) => unpackBytesFrom(source, options));
}

/** {@link unpackBytesFromFile}, synchronously. */
export function unpackBytesFromFileSync(path: string, options?: ReadOptions): UnpackedBytes {
  return withStoredFileSync(path, (source) => unpackBytesFromSync(source, options));
}
