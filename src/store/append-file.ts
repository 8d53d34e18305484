/**
 * Appending to a Bloscpack file, in time that depends on what is appended and not on the file.
 *
 * New chunks are written behind the end of the old ones, where no reader looks. What has to change
 * in place (the header, the shape in the metadata, some offsets, the bytes of the last chunk) then
 * changes all at once under a journal. When the offsets table is full, or there is no other way,
 * the file is written anew around its chunks, as they are, and renamed. `docs/append.md`.
 */
import { type CompressOptions, compress, compressAsync } from "../blosc/codec.ts";
import { NotEnoughSpace } from "../errors.ts";
import {
  type AppendCompression,
  appendCompression,
  Growth,
  growingChunkSize,
  slotSizeOf,
  slotsOf,
} from "../format/append.ts";
import { encodeMetadata } from "../format/metadata.ts";
import {
  grownMetadata,
  metadataArgsOf,
  type Rows,
  replaceMetadata,
  rowsOf,
} from "../format/metadata-section.ts";
import { type ArrayInput, decodeArrayHeader, describeArray } from "../format/ndarray.ts";
import { checkOptionNames } from "../format/option-names.ts";
import { batchSizeOf } from "../format/pack.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import { type AppendSource, ChunkFeed, inputOf, type PlainInput } from "./append-input.ts";
import { changeFile } from "./exclusive-file.ts";
import { GrowingFile } from "./growing-file.ts";
import { checkDurability } from "./journal.ts";
import type { Durability } from "./publication.ts";
import { run, runSync, type Steps, step } from "./steps.ts";

/** How to append. */
export interface AppendOptions extends AppendCompression {
  /**
   * What to do when there is no room, in the offsets table or in the metadata section. `"grow"`,
   * the default: write the file anew around its chunks, with room for as many again.
   * `"error"`: throw {@link NotEnoughSpace}; nothing is changed.
   */
  readonly whenFull?: "grow" | "error";
  /** What an append survives: `"relaxed"` (the default) a killed process, `"strict"` a power cut. */
  readonly durability?: Durability;
}

const COMPRESSION_NAMES = ["cname", "clevel", "shuffle", "typesize", "nthreads"];
const OPTION_NAMES = [...COMPRESSION_NAMES, "whenFull", "durability"];

/** What an append did. */
export interface Appended {
  /** Plain bytes that were added. */
  readonly nbytes: number;
  /** Chunks of the file now. */
  readonly nchunks: number;
  /** Whether the file was written anew, because it had no room. */
  readonly rewritten: boolean;
}

/**
 * Appends plain bytes to a Bloscpack file: bytes, an iterable of them (a generator, a stream), or a
 * source. Killed at any instant, the file is afterwards as before or as after; when this throws, as
 * before, unless the error says that the bytes are written and only not yet durable. A file that holds an array has to get whole rows, and its shape is updated.
 *
 * A source is closed in any case. A `Uint8Array` must not change until the promise resolves.
 *
 * @throws {TypeError | RangeError} for an argument, or bytes that are not whole rows of an array, or
 *   not as many as the source has announced
 * @throws {BloscpackError} when the file is damaged; its last chunk is verified before it is replaced
 * @throws {StoreError} with a cause of code `ELOCKED` when another append is at work on the file;
 *   with the operation `"make durable"` when `"strict"` fails after the append is through
 * @throws {NotEnoughSpace} with `whenFull: "error"`
 */
export async function append(
  path: string,
  source: AppendSource,
  options: AppendOptions = {},
): Promise<Appended> {
  return run(appendInput(path, inputOf(source), options));
}

/** {@link append}, synchronously: an asynchronous source is a `TypeError`. */
export function appendSync(
  path: string,
  source: AppendSource,
  options: AppendOptions = {},
): Appended {
  return runSync(appendInput(path, inputOf(source), options));
}

/** {@link append} of bytes. */
export async function appendBytes(
  path: string,
  bytes: Uint8Array,
  options: AppendOptions = {},
): Promise<Appended> {
  return run(appendInput(path, inputOf(requireBytes(bytes)), options));
}

/** {@link appendBytes}, synchronously. */
export function appendBytesSync(
  path: string,
  bytes: Uint8Array,
  options: AppendOptions = {},
): Appended {
  return runSync(appendInput(path, inputOf(requireBytes(bytes)), options));
}

/**
 * Appends rows along the first axis of the array in a Bloscpack file, as {@link append} does.
 *
 * @throws {TypeError} when dtype, order or the lengths behind the first are not those of the file
 */
export async function appendNdarray(
  path: string,
  array: ArrayInput,
  options: AppendOptions = {},
): Promise<Appended> {
  return run(appendArray(path, array, options));
}

/** {@link appendNdarray}, synchronously. */
export function appendNdarraySync(
  path: string,
  array: ArrayInput,
  options: AppendOptions = {},
): Appended {
  return runSync(appendArray(path, array, options));
}

function checkOptions(options: AppendOptions): void {
  checkOptionNames(options, OPTION_NAMES, "append");
  const { whenFull = "grow", durability = "relaxed" } = options;
  if (whenFull !== "grow" && whenFull !== "error") {
    throw new RangeError(`Option whenFull must be "grow" or "error": got "${String(whenFull)}"`);
  }
  checkDurability(durability);
}

