/** `blpk info`: header, offsets and metadata in the reference's words, or all of it as JSON. */

import {
  type ChunkHeader,
  type FileInfo,
  type MetadataHeader,
  readInfoFrom,
} from "../../store/file-info.ts";
import { requireSeekable, withBytes } from "../endpoints.ts";
import { blaming } from "../failure.ts";
import type { Session } from "../session.ts";
import { exactSize } from "../sizes.ts";
import { formatMetadata, isNonFinite } from "./metadata.ts";

/** Offsets shown, of many. */
const OFFSETS_SHOWN = 5;

export async function info(
  session: Session,
  [file]: [string],
  { json }: { readonly json?: true },
): Promise<void> {
  await requireSeekable(file, session, "file");
  const found = await blaming(file, () => withBytes(file, session, readInfoFrom));
  if (json === true) process.stdout.write(`${toJson({ file, ...found })}\n`);
  else session.report.normal(describe(found).join("\n"));
}

function toJson(value: object): string {
  return JSON.stringify(value, (_name, field: unknown) => {
    // Standard JSON has no numbers for them, and null would be something else.
    if (isNonFinite(field)) return String(field);
    if (field instanceof Float64Array) return Array.from(field);
    if (typeof field !== "bigint") return field;
    return Number.isSafeInteger(Number(field)) ? Number(field) : String(field);
  });
}

function describe(found: FileInfo): string[] {
  const { header, offsets, metadata, metadataHeader, firstChunk, cbytes, nbytes } = found;
  return [
    ...block("BloscpackHeader:", {
      format_version: header.formatVersion,
      offsets: header.offsets,
      metadata: header.metadata,
      checksum: header.checksum,
      typesize: header.typesize,
      chunk_size: raw(exactSize(header.chunkSize)),
      last_chunk: raw(exactSize(header.lastChunk)),
      nchunks: raw(String(header.nchunks)),
      max_app_chunks: raw(String(header.maxAppChunks)),
    }),
    ...(offsets === undefined
      ? []
      : ["'offsets':", `[${offsets.slice(0, OFFSETS_SHOWN).join(",")},...]`]),
    ...(metadata === undefined ? [] : ["Metadata:", formatMetadata(metadata)]),
    ...(metadataHeader === undefined ? [] : describeMetadataHeader(metadataHeader)),
    ...(firstChunk === undefined ? [] : describeChunk(firstChunk)),
    ...block("Sizes:", {
      stored: raw(exactSize(cbytes)),
      plain: raw(nbytes === undefined ? "unknown" : exactSize(nbytes)),
      ratio: raw(nbytes === undefined ? "unknown" : (nbytes / cbytes).toFixed(6)),
    }),
  ];
}

function describeMetadataHeader(header: MetadataHeader): string[] {
  return block("MetadataHeader:", {
    magic_format: raw(`b'${header.magicFormat}'`),
    meta_options: header.metaOptions.toString(2).padStart(8, "0"),
    meta_checksum: header.metaChecksum,
    meta_codec: header.metaCodec,
    meta_level: header.metaLevel,
    meta_size: raw(exactSize(header.metaSize)),
    max_meta_size: raw(exactSize(header.maxMetaSize)),
    meta_comp_size: raw(exactSize(header.metaCompSize)),
    user_codec: raw(`b'${header.userCodec}'`),
  });
}

function describeChunk(chunk: ChunkHeader): string[] {
  const { version, versionlz, flags, typesize, nbytes, blocksize, cbytes } = chunk;
  const fields = { version, versionlz, flags, typesize, nbytes, blocksize, cbytes };
  return [
    ...block("First chunk blosc header:", fields),
    ...block("First chunk blosc flags:", {
      byte_shuffle: chunk.byteShuffle,
      pure_memcpy: chunk.memcpyed,
      bit_shuffle: chunk.bitShuffle,
      split_blocks: chunk.split,
      codec: chunk.codec,
    }),
  ];
}

/** Text that is printed without quotes. */
interface Raw {
  readonly raw: string;
}

function raw(text: string): Raw {
  return { raw: text };
}

/** Lines as the reference prints an object; values as Python does. */
function block(
  title: string,
  fields: { readonly [name: string]: number | boolean | string | Raw },
): string[] {
  const lines = Object.entries(fields).map(([name, value]) => `    ${name}: ${repr(value)}`);
  return [title, ...lines];
}

function repr(value: number | boolean | string | Raw): string {
  if (typeof value === "object") return value.raw;
  if (typeof value === "string") return `'${value}'`;
  if (typeof value === "boolean") return value ? "True" : "False";
  return String(value);
}
