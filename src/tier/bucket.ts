/**
 * Objects by name, far away: what the shared tier needs of a store. Names are of ASCII letters, digits
 * and `-_./`, from the prefix of the bucket on; parts between slashes are neither empty nor `.` nor
 * `..`, and of at most 200 characters. An object is whole or not there; who reads one that is being
 * replaced gets the old or the new one, and whoever asks after a put or a delete is done sees it.
 *
 * Whatever goes wrong is a {@link StoreError}, that there is no such bucket among it; that there is
 * no such object is `undefined`. A `signal` that is aborted makes a call throw its reason; what the
 * call was to change may have changed all the same.
 *
 * `test/tier/bucket-contract.ts` is all this as tests.
 */
import { StoreError } from "../errors.ts";

/** What is known of an object without its bytes. */
export interface ObjectHead {
  /**
   * Names these very bytes: a put of others gives another one. One of the same may give the same, for
   * most stores digest them; who needs every put to be told from every other makes its bytes differ.
   */
  readonly etag: string;
  /** Bytes of the whole object. */
  readonly size: number;
  /**
   * How long ago it was put, by the store's own clock, ms; no clock of ours takes part. The difference
   * of two times that stores give in whole seconds: up to one second more or less than it was.
   */
  readonly ageMs: number;
  /** As it was put with: lower-case names, printable ASCII, 250 characters a value, 1500 in all. */
  readonly metadata: { readonly [name: string]: string };
}

export interface BucketObject extends ObjectHead {
  /** Bytes of `body`: the object's size, or fewer where a range was asked for. */
  readonly length: number;
  /**
   * All of it, or the range asked for. To be read to its end, or left by `return`: as long as neither
   * is done, a connection or a file stays open. What goes wrong on the way is a {@link StoreError}
   * here too; that it is cut short is one.
   */
  readonly body: AsyncIterable<Uint8Array>;
}

export interface GetOptions {
  /**
   * The bytes from `start` to before `end`; fewer where the object ends. At least one: a range that
   * is empty, or begins where the object has ended, is refused by a {@link StoreError}.
   */
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
  /**
   * Removes what was begun to be uploaded so long ago or longer, and never ended: it is in no list,
   * and takes its place all the same. The number of these.
   */
  abortUploads?(
    olderMs: number,
    options?: { readonly dryRun?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<number>;
}

/** The bytes of an object, whose size is known to be bearable. @throws {StoreError} as its body does */
export async function readBody({ body, length }: BucketObject): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let end = 0;
  for await (const piece of body) {
    bytes.set(piece, end);
    end += piece.byteLength;
  }
  return bytes;
}

/** A name that every bucket takes. @throws {RangeError} for others */
export function checkName(name: string): void {
  const isFine = name.split("/").every((part) => PART.test(part) && part !== "." && part !== "..");
  if (!isFine) throw new RangeError(`Not a name of an object: ${JSON.stringify(name)}`);
}

const PART = /^[\w.-]{1,200}$/;
