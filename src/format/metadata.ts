/**
 * The metadata section, behind the file header when option bit 1 is set:
 *
 *     metadata header (32) | payload | zeros up to max_meta_size | [digest of the payload]
 *
 *      0  magic_format   8 bytes, "JSON" and four NUL
 *      8  meta_options   u8, 0
 *      9  meta_checksum  u8, id of the digest
 *     10  meta_codec     u8, 0 none, 1 zlib
 *     11  meta_level     u8, 0 to 9
 *     12  meta_size      u32, bytes of the JSON text
 *     16  max_meta_size  u32, room for the payload
 *     20  meta_comp_size u32, bytes of the payload
 *     24  user_codec     8 bytes, ignored
 *
 * The digest covers the payload alone. The text is JSON in ASCII; UTF-8 is read as well.
 */

import { CHECKSUMS, type ChecksumName } from "../blosc/checksum.ts";
import { digest } from "../blosc/codec.ts";
import { zlib } from "../blosc/late-modules.ts";
import { BloscpackError, type BloscpackErrorCode } from "../errors.ts";
import { HEADER_LENGTH, META_HEADER_LENGTH } from "./constants.ts";
import { parseMetadata, stringifyMetadata } from "./metadata-json.ts";
import { checkOptionNames } from "./option-names.ts";

/** Anything that JSON holds. */
export type Metadata =
  | null
  | boolean
  | number
  | string
  | readonly Metadata[]
  | { readonly [key: string]: Metadata };

export interface MetadataArgs {
  /** Digest of the payload; default `"adler32"`. */
  readonly metaChecksum?: ChecksumName;
  /** Default `"zlib"`; text that does not shrink is stored as it is. */
  readonly metaCodec?: "None" | "zlib";
  /** 0 to 9, default 6. */
  readonly metaLevel?: number;
  /** Room for later versions of the payload, bytes; default ten times the text. */
  readonly maxMetaSize?: number | ((metaSize: number) => number);
}

export interface MetadataSection {
  readonly value: Metadata;
  /** The JSON text as stored: exact where `value` is not (integers beyond 2^53). */
  readonly text: string;
  /** File position of the first byte behind the section. */
  readonly end: number;
}

const ARG_NAMES = ["metaChecksum", "metaCodec", "metaLevel", "maxMetaSize"];
const MAGIC_JSON = "JSON";
const CODECS = ["None", "zlib"] as const;
const MAX_U32 = 2 ** 32 - 1;
/** Longer texts are neither read nor written: V8 ends the process over some that are no string any more. */
const MAX_TEXT = 256 * 1024 * 1024;
/** Deflate cannot shrink anything further than this. */
const MAX_DEFLATE_RATIO = 1040;

/**
 * The whole section for `value`.
 *
 * @throws {TypeError} for a value that is not JSON
 * @throws {RangeError} when the payload does not fit `maxMetaSize`, the text is longer than what is
 *   read, or an argument is out of range
 */
export function encodeMetadata(value: Metadata, args: MetadataArgs = {}): Uint8Array {
  checkMetadataArgs(args);
  const { metaChecksum = "adler32", metaCodec = "zlib", metaLevel = 6 } = args;
  const checksum = CHECKSUMS.findIndex(({ name }) => name === metaChecksum);
  const text = encodeText(value);
  const packed = metaCodec === "zlib" ? zlib().deflateSync(text, { level: metaLevel }) : text;
  const compressed = metaCodec === "zlib" && packed.byteLength <= text.byteLength;
  const payload = compressed ? packed : text;
  const room = metadataRoom(args.maxMetaSize, text.byteLength, payload.byteLength);

  const sum = digest(metaChecksum, payload);
  const bytes = new Uint8Array(META_HEADER_LENGTH + room + sum.byteLength);
  const view = new DataView(bytes.buffer);
  bytes.set(Buffer.from(MAGIC_JSON, "latin1"));
  view.setUint8(9, checksum);
  view.setUint8(10, compressed ? 1 : 0);
  view.setUint8(11, metaLevel);
  view.setUint32(12, text.byteLength, true);
  view.setUint32(16, room, true);
  view.setUint32(20, payload.byteLength, true);
  bytes.set(payload, META_HEADER_LENGTH);
  bytes.set(sum, META_HEADER_LENGTH + room);
  return bytes;
}

