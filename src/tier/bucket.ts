/**
 * Objects by name, far away: what the shared tier needs of a store. Names are of letters, digits and
 * `-_./`, from the prefix of the bucket on. An object is whole or not there; who reads one that is
 * being replaced gets the old or the new one.
 *
 * Whatever goes wrong is a {@link StoreError}; that there is no such object is `undefined`.
 */

/** What is known of an object without its bytes. */
export interface ObjectHead {
  /** Names these very bytes: another put gives another one. */
  readonly etag: string;
  /** Bytes. */
  readonly size: number;
  /** As it was put, by the store's own clock, ms; no clock of ours takes part. */
  readonly ageMs: number;
  /** As it was put with; lower-case names. */
  readonly metadata: { readonly [name: string]: string };
}

export interface BucketObject extends ObjectHead {
  /** All of it, or the range asked for. To be read to its end, or left by `return`. */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  /** The bytes from `start` to before `end`; fewer where the object ends. */
  readonly range?: { readonly start: number; readonly end: number };
  /** The version that is wanted: another one is refused by a {@link StoreError}. */
  readonly etag?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What a put depends on: that there is no such object, or that it is still this one. */
export type PutCondition = "absent" | { readonly etag: string };

export interface PutOptions {
  readonly condition?: PutCondition;
  readonly metadata?: { readonly [name: string]: string };
  readonly signal?: AbortSignal | undefined;
}

/**
 * What became of a put: `written`; `refused`, because its condition does not hold, which may be due
 * to this very put when it was sent twice; `unknown`, because the answer was lost: the object may be
 * either, and only who reads back knows more; `unsupported`, where the store has no such condition.
 */
export type PutOutcome =
  | { readonly outcome: "written"; readonly etag: string }
  | { readonly outcome: "refused" }
  | { readonly outcome: "unknown"; readonly cause: unknown }
  | { readonly outcome: "unsupported" };

export interface ListedObject {
  readonly name: string;
  readonly size: number;
  /** As of {@link ObjectHead}. */
  readonly ageMs: number;
}

export interface Bucket {
  /** For people: where it is, with no secrets. */
  readonly url: string;
  get(name: string, options?: GetOptions): Promise<BucketObject | undefined>;
  head(
    name: string,
    options?: { signal?: AbortSignal | undefined },
  ): Promise<ObjectHead | undefined>;
  /**
   * @throws {StoreError} when a put without a condition fails, or it is certain that nothing was
   *   written for another reason than the condition
   */
  put(name: string, bytes: Uint8Array, options?: PutOptions): Promise<PutOutcome>;
  /** Removes objects; those that are not there are removed. */
  delete(names: readonly string[], options?: { signal?: AbortSignal | undefined }): Promise<void>;
  /** Objects whose names begin with `prefix`, in the order of their names. */
  list(
    prefix: string,
    options?: { signal?: AbortSignal | undefined },
  ): AsyncGenerator<ListedObject, void, undefined>;
  /** What was begun to be uploaded in parts, and not ended; removes it if it is older. */
  abortUploads?(olderMs: number, options?: { readonly dryRun?: boolean }): Promise<number>;
}

/** The bytes of an object, whose size is known to be bearable. @throws {StoreError} if cut short */
export async function readBody({ body, size }: BucketObject): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let end = 0;
  for await (const piece of body) {
    if (end + piece.byteLength > size) throw new RangeError("The object is longer than it says");
    bytes.set(piece, end);
    end += piece.byteLength;
  }
  if (end < size) throw new Error(`The object ends after ${end} of ${size} bytes`);
  return bytes;
}
