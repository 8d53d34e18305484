/**
 * A result as an object: one Bloscpack file, which says of itself what the row of the result says,
 * and holds what a machine keeps of it:
 *
 * - a result of one array in a file of moderate size: that very file;
 * - a small result: its arrays one after another, each filled up to a multiple of 8 bytes; if it is
 *   one array, the numpy array;
 * - any other: nothing but what is known of its files, each of which is an object of its own.
 *
 * The last two have, beside what `store/description.ts` writes under `bloscache`, `parts`: of each
 * array `kind` and `nbytes`, and of one that is an object of its own `cbytes`, `headLength`,
 * `headDigest` and `digest` (hexadecimal); and then `stamp`, which is part of their names.
 */
import fs from "node:fs";
import { announcedSize, isAnnounced } from "../format/chunk-walk.ts";
import { type Head, readHead } from "../format/head.ts";
import type { Metadata } from "../format/metadata.ts";
import { packNdarray } from "../format/pack-ndarray.ts";
import { type ByteSource, MemorySource } from "../format/source.ts";
import { unpack } from "../format/unpack.ts";
import { type Address, newStamp } from "../store/address.ts";
import { type Description, describe, fieldsOf, parseDescription } from "../store/description.ts";
import { SKELETON_KIND } from "../store/draft.ts";
import type { Entry, FileArray, InlineArray } from "../store/entry.ts";
import { xxh64 } from "../store/hash.ts";
import type { Home, Parcel } from "./shared-tier.ts";

/** The most bytes of an object that is held in memory; larger files are objects of their own. */
export const OBJECT_BYTES: number = 16 * 1024 * 1024;

/** What is wrong with an object of more bytes. */
export function oversized(size: number): string {
  return `it has ${size} bytes, and results have ${OBJECT_BYTES} at most`;
}

/** A file that is an object of its own. */
export interface SideFile {
  readonly facts: FileArray;
  /** Of its bytes, by the seal's digester. */
  readonly digest: string;
}

/** What an object says, all of it checked but what is in other objects. */
export interface Decoded {
  readonly entry: Entry;
  /** What the entry's files hold: the object itself, or objects of their own. */
  readonly content: "inline" | "object" | { readonly stamp: number; readonly sides: SideFile[] };
}

/** Whether a result goes into one object. */
export function isSingle({ entry, files }: Parcel): boolean {
  const [array, ...others] = entry.arrays;
  if (files.length === 0) return true;
  return others.length === 0 && array !== undefined && !isLarge(array);
}

function isLarge(array: Entry["arrays"][number]): boolean {
  return !("plain" in array) && array.cbytes > OBJECT_BYTES;
}

/** The object of a result that {@link isSingle}. @throws the system's error when its file is gone */
export async function encodeSingle(parcel: Parcel, home: Home): Promise<Uint8Array> {
  const [file] = parcel.files;
  if (file !== undefined) return fs.promises.readFile(file);
  const arrays = parcel.entry.arrays as readonly InlineArray[];
  const parts = arrays.map(({ kind, plain }) => ({ kind, nbytes: plain.byteLength }));
  return packed(parcel, { parts }, payloadOf(arrays, home));
}

/** The object of a result whose files are objects of their own. */
export function encodeIndex(parcel: Parcel, digests: readonly string[]): Uint8Array {
  const parts = (parcel.entry.arrays as readonly FileArray[]).map((facts, n) => ({
    ...{ kind: facts.kind, nbytes: facts.nbytes, cbytes: facts.cbytes },
    ...{ headLength: facts.headLength, headDigest: facts.headDigest.toString(16) },
    digest: digests[n] as string,
  }));
  return packed(parcel, { parts, stamp: parcel.entry.stamp }, new Uint8Array());
}

function packed({ address, entry }: Parcel, more: Metadata, payload: Payload): Uint8Array {
  const kinds = entry.arrays.map(({ kind }) => kind);
  const told = { ...entry, kinds: kinds.length === 0 ? [0] : kinds, isPinned: false };
  const said = fieldsOf(describe(address, told, 0));
  return packNdarray(payload, { metadata: { bloscache: { ...said, ...fieldsOf(more) } } });
}

type Payload = Parameters<typeof packNdarray>[0];

function payloadOf(arrays: readonly InlineArray[], home: Home): Payload {
  const [only, ...others] = arrays;
  if (only !== undefined && others.length === 0) {
    return home.elementsOf(only.kind, only.plain) ?? only.plain;
  }
  const end = arrays.reduce((sum, { plain }) => sum + filledUp(plain.byteLength), 0);
  const bytes = new Uint8Array(end);
  let at = 0;
  for (const { plain } of arrays) {
    bytes.set(plain, at);
    at += filledUp(plain.byteLength);
  }
  return bytes;
}

function filledUp(nbytes: number): number {
  return Math.ceil(nbytes / 8) * 8;
}

/**
 * Reads an object whose bytes are vouched for.
 *
 * @param ageMs since it was put: times are told by our clock then
 * @throws {BloscpackError} for what is no sound file, an `Error` for what is not of this result
 */