/** Checks the arguments, also where there is nothing that they could apply to. */
export function checkMetadataArgs(args: MetadataArgs = {}): void {
  checkOptionNames(args, ARG_NAMES, "metadataArgs");
  const { metaChecksum = "adler32", metaCodec = "zlib", metaLevel = 6, maxMetaSize = 0 } = args;
  if (!CHECKSUMS.some(({ name }) => name === metaChecksum)) {
    throw new RangeError(`Option metaChecksum is unknown: got "${String(metaChecksum)}"`);
  }
  if (!CODECS.includes(metaCodec)) {
    throw new RangeError(`Option metaCodec must be "None" or "zlib": got "${String(metaCodec)}"`);
  }
  if (!Number.isInteger(metaLevel) || metaLevel < 0 || metaLevel > 9) {
    throw new RangeError(
      `Option metaLevel must be a whole number from 0 to 9: got ${String(metaLevel)}`,
    );
  }
  if (typeof maxMetaSize !== "function") checkRoom(maxMetaSize);
}

function checkRoom(room: number): void {
  if (Number.isInteger(room) && room >= 0 && room <= MAX_U32) return;
  throw new RangeError(
    `Option maxMetaSize must be a whole number from 0 to ${MAX_U32}: got ${String(room)}`,
  );
}

/** @throws {RangeError} for more text than is read again */
function encodeText(value: Metadata): Buffer {
  const text = stringifyMetadata(value);
  if (text.length <= MAX_TEXT) return Buffer.from(text, "latin1");
  throw new RangeError(
    `Option metadata takes ${text.length} bytes as JSON: at most ${MAX_TEXT} are read again`,
  );
}

function metadataRoom(
  option: MetadataArgs["maxMetaSize"],
  metaSize: number,
  payloadSize: number,
): number {
  const room = typeof option === "function" ? option(metaSize) : (option ?? 10 * metaSize);
  checkRoom(room);
  if (room < payloadSize) {
    throw new RangeError(
      `Option maxMetaSize is ${room}, but the metadata takes ${payloadSize} bytes`,
    );
  }
  return room;
}

/**
 * Reads the section at byte 32 of the file that starts with `bytes`.
 *
 * @throws {BloscpackError} TRUNCATED, UNKNOWN_META_FORMAT, UNKNOWN_META_CODEC, BAD_META_OPTIONS,
 *   BAD_META_FIELD, METADATA_CHECKSUM, METADATA_INFLATE, METADATA_SIZE, METADATA_JSON
 */
export function decodeMetadata(bytes: Uint8Array): MetadataSection {
  const start = HEADER_LENGTH;
  const fields = decodeMetadataHeader(bytes);
  const payloadAt = start + META_HEADER_LENGTH;
  const digestAt = payloadAt + fields.maxMetaSize;
  const end = digestAt + fields.checksum.size;
  need(bytes, end, "the metadata section");
  const payload = bytes.subarray(payloadAt, payloadAt + fields.metaCompSize);
  if (Buffer.compare(digest(fields.checksum.name, payload), bytes.subarray(digestAt, end)) !== 0) {
    throw fault("METADATA_CHECKSUM", `the ${fields.checksum.name} digest does not match`, digestAt);
  }
  const text = decodeText(fields.compressed ? inflate(payload, fields.metaSize) : payload);
  if (!fields.compressed && payload.byteLength !== fields.metaSize) {
    throw fault(
      "METADATA_SIZE",
      `meta_size is ${fields.metaSize}, the text takes ${payload.byteLength} bytes`,
      44,
    );
  }
  return { value: parse(text), text, end };
}

interface MetadataFields {
  readonly checksum: (typeof CHECKSUMS)[number];
  readonly compressed: boolean;
  readonly metaSize: number;
  readonly maxMetaSize: number;
  readonly metaCompSize: number;
}

/** File position behind the section, by its header alone. @throws {BloscpackError} */
export function metadataEnd(bytes: Uint8Array): number {
  const { maxMetaSize, checksum } = decodeMetadataHeader(bytes);
  return HEADER_LENGTH + META_HEADER_LENGTH + maxMetaSize + checksum.size;
}

