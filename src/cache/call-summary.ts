/**
 * A call's arguments in brief: for people, and to tell which of two calls' arguments differ. Long
 * values count by a digest of a sample: it is made for every result that is stored, and hashing
 * 80 MB a second time would take longer than storing them.
 */
import { libraryKind } from "../adapters/kinds.ts";
import { acquireHasher, releaseHasher, xxh64 } from "../store/hash.ts";
import { Encoder } from "./encode.ts";

/** Places in the arguments, such as `1.seed`, and what stands there, in the order of the call. */
export type CallSummary = readonly (readonly [place: string, value: string])[];

/** Places in one summary; what is beyond is not told apart. */
const MAX_PLACES = 32;
/** Fields of fields of arguments. */
const MAX_DEPTH = 3;
const MAX_TEXT = 40;
/** Bytes at the start and at the end that stand for all. */
const SAMPLE = 4096;

export function summarize(args: readonly unknown[]): CallSummary {
  const places: [string, string][] = [];
  args.forEach((arg, i) => {
    describe(arg, String(i), MAX_DEPTH, places);
  });
  return places;
}

function describe(value: unknown, place: string, depth: number, places: [string, string][]): void {
  if (places.length >= MAX_PLACES) return;
  const fields = depth > 0 ? fieldsOf(value) : undefined;
  if (fields === undefined) {
    places.push([place, brief(value)]);
    return;
  }
  for (const [name, field] of fields) describe(field, `${place}.${name}`, depth - 1, places);
}

/** The fields of a plain object that has any, or of what a library's array holds. */
function fieldsOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  const object = isPlain ? value : libraryKind(value)?.content(value as never);
  const fields = Object.entries(object ?? {});
  return fields.length === 0 ? undefined : fields;
}

function brief(value: unknown): string {
  if (typeof value === "string") return briefText(value);
  if (typeof value === "bigint") return briefDigits(value);
  if (typeof value !== "object" || value === null)
    return Object.is(value, -0) ? "-0" : String(value);
  if (ArrayBuffer.isView(value) && "length" in value) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return `${value.constructor.name}(${value.length}) ${sampleDigest(bytes)}`;
  }
  if (Array.isArray(value)) return `Array(${value.length}) ${valueDigest(value)}`;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  return `${name === "Object" ? "{…}" : name} ${valueDigest(value)}`;
}

function briefText(text: string): string {
  if (text.length <= MAX_TEXT) return JSON.stringify(text);
  const sample = Buffer.from(
    text.length <= 2 * SAMPLE ? text : text.slice(0, SAMPLE) + text.slice(-SAMPLE),
  );
  return `string(${text.length}) ${sampleDigest(sample)}`;
}

function briefDigits(value: bigint): string {
  const digits = value.toString();
  return digits.length <= MAX_TEXT ? `${digits}n` : `${digits.length} digits ${valueDigest(value)}`;
}

function sampleDigest(bytes: Uint8Array): string {
  if (bytes.byteLength <= 2 * SAMPLE) return hex(xxh64(bytes));
  return hex(xxh64(bytes.subarray(0, SAMPLE)) ^ (xxh64(bytes.subarray(-SAMPLE)) << 1n));
}

function valueDigest(value: unknown): string {
  const hasher = acquireHasher();
  try {
    new Encoder(hasher, "args").value(value);
    return hasher.digestHex().slice(0, 8);
  } catch {
    return "?"; // what does not count for the key may be what cannot be hashed
  } finally {
    releaseHasher(hasher);
  }
}

function hex(digest: bigint): string {
  return BigInt.asUintN(32, digest).toString(16).padStart(8, "0");
}

/** As a row keeps it. */
export function encodeSummary(summary: CallSummary): string {
  return JSON.stringify(summary);
}

/** @param text what {@link encodeSummary} made; empty in rows that have none */
export function decodeSummary(text: string): CallSummary {
  return text === "" ? [] : (JSON.parse(text) as CallSummary);
}

/** Where two calls differ. */
export function differences(a: CallSummary, b: CallSummary): string[] {
  const [here, there] = [new Map(a), new Map(b)];
  const places = [...new Set([...here.keys(), ...there.keys()])];
  return places.filter((place) => here.get(place) !== there.get(place));
}