export async function decodeObject(
  address: Address,
  bytes: Uint8Array,
  ageMs: number,
  home: Pick<Home, "inlineBytes">,
): Promise<Decoded> {
  const outline = await outlineOf(new MemorySource(bytes), ageMs, home, (said) => {
    if (Buffer.compare(said.row, address.row) === 0 && said.functionId === address.functionId) {
      return;
    }
    throw new Error(`it is of another call: "${said.functionId}"`);
  });
  const [array] = outline.entry.arrays;
  if (outline.content !== "object" || array === undefined || "plain" in array) return outline;
  // Its chunks are checked when it is read.
  if (array.nbytes > home.inlineBytes) return outline;
  const plain = new Uint8Array(await unpack(new MemorySource(bytes), outline.head));
  const entry = { ...outline.entry, arrays: [{ kind: array.kind, plain }] };
  return { entry, content: "inline" };
}

/** What an object says, and of which result it says it is. */
export interface Outline extends Decoded {
  readonly head: Head;
  readonly said: Description;
}

/**
 * Reads what an object says of its result: its head, and all of it only if it holds the arrays of a
 * small result.
 *
 * @param check may refuse it, before more than the head is read
 * @throws {BloscpackError} for what is no sound file, an `Error` for what is no result, and what the
 *   source throws
 */
export async function outlineOf(
  source: ByteSource,
  ageMs: number,
  home: Pick<Home, "inlineBytes">,
  check: (said: Description) => void = () => undefined,
): Promise<Outline> {
  const head = await readHead(source);
  const said = parseDescription(head.metadata);
  if (said === undefined) throw new Error("it does not say of which result it is");
  check(said);
  if (said.threw) throw new Error("it is an error, which is of one machine");
  const { parts, stamp } = fieldsOf(fieldsOf(head.metadata)["bloscache"]);
  const entry = entryOf(said, Date.now() - ageMs);
  if (parts === undefined) {
    const arrays = [await arrayOfFile(said, head, source)];
    return { head, said, entry: { ...entry, arrays }, content: "object" };
  }
  if (!Array.isArray(parts)) throw new Error("its parts are none");
  if (stamp === undefined) {
    const payload = await unpack(source, head, (nbytes) => checkPayload(nbytes, parts, home));
    return { head, said, ...decodeInline(entry, payload, parts) };
  }
  const sides = parts.map(sideOf);
  const arrays = sides.map(({ facts }) => facts);
  return { head, said, entry: { ...entry, arrays }, content: { stamp: whole(stamp), sides } };
}

function entryOf(said: Description, createdMs: number): Entry {
  const { row, array, arrays, kind, isPinned, ...told } = said;
  return { ...told, createdMs, stamp: newStamp(), arrays: [] };
}

/** What is known of the file of a result's only array. */
async function arrayOfFile(
  { array, arrays, kind, skeletonIsArray }: Description,
  head: Head,
  source: ByteSource,
): Promise<FileArray> {
  const isWhole = array === 0 && arrays === 1 && skeletonIsArray === (kind === SKELETON_KIND);
  if (!isWhole) throw new Error("it is a part of a result");
  if (!isAnnounced(head)) throw new Error("it does not say how long it is");
  const headDigest = xxh64(await source.read(0, head.length));
  const [nbytes, cbytes, headLength] = [announcedSize(head), source.size, head.length];
  return { kind, nbytes, cbytes, headLength, headDigest };
}

/** Before memory is taken for it. */
function checkPayload(
  nbytes: number,
  parts: readonly unknown[],
  { inlineBytes }: Pick<Home, "inlineBytes">,
): void {
  const limit = inlineBytes + 8 * parts.length;
  if (nbytes > limit) throw new Error(`it holds ${nbytes} bytes, and small results ${limit}`);
}

function decodeInline(entry: Entry, payload: ArrayBuffer, parts: readonly Metadata[]): Decoded {
  let at = 0;
  const arrays = parts.map((part) => {
    const { kind, nbytes } = fieldsOf(part);
    const start = at;
    at = start + (parts.length === 1 ? whole(nbytes) : filledUp(whole(nbytes)));
    if (at > payload.byteLength) throw new Error("it holds less than its parts");
    return {
      kind: whole(kind),
      plain: new Uint8Array(payload.slice(start, start + whole(nbytes))),
    };
  });
  if (at !== payload.byteLength) throw new Error("it holds more than its parts");
  return { entry: { ...entry, arrays }, content: "inline" };
}

function sideOf(part: Metadata): SideFile {
  const { kind, nbytes, cbytes, headLength, headDigest, digest } = fieldsOf(part);
  if (typeof headDigest !== "string" || !/^[0-9a-f]{1,16}$/.test(headDigest)) {
    throw new Error("its parts have no digests");
  }
  if (typeof digest !== "string") throw new Error("its parts have no digests");
  const facts = {
    ...{ kind: whole(kind), nbytes: whole(nbytes), cbytes: whole(cbytes) },
    ...{ headLength: whole(headLength), headDigest: BigInt(`0x${headDigest}`) },
  };
  return { facts, digest };
}

function whole(value: Metadata | undefined): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number;
  throw new Error(`it says ${String(value)} where a size is to be`);
}
