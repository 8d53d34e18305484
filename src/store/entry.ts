/**
 * A row of the index: everything about one stored result but the arrays that have files. Data
 * only, in a fixed layout, little-endian, closed by a digest, so that damage is a miss.
 *
 *      0  version      u8, 1
 *      1  flags        u8, bit 0 the function is asynchronous, bit 1 the skeleton is the last array,
 *                      bit 2 the result was thrown
 *      2  narrays      u16
 *      4  stamp        u32, part of the file names: a row speaks of its own files only
 *      8  created      f64, ms since 1970
 *     16  duration     f64, ms that the function took
 *     24  texts        u32, position of the texts
 *     28  (unused)     u32
 *     32  narrays records: kind u8, storage u8, 6 unused, nbytes f64, then
 *           inline (0)  the plain bytes, filled up to a multiple of 8
 *           file (1)    stored bytes f64, bytes before the first chunk u32, 4 unused,
 *                       XXH64 of those bytes u64
 *  texts  function id, function version, skeleton, summary, tags: each u32 length and UTF-8
 *    end  XXH64 of all before, u64
 */
import { xxh64 } from "./hash.ts";

/** One array of a result. */
type ArrayRecord = InlineArray | FileArray;

export interface InlineArray {
  /** What to restore: an index the caller defines. */
  readonly kind: number;
  readonly plain: Uint8Array;
}

export interface FileArray {
  readonly kind: number;
  readonly nbytes: number;
  readonly cbytes: number;
  readonly headLength: number;
  readonly headDigest: bigint;
}

export interface Entry {
  readonly isAsync: boolean;
  readonly skeletonIsArray: boolean;
  /** Whether the function threw the result, or its promise rejected with it. */
  readonly threw: boolean;
  readonly stamp: number;
  readonly createdMs: number;
  readonly durationMs: number;
  readonly arrays: readonly ArrayRecord[];
  readonly functionId: string;
  readonly functionVersion: string;
  readonly skeleton: string;
  /** Of the arguments, as the caller writes it; empty in rows of before there was one. */
  readonly summary: string;
  /** As the caller writes them; empty for none. */
  readonly tags: string;
}

const VERSION = 1;
const HEADER_LENGTH = 32;
const RECORD_LENGTH = 16;
const FILE_LENGTH = 24;
const DIGEST_LENGTH = 8;
const FLAG_ASYNC = 1;
const FLAG_SKELETON_IS_ARRAY = 2;
const FLAG_THREW = 4;
const INLINE = 0;
const FILE = 1;

export function encodeEntry(entry: Entry): Uint8Array {
  const { functionId, functionVersion, skeleton, summary, tags, arrays } = entry;
  const texts = [functionId, functionVersion, skeleton, summary, tags];
  let textsAt = HEADER_LENGTH;
  for (const array of arrays) textsAt += recordLength(array);
  let end = textsAt;
  for (const text of texts) end += 4 + textLength(text);
  const row = new Uint8Array(end + DIGEST_LENGTH);
  const view = new DataView(row.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, flagsOf(entry));
  view.setUint16(2, arrays.length, true);
  view.setUint32(4, entry.stamp, true);
  view.setFloat64(8, entry.createdMs, true);
  view.setFloat64(16, entry.durationMs, true);
  view.setUint32(24, textsAt, true);
  let at = HEADER_LENGTH;
  for (const array of arrays) {
    writeRecord(row, view, at, array);
    at += recordLength(array);
  }
  for (const text of texts) at += writeText(row, view, at, text);
  view.setBigUint64(end, xxh64(row.subarray(0, end)), true);
  return row;
}

/** Short texts, most of them ASCII, take longer to hand over to another encoder. */
const SHORT_TEXT = 64;

function textLength(text: string): number {
  if (text.length > SHORT_TEXT) return Buffer.byteLength(text);
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  }
  return text.length;
}

