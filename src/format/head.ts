/** What stands before the first chunk of a file: header, metadata and offsets, read together. */
import { BloscpackError } from "../errors.ts";
import { HEADER_LENGTH, META_HEADER_LENGTH, OFFSET_LENGTH } from "./constants.ts";
import { decodeHeader, type Header } from "./header.ts";
import { decodeMetadata, type Metadata, type MetadataSection, metadataEnd } from "./metadata.ts";
import { decodeOffsets, type Forgive } from "./offsets.ts";
import type { ByteSource, ByteSourceSync } from "./source.ts";

export interface Head {
  readonly header: Header;
  /** `undefined` when the file has none; JSON `null` is a value. */
  readonly metadata: Metadata | undefined;
  /** Positions of the chunks by the offsets table; `undefined` without one, or if unwritten. */
  readonly offsets: Float64Array | undefined;
  /** File position of the first chunk: the length of all this. */
  readonly length: number;
}

/** Enough to tell how long the head is. */
const PREFIX_LENGTH = HEADER_LENGTH + META_HEADER_LENGTH;

/** Reads the head of a file. @throws {BloscpackError} as {@link decodeHead} does */
export function readHeadSync(source: ByteSourceSync, forgive?: Forgive): Head {
  const length = measureHead(source.read(0, PREFIX_LENGTH), source.size);
  return decodeHead(source.read(0, length), source.size, forgive);
}

/** {@link readHeadSync} for sources that take time. */
export async function readHead(source: ByteSource, forgive?: Forgive): Promise<Head> {
  const length = measureHead(await source.read(0, PREFIX_LENGTH), source.size);
  return decodeHead(await source.read(0, length), source.size, forgive);
}

/** How many bytes have to be read for the head; no more than the file has. */
export function measureHead(prefix: Uint8Array, fileSize: number): number {
  const header = decodeHeader(prefix);
  const end = header.metadata ? metadataEnd(prefix) : HEADER_LENGTH;
  return Math.min(end + tableLength(header), fileSize);
}

function tableLength({ offsets, nchunks, maxAppChunks }: Header): number {
  return offsets ? Number(nchunks + maxAppChunks) * OFFSET_LENGTH : 0;
}

/**
 * Reads header, metadata and offsets from the first bytes of a file.
 *
 * @param forgive is told of metadata and offsets that the chunks can be read without; default throws
 * @throws {BloscpackError} TRUNCATED when they end too early, and with the codes of
 *   {@link decodeHeader}, {@link decodeMetadata}, {@link decodeOffsets}
 */
export function decodeHead(bytes: Uint8Array, fileSize: number, forgive?: Forgive): Head {
  const header = decodeHeader(bytes);
  const section = header.metadata ? readMetadata(bytes, forgive) : undefined;
  const position = section?.end ?? HEADER_LENGTH;
  const length = position + tableLength(header);
  if (length > bytes.byteLength) {
    throw new BloscpackError(
      "TRUNCATED",
      `the offsets end at byte ${length}, the file at ${bytes.byteLength}`,
      { section: "offsets", offset: bytes.byteLength },
    );
  }
  const slots = tableLength(header) / OFFSET_LENGTH;
  const place = { position, nchunks: Number(header.nchunks), slots, fileSize };
  const offsets = header.offsets
    ? attempt(() => decodeOffsets(bytes, place, forgive), /^BAD_OFFSET$/, forgive)
    : undefined;
  return { header, metadata: section?.value, offsets, length };
}

function readMetadata(bytes: Uint8Array, forgive: Forgive | undefined): HeadSection {
  const section = attempt(() => decodeMetadata(bytes), /^METADATA_/, forgive);
  return section ?? { value: undefined, end: metadataEnd(bytes) };
}

type HeadSection = Pick<MetadataSection, "end"> & { readonly value: Metadata | undefined };

/** Does without what cannot be read, if `forgive` is there to be told and the fault is one of `codes`. */
function attempt<T>(read: () => T, codes: RegExp, forgive: Forgive | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (forgive === undefined) throw error;
    if (!(error instanceof BloscpackError) || !codes.test(error.code)) throw error;
    forgive(error);
    return undefined;
  }
}
