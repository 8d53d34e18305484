/** A lease as it lies in a bucket: a few bytes of JSON. */
import { type Bucket, readBody } from "./bucket.ts";

export interface LeaseRecord {
  /** Another one for each time that a lease is acquired. */
  readonly owner: string;
  /** One more than the holder before had. */
  readonly fence: number;
  /** Makes the bytes of each renewal others: most stores know versions by a digest of their bytes. */
  readonly renewal: number;
  /** So long after it was last put it is over, ms. */
  readonly ttlMs: number;
  readonly state: "held" | "released";
}

export interface StoredLease {
  readonly record: LeaseRecord;
  readonly etag: string;
  readonly ageMs: number;
}

/** Stores give times in whole seconds, so that an age may be a second more than it was. */
const SLACK_MS = 1_000;

/** No lease is believed to last for longer, ms: an hour. */
export const MAX_TTL_MS: number = 3_600_000;

/** Larger ones are not ours. */
const MAX_BYTES = 4_096;

export function encodeLease(record: LeaseRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record));
}

/**
 * @param ttlMs of what is there and is no lease: it is taken over as one of nobody's
 * @throws {StoreError} as the bucket does
 */
export async function readLease(
  bucket: Bucket,
  name: string,
  ttlMs: number,
  signal?: AbortSignal,
): Promise<StoredLease | undefined> {
  const object = await bucket.get(name, { signal });
  if (object === undefined) return undefined;
  const { etag, ageMs } = object;
  const nobody: LeaseRecord = { owner: "", fence: 0, renewal: 0, ttlMs, state: "held" };
  if (object.size > MAX_BYTES) {
    await object.body[Symbol.asyncIterator]().return?.();
    return { record: nobody, etag, ageMs };
  }
  return { record: parse(await readBody(object)) ?? nobody, etag, ageMs };
}

function parse(bytes: Uint8Array): LeaseRecord | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as Partial<LeaseRecord>;
    const { owner, fence, renewal, ttlMs, state } = record;
    if (typeof owner !== "string" || (state !== "held" && state !== "released")) return undefined;
    const numbers = [fence, renewal, ttlMs];
    return numbers.every((n) => Number.isSafeInteger(n)) ? (record as LeaseRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** How long a lease is somebody's yet, at most, ms; 0 for one that can be taken. */
export function heldForMs({ record, ageMs }: StoredLease): number {
  if (record.state === "released") return 0;
  // Leases are not signed: whoever can write to the bucket is to keep nobody waiting for ever.
  const ttlMs = Math.min(record.ttlMs, MAX_TTL_MS);
  return Math.max(0, ttlMs + SLACK_MS - ageMs);
}
