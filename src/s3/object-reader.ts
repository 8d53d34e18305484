/** Opens Bloscpack files that are objects, for reading parts of them. */
import type { OpenOptions } from "../format/contents.ts";
import { type ArrayReader, type BytesReader, openSource, type Reader } from "../format/reader.ts";
import { ObjectBytes } from "./object-bytes.ts";
import { OBJECT_OPTIONS, Place, type S3ObjectOptions } from "./place.ts";

export interface S3ReaderOptions extends S3ObjectOptions {
  /** Ends what is under way: it rejects with the signal's reason, and so does all that follows. */
  readonly signal?: AbortSignal | undefined;
}

const OPTION_NAMES = [...OBJECT_OPTIONS, "signal"];

/**
 * Opens a Bloscpack file that is an object: one request, for its head. A slice is one more for all
 * chunks in a row that hold it, 8 MiB of them at a time, and for no others; of a file without offsets,
 * the headers of the chunks before it are asked for as well, one by one.
 *
 * All that is read is of the version that was opened: where another has taken its place, reading
 * fails. Close the reader, or bind it with `await using` where the language has that.
 *
 * @throws {StoreError} when there is no such object, or the store refuses; and so do the reader's calls
 * @throws {BloscpackError} when the head is not that of a valid file
 * @throws {TypeError | RangeError} for an option, named in the message; for a file of more plain
 *   bytes than `maxBytes`
 */
export function open(
  object: S3ReaderOptions,
  options: OpenOptions & { readonly as: "array" },
): Promise<ArrayReader>;
export function open(
  object: S3ReaderOptions,
  options: OpenOptions & { readonly as: "bytes" },
): Promise<BytesReader>;
export function open(object: S3ReaderOptions, options?: OpenOptions): Promise<Reader>;
export async function open(object: S3ReaderOptions, options: OpenOptions = {}): Promise<Reader> {
  const place = new Place(object, OPTION_NAMES, "open");
  try {
    const bytes = await ObjectBytes.open(place, object.signal);
    return await openSource(bytes, options, () => place.release());
  } catch (error) {
    place.release();
    throw error;
  }
}