function decodeMetadataHeader(bytes: Uint8Array): MetadataFields {
  need(bytes, HEADER_LENGTH + META_HEADER_LENGTH, "the metadata header");
  const view = new DataView(bytes.buffer, bytes.byteOffset + HEADER_LENGTH, META_HEADER_LENGTH);
  const magic = Buffer.from(view.buffer, view.byteOffset, 8).toString("latin1");
  // The reference pads with NUL; its README says blanks, and others may have believed it.
  if (!/^JSON[\0 ]{4}$/.test(magic)) {
    throw fault("UNKNOWN_META_FORMAT", `the format is ${JSON.stringify(magic)}, not JSON`, 32);
  }
  if (view.getUint8(8) !== 0) {
    throw fault("BAD_META_OPTIONS", `reserved bits are set: ${view.getUint8(8)}`, 40);
  }
  const checksum = CHECKSUMS[view.getUint8(9)];
  if (checksum === undefined) {
    throw fault("UNKNOWN_CHECKSUM", `checksum id ${view.getUint8(9)} is not defined`, 41);
  }
  const codec = view.getUint8(10);
  if (codec >= CODECS.length) {
    throw fault("UNKNOWN_META_CODEC", `metadata codec ${codec} is not defined`, 42);
  }
  if (view.getUint8(11) > 9) {
    throw fault("BAD_META_FIELD", `meta_level is ${view.getUint8(11)}, expected 0 to 9`, 43);
  }
  const maxMetaSize = view.getUint32(16, true);
  const metaCompSize = view.getUint32(20, true);
  if (metaCompSize > maxMetaSize) {
    throw fault(
      "BAD_META_FIELD",
      `meta_comp_size ${metaCompSize} is above max_meta_size ${maxMetaSize}`,
      52,
    );
  }
  const metaSize = view.getUint32(12, true);
  const most = codec === 1 ? metaCompSize * MAX_DEFLATE_RATIO : metaCompSize;
  if (metaSize > Math.min(most, MAX_TEXT)) {
    const reason = `meta_size is ${metaSize}, at most ${Math.min(most, MAX_TEXT)} are possible here`;
    throw fault("METADATA_SIZE", reason, 44);
  }
  return { checksum, compressed: codec === 1, metaSize, maxMetaSize, metaCompSize };
}

/** Inflates at most what `meta_size` declares, so that no payload can fill the memory. */
function inflate(payload: Uint8Array, metaSize: number): Uint8Array {
  let text: Buffer;
  let consumed: number;
  try {
    // With `info` the result also tells how much input was used, which the types leave out.
    const result = zlib().inflateSync(payload, {
      maxOutputLength: metaSize + 1,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    text = result.buffer;
    consumed = result.engine.bytesWritten;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      throw fault("METADATA_SIZE", `the text is longer than meta_size ${metaSize}`, 44);
    }
    throw fault("METADATA_INFLATE", "the payload is not a zlib stream", 64, cause);
  }
  if (consumed !== payload.byteLength) {
    throw fault("METADATA_INFLATE", "bytes follow the end of the zlib stream", 64 + consumed);
  }
  if (text.byteLength !== metaSize) {
    throw fault(
      "METADATA_SIZE",
      `meta_size is ${metaSize}, the text takes ${text.byteLength} bytes`,
      44,
    );
  }
  return text;
}

function decodeText(text: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
  } catch (cause) {
    throw fault("METADATA_JSON", "the text is not UTF-8", 64, cause);
  }
}

function parse(text: string): Metadata {
  try {
    return parseMetadata(text) as Metadata;
  } catch (cause) {
    throw fault("METADATA_JSON", "the text is not JSON", 64, cause);
  }
}

function need(bytes: Uint8Array, length: number, what: string): void {
  if (bytes.byteLength >= length) return;
  throw fault(
    "TRUNCATED",
    `${what} ends at byte ${length}, the file at ${bytes.byteLength}`,
    bytes.byteLength,
  );
}

function fault(
  code: BloscpackErrorCode,
  reason: string,
  offset: number,
  cause?: unknown,
): BloscpackError {
  return new BloscpackError(code, reason, { section: "metadata", offset }, cause);
}
