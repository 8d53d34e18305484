/**
 * What is in a bucket, for who asks about all of it. A listing tells names, sizes and ages; what a
 * result is, its object says of itself.
 */
import type { Address } from "../store/address.ts";
import type { Description } from "../store/description.ts";
import type { Bucket, ListedObject } from "./bucket.ts";
import { bytesOf, type ListedResult, listResults } from "./listed-results.ts";
import { objectName } from "./object-names.ts";
import { ObjectSource } from "./object-source.ts";
import { OBJECT_BYTES, type Outline, outlineOf, oversized } from "./result-object.ts";
import { isSigned } from "./seal.ts";

/** A result as a listing shows it. */
export interface BucketEntry {
  /** Key of the call: 32 hexadecimal digits. */
  readonly key: string;
  /** What stands for its function in names. */
  readonly slug: string;
  /** Since it was sent. */
  readonly ageMs: number;
  /** Bytes of all its objects. */
  readonly cbytes: number;
  /** The object that says what it is. */
  readonly head: ListedObject;
  readonly others: readonly ListedObject[];
}

/** The results of a bucket, or of one function, in the order of their functions and keys. @throws {StoreError} */
export async function* entriesOf(
  bucket: Bucket,
  { slug, signal }: { readonly slug?: string | undefined; readonly signal?: AbortSignal } = {},
): AsyncGenerator<BucketEntry, void, undefined> {
  const prefix = slug === undefined ? "results/" : `results/${slug}/`;
  for await (const result of listResults(bucket, signal, prefix)) {
    const entry = entryOf(result);
    if (entry !== undefined) yield entry;
  }
}

/** `undefined` for what is left of a result, and for names that only look like one. */
export function entryOf(result: ListedResult): BucketEntry | undefined {
  const { id, head, others } = result;
  const [kind, slug, , key] = id.split("/");
  if (kind !== "results" || slug === undefined || head === undefined) return undefined;
  if (key === undefined || !/^[0-9a-f]{32}$/.test(key)) return undefined;
  return { key, slug, ageMs: head.ageMs, cbytes: bytesOf(result), head, others };
}

/** The functions that results of a bucket are of, as names have them. @throws {StoreError} */
export async function slugsIn(bucket: Bucket, signal?: AbortSignal): Promise<Set<string>> {
  const slugs = new Set<string>();
  for await (const { slug } of entriesOf(bucket, { ...(signal && { signal }) })) slugs.add(slug);
  return slugs;
}

/** What is needed to read what an object says. */
export interface Reading {
  /** Where a result stands that is of this function, by the key of its row. */
  readonly addressOf: (row: Uint8Array, functionId: string) => Address;
  /** Results of at most so many plain bytes are held by their object. */
  readonly inlineBytes: number;
  readonly signal?: AbortSignal;
}

/** What an object says of its result; nothing but the digests of its own file vouches for it. */
export interface BucketResult extends Outline {
  readonly address: Address;
  readonly isSigned: boolean;
  /** The object, of which the head has been read. */
  readonly source: ObjectSource;
}

/**
 * Reads what a result says of itself, which takes one request for most.
 *
 * @returns `undefined` when it is gone
 * @throws {StoreError} when the store refuses
 * @throws {BloscpackError} for what is no sound file, an `Error` for what is not the result of its name
 */
export async function readEntry(
  bucket: Bucket,
  { head }: Pick<BucketEntry, "head">,
  reading: Reading,
): Promise<BucketResult | undefined> {
  const source = await ObjectSource.open(bucket, head.name, head.size, reading.signal);
  if (source === undefined) return undefined;
  const { ageMs, metadata, size } = source.head;
  if (size > OBJECT_BYTES) throw new Error(oversized(size));
  const outline = await outlineOf(source, ageMs, reading);
  const address = addressNamed(head.name, outline.said, reading);
  return { ...outline, address, isSigned: isSigned(metadata), source };
}

/** Where a result stands that says what it is. @throws an `Error` when that is not its name */
export function addressNamed(
  name: string,
  { row, functionId }: Description,
  { addressOf }: Pick<Reading, "addressOf">,
): Address {
  const address = addressOf(row, functionId);
  if (objectName(address) === name && Buffer.compare(address.row, row) === 0) return address;
  throw new Error(`it is of another call: "${functionId}"`);
}

/** The results of one function. */
interface FunctionUsage {
  readonly slug: string;
  readonly entries: number;
  /** Objects. */
  readonly files: number;
  readonly cbytes: number;
}

interface Sum {
  files: number;
  cbytes: number;
}

export interface BucketUsage {
  readonly functions: readonly FunctionUsage[];
  /** What tells who computes what, and what the bucket can do. */
  readonly leases: Readonly<Sum>;
  /** What no result speaks of: of results that are being sent, or that are gone. */
  readonly litter: Readonly<Sum>;
  /** Bytes of all these. */
  readonly total: number;
}

type Counting = { -readonly [field in keyof FunctionUsage]: FunctionUsage[field] };

/** Series count as results. Objects that have other names are none of ours. @throws {StoreError} */
export async function measureBucket(bucket: Bucket, signal?: AbortSignal): Promise<BucketUsage> {
  const functions = new Map<string, Counting>();
  const [leases, litter] = [NOTHING(), NOTHING()];
  for await (const result of listResults(bucket, signal)) {
    const { id, head, others } = result;
    if (head === undefined) {
      for (const object of others) add(litter, object);
      continue;
    }
    const slug = id.split("/")[1] as string;
    const counting = functions.get(slug) ?? { slug, entries: 0, ...NOTHING() };
    functions.set(slug, counting);
    counting.entries++;
    for (const object of [head, ...others]) add(counting, object);
  }
  for (const prefix of ["leases/", "probe/", "capabilities.json"]) {
    for await (const object of bucket.list(prefix, { signal })) add(leases, object);
  }
  const sums = [...functions.values(), leases, litter];
  const total = sums.reduce((sum, { cbytes }) => sum + cbytes, 0);
  return { functions: [...functions.values()], leases, litter, total };
}

const NOTHING = (): Sum => ({ files: 0, cbytes: 0 });

function add(sum: Sum, { size }: ListedObject): void {
  sum.files++;
  sum.cbytes += size;
}
