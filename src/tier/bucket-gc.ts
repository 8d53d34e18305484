/**
 * Keeps a bucket in hand: removes results, the oldest first, until it is within limits; and what is of
 * no use to anybody. Nothing keeps others from using it meanwhile: what goes while it is read, or was
 * just stored anew, is a miss to them.
 */
import type { Swept } from "../store/litter.ts";
import type { CacheSize, Reduction } from "../store/reduction.ts";
import type { Bucket, ListedObject } from "./bucket.ts";
import { bytesOf, type ListedResult, listResults } from "./listed-results.ts";
import { type BucketLimits, OldestResults } from "./oldest-results.ts";

/**
 * What belongs to no result may be about to: its head comes last, when all else has been written. And
 * a lease may be about to be renewed.
 */
const YOUNG_MS = 24 * 3_600_000;

/** Ages of two listings differ by so much, as stores give times in whole seconds. */
const RESOLUTION_MS = 1_000;

/** Objects that are removed together. */
const REMOVED_AT_ONCE = 1_000;

export interface BucketGcOptions extends BucketLimits {
  /** How long ago results may have been stored. */
  readonly maxAgeMs?: number;
  /** Only tells what would go. */
  readonly dryRun?: boolean;
  /** Ends it; what is removed by then stays so. */
  readonly signal?: AbortSignal;
  /** Told what has been removed until now, or would be. */
  readonly onProgress?: (removed: CacheSize) => void;
}

export interface BucketGcOutcome extends Reduction {
  /** Objects that belong to no result, leases and probes that nobody needs any more. */
  readonly litter: Swept;
  /** What was begun to be uploaded in parts and never ended. */
  readonly uploads: number;
}

/** @throws {StoreError} when the store refuses something; what is removed by then stays so */
export async function collectBucket(
  bucket: Bucket,
  options: BucketGcOptions = {},
): Promise<BucketGcOutcome> {
  const { dryRun = false, signal } = options;
  const isDoomed = await chooseDoomed(bucket, options);
  const collection = new Collection(bucket, options);
  for await (const result of listResults(bucket, signal)) {
    const { head, others } = result;
    if (head === undefined) await collection.removeLitter(others.filter(isOld));
    else if (isDoomed(result, head)) await collection.remove(result, head);
    else collection.keep(result);
  }
  for (const prefix of ["leases/", "probe/"]) {
    for await (const object of bucket.list(prefix, { signal })) {
      if (isOld(object)) await collection.removeLitter([object]);
    }
  }
  await collection.flush();
  const uploads = (await bucket.abortUploads?.(YOUNG_MS, { dryRun, signal })) ?? 0;
  const { removed, remaining, litter } = collection;
  return { removed, remaining, litter, uploads };
}

function isOld({ ageMs }: ListedObject): boolean {
  return ageMs > YOUNG_MS;
}

/** Looks through all of it, if there is something to choose among. */
async function chooseDoomed(
  bucket: Bucket,
  { limitBytes, limitItems, maxAgeMs = Number.POSITIVE_INFINITY, signal }: BucketGcOptions,
): Promise<(result: ListedResult, head: ListedObject) => boolean> {
  if (limitBytes === undefined && limitItems === undefined) {
    return (_, { ageMs }) => ageMs > maxAgeMs;
  }
  const startMs = performance.now();
  const oldest = new OldestResults();
  for await (const result of listResults(bucket, signal)) {
    const { id, head } = result;
    if (head) oldest.add(id, head.ageMs, bytesOf(result));
  }
  const limits = {
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(limitItems === undefined ? {} : { limitItems }),
  };
  const isChosen = oldest.choose(limits);
  return ({ id }, { ageMs }) => {
    if (ageMs > maxAgeMs) return true;
    // What was stored anew since then is another one.
    const isSame = ageMs + RESOLUTION_MS >= performance.now() - startMs;
    return isSame && isChosen(id);
  };
}

/** What goes, in batches, and the sums of all. */
class Collection {
  readonly removed = { items: 0, bytes: 0 };
  readonly remaining = { items: 0, bytes: 0 };
  readonly litter = { files: 0, cbytes: 0 };
  readonly #bucket: Bucket;
  readonly #options: BucketGcOptions;
  #heads: string[] = [];
  #others: string[] = [];

  constructor(bucket: Bucket, options: BucketGcOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  keep(result: ListedResult): void {
    this.remaining.items++;
    this.remaining.bytes += bytesOf(result);
  }

  async remove(result: ListedResult, head: ListedObject): Promise<void> {
    this.removed.items++;
    this.removed.bytes += bytesOf(result);
    this.#heads.push(head.name);
    for (const { name } of result.others) this.#others.push(name);
    await this.#flushIfFull();
  }

  async removeLitter(objects: readonly ListedObject[]): Promise<void> {
    for (const { name, size } of objects) {
      this.litter.files++;
      this.litter.cbytes += size;
      this.#others.push(name);
    }
    await this.#flushIfFull();
  }

  async #flushIfFull(): Promise<void> {
    if (this.#heads.length + this.#others.length >= REMOVED_AT_ONCE) await this.flush();
  }

  /** Heads first: who finds one finds all that it speaks of, or knows that it does not. */
  async flush(): Promise<void> {
    const { dryRun = false, signal, onProgress } = this.#options;
    const [heads, others] = [this.#heads, this.#others];
    [this.#heads, this.#others] = [[], []];
    if (!dryRun) {
      await this.#bucket.delete(heads, { signal });
      await this.#bucket.delete(others, { signal });
    }
    onProgress?.({ ...this.removed });
  }
}
