/** What a file says of itself: everything before the first chunk, and that chunk's header. */
import { CHECKSUMS, type ChecksumName } from "../blosc/checksum.ts";
import { BLOSC_HEADER_LENGTH, FORMAT_VERSION, HEADER_LENGTH } from "../format/constants.ts";
import { type Head, readHead } from "../format/head.ts";
import type { Header } from "../format/header.ts";
import type { Metadata } from "../format/metadata.ts";
import type { ByteSource } from "../format/source.ts";
import { withStoredFile } from "./stored-file.ts";

/** The fields of a metadata header, as stored. */
export interface MetadataHeader {
  readonly magicFormat: string;
  readonly metaOptions: number;
  readonly metaChecksum: ChecksumName;
  readonly metaCodec: "None" | "zlib";
  readonly metaLevel: number;
  readonly metaSize: number;
  readonly maxMetaSize: number;
  readonly metaCompSize: number;
  readonly userCodec: string;
}

/** C-Blosc's header of a chunk, and what its flags mean. */
export interface ChunkHeader {
  readonly version: number;
  readonly versionlz: number;
  readonly flags: number;
  readonly typesize: number;
  readonly nbytes: number;
  readonly blocksize: number;
  readonly cbytes: number;
  /** `"lz4"` stands for lz4hc too: a file does not tell which. */
  readonly codec: string;
  readonly byteShuffle: boolean;
  readonly bitShuffle: boolean;
  /** The plain bytes as they are: compression would not pay. */
  readonly memcpyed: boolean;
  readonly split: boolean;
}

export interface FileInfo {
  /** Bytes of the file. */
  readonly cbytes: number;
  /** Plain bytes; `undefined` when the header leaves them open. */
  readonly nbytes: number | undefined;
  readonly header: Header & { readonly formatVersion: number };
  readonly metadataHeader: MetadataHeader | undefined;
  readonly metadata: Metadata | undefined;
  readonly offsets: Float64Array | undefined;
  readonly firstChunk: ChunkHeader | undefined;
}

const CODECS = ["blosclz", "lz4", "snappy", "zlib", "zstd"];

/**
 * Reads what a file says of itself, and none of its data.
 *
 * @throws {BloscpackError} when the file does not start as a Bloscpack file does
 */
export function readInfo(path: string): Promise<FileInfo> {
  return withStoredFile(path, readInfoFrom);
}

/** {@link readInfo} of a file that is open. */
export async function readInfoFrom(source: ByteSource): Promise<FileInfo> {
  const head = await readHead(source);
  const bytes = (await source.read(0, head.length)).slice();
  const chunk = await source.read(head.length, BLOSC_HEADER_LENGTH);
  return {
    cbytes: source.size,
    nbytes: plainSize(head),
    header: { formatVersion: FORMAT_VERSION, ...head.header },
    metadataHeader: head.header.metadata ? readMetadataHeader(bytes) : undefined,
    metadata: head.metadata,
    offsets: head.offsets,
    firstChunk: chunk.byteLength < BLOSC_HEADER_LENGTH ? undefined : readChunkHeader(chunk),
  };
}

function plainSize({ header: { nchunks, chunkSize, lastChunk } }: Head): number | undefined {
  if (nchunks === 0n) return 0;
  if (nchunks < 0n || chunkSize < 0 || lastChunk < 0) return undefined;
  return (Number(nchunks) - 1) * chunkSize + lastChunk;
}

/** REQUIRES: the section has been checked. */
function readMetadataHeader(bytes: Uint8Array): MetadataHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset + HEADER_LENGTH);
  const text = (at: number) =>
    Buffer.from(view.buffer, view.byteOffset + at, 8)
      .toString("latin1")
      .replace(/\0+$/, "");
  return {
    magicFormat: text(0),
    metaOptions: view.getUint8(8),
    metaChecksum: CHECKSUMS[view.getUint8(9)]?.name ?? "None",
    metaCodec: view.getUint8(10) === 0 ? "None" : "zlib",
    metaLevel: view.getUint8(11),
    metaSize: view.getUint32(12, true),
    maxMetaSize: view.getUint32(16, true),
    metaCompSize: view.getUint32(20, true),
    userCodec: text(24),
  };
}

function readChunkHeader(bytes: Uint8Array): ChunkHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(2);
  return {
    version: view.getUint8(0),
    versionlz: view.getUint8(1),
    flags,
    typesize: view.getUint8(3),
    nbytes: view.getUint32(4, true),
    blocksize: view.getUint32(8, true),
    cbytes: view.getUint32(12, true),
    codec: CODECS[flags >> 5] ?? String(flags >> 5),
    byteShuffle: (flags & 0x01) !== 0,
    bitShuffle: (flags & 0x04) !== 0,
    memcpyed: (flags & 0x02) !== 0,
    split: (flags & 0x10) === 0,
  };
}