/** @returns how long it is, with its length */
function writeText(row: Uint8Array, view: DataView, at: number, text: string): number {
  const length = textLength(text);
  view.setUint32(at, length, true);
  if (length > text.length || length > SHORT_TEXT) row.set(Buffer.from(text), at + 4);
  else for (let i = 0; i < length; i++) row[at + 4 + i] = text.charCodeAt(i);
  return 4 + length;
}

function flagsOf({ isAsync, skeletonIsArray, threw }: Entry): number {
  const skeletonFlag = skeletonIsArray ? FLAG_SKELETON_IS_ARRAY : 0;
  return (isAsync ? FLAG_ASYNC : 0) | skeletonFlag | (threw ? FLAG_THREW : 0);
}

function recordLength(array: ArrayRecord): number {
  return RECORD_LENGTH + ("plain" in array ? (array.plain.byteLength + 7) & ~7 : FILE_LENGTH);
}

function writeRecord(row: Uint8Array, view: DataView, at: number, array: ArrayRecord): void {
  const inline = "plain" in array;
  view.setUint8(at, array.kind);
  view.setUint8(at + 1, inline ? INLINE : FILE);
  view.setFloat64(at + 8, inline ? array.plain.byteLength : array.nbytes, true);
  if (inline) {
    row.set(array.plain, at + RECORD_LENGTH);
    return;
  }
  view.setFloat64(at + RECORD_LENGTH, array.cbytes, true);
  view.setUint32(at + RECORD_LENGTH + 8, array.headLength, true);
  view.setBigUint64(at + RECORD_LENGTH + 16, array.headDigest, true);
}

/**
 * Reads a row; the plain bytes of inline arrays are copied out of it.
 *
 * @returns `undefined` when it is damaged, or of another version: a miss
 */
export function decodeEntry(row: Uint8Array): Entry | undefined {
  const end = row.byteLength - DIGEST_LENGTH;
  if (end < HEADER_LENGTH || row[0] !== VERSION) return undefined;
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  // What has the right digest is what encodeEntry wrote, so nothing below needs a bound.
  if (view.getBigUint64(end, true) !== xxh64(row.subarray(0, end))) return undefined;
  const flags = view.getUint8(1);
  const arrays: ArrayRecord[] = [];
  let at = HEADER_LENGTH;
  for (let n = view.getUint16(2, true); n > 0; n--) {
    const record = readRecord(row, view, at);
    arrays.push(record);
    at += recordLength(record);
  }
  const texts: string[] = [];
  while (at < end) {
    const length = view.getUint32(at, true);
    texts.push(length === 0 ? "" : readText(row, at + 4, length));
    at += 4 + length;
  }
  const [functionId = "", functionVersion = "", skeleton = "", summary = "", tags = ""] = texts;
  return {
    isAsync: (flags & FLAG_ASYNC) !== 0,
    skeletonIsArray: (flags & FLAG_SKELETON_IS_ARRAY) !== 0,
    threw: (flags & FLAG_THREW) !== 0,
    stamp: view.getUint32(4, true),
    createdMs: view.getFloat64(8, true),
    durationMs: view.getFloat64(16, true),
    arrays,
    functionId,
    functionVersion,
    skeleton,
    summary,
    tags,
  };
}

function readRecord(row: Uint8Array, view: DataView, at: number): ArrayRecord {
  const kind = view.getUint8(at);
  const nbytes = view.getFloat64(at + 8, true);
  const body = at + RECORD_LENGTH;
  if (view.getUint8(at + 1) === INLINE) {
    const from = row.byteOffset + body;
    return { kind, plain: new Uint8Array(row.buffer.slice(from, from + nbytes)) };
  }
  return {
    kind,
    nbytes,
    cbytes: view.getFloat64(body, true),
    headLength: view.getUint32(body + 8, true),
    headDigest: view.getBigUint64(body + 16, true),
  };
}

function readText(row: Uint8Array, at: number, length: number): string {
  return Buffer.from(row.buffer, row.byteOffset + at, length).toString("utf8");
}
