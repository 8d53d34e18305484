/**
 * A look at all that a bucket has of results: every object is read to its end, and compared with what
 * vouches for it. Others may use the bucket meanwhile: what is replaced or goes while it is looked at
 * is no fault.
 */
import type { Bucket, ListedObject } from "./bucket.ts";
import { type BucketEntry, entryOf, type Reading } from "./bucket-inventory.ts";
import { fewAtATime } from "./few-at-a-time.ts";
import { listResults } from "./listed-results.ts";
import { type LookedAt, lookAt, type ObjectFault } from "./object-check.ts";
import type { Seal } from "./seal.ts";

/** Results that are looked at together: each holds an object of at most 16 MiB, or streams one. */
const AT_ONCE = 4;

/** So often a result is looked at that is replaced under every look. */
const ATTEMPTS = 5;

/** What belongs to no result may be about to: its head comes last, when all else has been written. */
const YOUNG_MS = 24 * 3_600_000;

/** What is wrong with an object. */
export interface BucketFinding extends Omit<ObjectFault, "kind"> {
  /**
   * - `damaged`: it is not what was sent.
   * - `missing`: it is not there.
   * - `unreadable`: the store refuses it, or its signature is not by the key: it stays.
   * - `litter`: no result speaks of it, and it is older than a day.
   */
  readonly kind: ObjectFault["kind"] | "litter";
  /** Key of the result; litter has none. */
  readonly key?: string;
  /** Id of the function, where the object tells. */
  readonly id?: string;
  readonly isFixed: boolean;
}

export interface BucketReport {
  /** Results that were checked. */
  readonly entries: number;
  /** Their objects. */
  readonly files: number;
  /** Bytes that were read. */
  readonly cbytes: number;
  /** Objects that no result speaks of, and that are younger than a day. */
  readonly unclaimed: number;
  /** Signed results, whose signatures nobody could check: there was no key. */
  readonly unproved: number;
}

export interface BucketCheckOptions extends Reading {
  readonly seal: Seal;
  /** Removes what is damaged, incomplete or litter. */
  readonly fix?: boolean;
  /** Told what is wrong, as it is found. */
  readonly onFinding: (finding: BucketFinding) => Promise<void>;
  /** Told how many bytes have been read. */
  readonly onProgress?: (cbytes: number) => void;
}

/** @throws {StoreError} when the bucket cannot be listed, or something cannot be removed */
export async function checkBucket(
  bucket: Bucket,
  options: BucketCheckOptions,
): Promise<BucketReport> {
  const check = new BucketCheck(bucket, options);
  const results = listResults(bucket, options.signal, "results/");
  const looks = fewAtATime(results, AT_ONCE, async (result) => {
    const entry = entryOf(result);
    return { result, entry, looked: entry && (await check.look(entry)) };
  });
  for await (const { result, entry, looked } of looks) {
    if (entry !== undefined && looked !== undefined) await check.settle(entry, looked);
    else if (result.head === undefined) await check.addLitter(result.others);
  }
  const { entries, files, cbytes, unclaimed, unproved } = check;
  return { entries, files, cbytes, unclaimed, unproved };
}

class BucketCheck {
  entries = 0;
  files = 0;
  cbytes = 0;
  unclaimed = 0;
  unproved = 0;
  readonly #bucket: Bucket;
  readonly #options: BucketCheckOptions;

  constructor(bucket: Bucket, options: BucketCheckOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  /** @returns `undefined` when it is gone */
  async look({ head }: BucketEntry): Promise<LookedAt | undefined> {
    const { signal, onProgress } = this.#options;
    const onRead = (cbytes: number) => {
      this.cbytes += cbytes;
      onProgress?.(this.cbytes);
    };
    for (let attempt = 1; ; attempt++) {
      const looked = await lookAt(this.#bucket, head.name, { ...this.#options, onRead });
      if (looked === undefined || looked.faults.length === 0 || attempt === ATTEMPTS) return looked;
      if (looked.etag === undefined) return looked;
      const now = await this.#bucket.head(head.name, { signal });
      if (now === undefined) return undefined;
      if (now.etag === looked.etag) return looked;
    }
  }

  async settle(entry: BucketEntry, looked: LookedAt): Promise<void> {
    const { faults, id, sides, isUnproved } = looked;
    const isFixed = await this.#fix(entry, looked);
    this.entries++;
    this.files += 1 + sides.size;
    if (isUnproved) this.unproved++;
    const whose = { key: entry.key, ...(id === undefined ? {} : { id }) };
    for (const fault of faults) {
      await this.#options.onFinding({ ...fault, ...whose, isFixed });
    }
    // What a damaged object spoke of, nobody knows.
    if (faults.length > 0) return;
    await this.addLitter(entry.others.filter(({ name }) => !sides.has(name)));
  }

  /** Whether the result is not there any more. */
  async #fix({ head, others }: BucketEntry, { faults, etag }: LookedAt): Promise<boolean> {
    const { fix = false, signal } = this.#options;
    if (!fix || faults.every(({ kind }) => kind === "unreadable")) return false;
    const now = await this.#bucket.head(head.name, { signal });
    if (now !== undefined && now.etag !== etag) return false;
    await this.#bucket.delete([head.name], { signal });
    const names = others.map(({ name }) => name);
    await this.#bucket.delete(names, { signal });
    return true;
  }

  async addLitter(objects: readonly ListedObject[]): Promise<void> {
    const { fix: isFixed = false, signal, onFinding } = this.#options;
    const old = objects.filter(({ ageMs }) => ageMs > YOUNG_MS).map(({ name }) => name);
    this.unclaimed += objects.length - old.length;
    if (isFixed) await this.#bucket.delete(old, { signal });
    for (const name of old) {
      const text = "No result speaks of the object.";
      await onFinding({ kind: "litter", text, file: this.#bucket.url + name, isFixed });
    }
  }
}