function requireBytes(bytes: Uint8Array): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError("Bytes must be a Uint8Array");
}

function appendArray(path: string, array: ArrayInput, options: AppendOptions): Steps<Appended> {
  const { bytes, metadata } = describeArray(array);
  return appendInput(path, inputOf(bytes), options, ({ head }) => {
    const theirs = decodeArrayHeader(head.metadata);
    const ours = decodeArrayHeader(metadata);
    const found = `"${ours.dtype.name}" of shape [${ours.shape.join(", ")}], order "${ours.order}"`;
    const rest = theirs.shape.slice(1);
    const fits =
      ours.dtype.name === theirs.dtype.name &&
      (ours.order === theirs.order || rest.length === 0 || ours.shape.includes(0)) &&
      ours.shape.length === theirs.shape.length &&
      rest.every((length, i) => length === ours.shape[i + 1]);
    if (fits) return;
    throw new TypeError(
      `The file holds "${theirs.dtype.name}" of shape [${["n", ...rest].join(", ")}], order "${theirs.order}": got ${found}`,
    );
  });
}

/** @param check whether the input suits the file; throws if not */
function* appendInput(
  path: string,
  input: PlainInput,
  options: AppendOptions,
  check?: (file: GrowingFile) => void,
): Steps<Appended> {
  // Whatever is wrong, the source is closed.
  try {
    checkOptions(options);
    return yield* changeFile(path, function* (file, lock) {
      const growing = yield* GrowingFile.open(file, lock);
      try {
        check?.(growing);
        return yield* grow(growing, input, options);
      } finally {
        growing.close();
      }
    });
  } finally {
    yield* input.close();
  }
}

function* grow(file: GrowingFile, input: PlainInput, options: AppendOptions): Steps<Appended> {
  const { head, tail } = file;
  const rows = rowsOf(head.metadata, file.nbytes);
  const compression = appendCompression(head.header, tail, options);
  const chunkSize = growingChunkSize(tail, rows?.itemsize ?? compression.typesize);
  const replaces = tail.nchunks > 0 && tail.lastChunk < chunkSize;
  const stored = replaces ? yield* file.readLast() : new Uint8Array();
  const carry = replaces ? yield* file.unpackLast(stored) : stored;
  const growth = new Growth(tail, stored);
  const feed = new ChunkFeed(input, carry, chunkSize);
  const mayGrow = options.whenFull !== "error";
  const mayStay = () => head.header.nchunks !== -1n && growth.nchunks <= slotsOf(head);
  try {
    const isFull = () => !mayGrow && !mayStay();
    yield* compressAll(file, feed, growth, compression, chunkSize, isFull);
  } finally {
    feed.release();
  }
  const { nbytes } = feed;
  if (nbytes === 0) return { nbytes, nchunks: tail.nchunks, rewritten: false };
  const { section, fits } = sectionFor(file, rows, nbytes, mayGrow);
  const rewritten = !(fits && mayStay());
  const { durability = "relaxed" } = options;
  if (rewritten) yield* file.commitAnew(growth, chunkSize, section, durability);
  else yield* file.commitInPlace(growth, chunkSize, section, durability);
  return { nbytes, nchunks: growth.nchunks, rewritten };
}

function* compressAll(
  file: GrowingFile,
  feed: ChunkFeed,
  growth: Growth,
  compression: CompressOptions,
  chunkSize: number,
  isFull: () => boolean,
): Steps<void> {
  const slotSize = slotSizeOf(chunkSize, compression.checksum);
  let slots = new Uint8Array();
  try {
    for (;;) {
      const chunks = yield* feed.next(batchSizeOf(chunkSize));
      const lastChunk = chunks.at(-1)?.byteLength;
      if (lastChunk === undefined) return;
      if (slots.byteLength < chunks.length * slotSize) {
        if (slots.byteLength > 0) giveBack(slots);
        slots = takeScratch(chunks.length * slotSize) as Uint8Array<ArrayBuffer>;
      }
      const room = slots;
      const lengths = yield* step(
        () => compress(chunks, room, slotSize, compression),
        () => compressAsync(chunks, room, slotSize, compression),
      );
      const stored = Array.from(lengths, (n, i) => room.subarray(i * slotSize, i * slotSize + n));
      const placed = growth.place(stored, lastChunk);
      if (isFull()) throw new NotEnoughSpace("The file's offsets table has no room for the chunks");
      yield* file.write(placed);
    }
  } finally {
    if (slots.byteLength > 0) giveBack(slots);
  }
}

/** The metadata section after the append, and whether it fits where the old one is. */
function sectionFor(
  file: GrowingFile,
  rows: Rows | undefined,
  added: number,
  mayGrow: boolean,
): { section: Uint8Array; fits: boolean } {
  if (rows === undefined) return { section: file.section, fits: true };
  const metadata = grownMetadata(rows, added);
  try {
    return { section: replaceMetadata(file.headBytes, metadata), fits: true };
  } catch (error) {
    if (!(error instanceof NotEnoughSpace) || !mayGrow) throw error;
    return { section: encodeMetadata(metadata, metadataArgsOf(file.headBytes)), fits: false };
  }
}
