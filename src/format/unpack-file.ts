/**
 * Unpacking a file of the system's whose offsets say where all chunks are: every thread reads the
 * chunks that it decodes. Only what is certain is done here. Whatever is not as a sound file has
 * it, is left to the batches of `unpack.ts`, which say what it is.
 */
import { canReadChunkFiles, decompressFile, decompressFileAsync } from "../blosc/chunk-files.ts";
import { allocate } from "../blosc/codec.ts";
import { announcedSize, isAnnounced } from "./chunk-walk.ts";
import type { Head } from "./head.ts";
import type { ByteSourceSync, OpenFile } from "./source.ts";

/** Fewer plain bytes are as soon read at once. */
const MIN_NBYTES = 1024 * 1024;

/** The most plain bytes for a stored one that memory is taken for, before any chunk was looked at. */
const MAX_RATIO = 256;

type Source = Pick<ByteSourceSync, "size"> & Partial<OpenFile>;

/** Where the chunks of a file are. */
interface Layout {
  readonly descriptor: number;
  readonly nbytes: number;
  /** One for each chunk, and the end of the file. */
  readonly positions: Float64Array;
}

/**
 * The plain bytes of all chunks behind `head`, verified; `undefined` if they cannot be had in this
 * way.
 *
 * @param check called with the plain size before memory is taken for it
 */
export function unpackFileSync(
  source: Source,
  head: Head,
  check?: (nbytes: number) => void,
): ArrayBuffer | undefined {
  const layout = layoutOf(source, head);
  if (layout === undefined) return undefined;
  const { descriptor, positions, nbytes } = layout;
  const { chunkSize, checksum } = head.header;
  check?.(nbytes);
  const plain = allocate(nbytes);
  const ok = decompressFile(descriptor, positions, new Uint8Array(plain), chunkSize, checksum);
  return ok ? plain : undefined;
}

/** {@link unpackFileSync} off the main thread. */
export async function unpackFile(
  source: Source,
  head: Head,
  check?: (nbytes: number) => void,
): Promise<ArrayBuffer | undefined> {
  const layout = layoutOf(source, head);
  if (layout === undefined) return undefined;
  const { descriptor, positions, nbytes } = layout;
  const { chunkSize, checksum } = head.header;
  check?.(nbytes);
  const plain = allocate(nbytes);
  const bytes = new Uint8Array(plain);
  const ok = await decompressFileAsync(descriptor, positions, bytes, chunkSize, checksum);
  return ok ? plain : undefined;
}

function layoutOf(source: Source, head: Head): Layout | undefined {
  const { descriptor, size } = source;
  const { offsets } = head;
  if (!canReadChunkFiles || descriptor === undefined) return undefined;
  if (offsets === undefined || !isAnnounced(head)) return undefined;
  const nbytes = announcedSize(head);
  const nchunks = Number(head.header.nchunks);
  if (nbytes < MIN_NBYTES || nbytes > size * MAX_RATIO) return undefined;
  if (nchunks !== Math.ceil(nbytes / head.header.chunkSize)) return undefined;
  if (offsets.length < nchunks || offsets[0] !== head.length) return undefined;
  const positions = new Float64Array(nchunks + 1);
  for (let i = 0; i < nchunks; i++) positions[i] = offsets[i] as number;
  positions[nchunks] = size;
  return { descriptor, nbytes, positions };
}
