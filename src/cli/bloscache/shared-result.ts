/** One result in a bucket: its arrays, and its value. */
import { adaptersOf, NoAdapters } from "../../cache/result-adapters.ts";
import { putTogether } from "../../cache/result-reader.ts";
import { describeArrays, type StoredArray } from "../../cache/stored-arrays.ts";
import { StoreError } from "../../errors.ts";
import { readHead } from "../../format/head.ts";
import { unpack } from "../../format/unpack.ts";
import type { Bucket, BucketObject } from "../../tier/bucket.ts";
import { type BucketEntry, type BucketResult, readEntry } from "../../tier/bucket-inventory.ts";
import { sideName } from "../../tier/object-names.ts";
import { ObjectSource } from "../../tier/object-source.ts";
import { blaming, CliError } from "../failure.ts";
import type { Session } from "../session.ts";
import { openShared, readingIn } from "./open-shared.ts";
import type { GlobalOptions } from "./program.ts";
import { chooseListed } from "./shared-entries.ts";
import { shortKey } from "./words.ts";

export class SharedResult {
  readonly bucket: Bucket;
  readonly listed: BucketEntry;
  readonly result: BucketResult;
  readonly #signal: AbortSignal;
  #skeleton: string | undefined;

  private constructor(
    bucket: Bucket,
    listed: BucketEntry,
    result: BucketResult,
    signal: AbortSignal,
  ) {
    this.bucket = bucket;
    this.listed = listed;
    this.result = result;
    this.#signal = signal;
  }

  /** @throws {CliError} unless there is just one, which can be read; {@link StoreError} */
  static async choose(
    session: Session,
    url: string,
    digits: string,
    options: GlobalOptions,
  ): Promise<SharedResult> {
    const bucket = await openShared(url, options);
    const listed = await chooseListed(bucket, digits, session.signal);
    const result = await readable(bucket.url + listed.head.name, session.signal, () =>
      readEntry(bucket, listed, readingIn(session)),
    );
    if (result === undefined) throw new CliError(`the result ${shortKey(listed.key)} is gone`);
    return new SharedResult(bucket, listed, result, session.signal);
  }

  /** Whether it is all in its object, and that has been read. */
  get isInline(): boolean {
    return this.result.content === "inline";
  }

  /** Its arrays, with the URLs of their objects; those of a small result have none of their own. */
  async arrays(): Promise<StoredArray[]> {
    const { entry } = this.result;
    const names = this.isInline ? [] : entry.arrays.map((_, n) => this.#nameOf(n));
    const urls = names.map((name) => this.bucket.url + name);
    return describeArrays(await this.skeleton(), entry, urls);
  }

  /** Where in the result its arrays belong; of many words it is an object of its own. */
  async skeleton(): Promise<string> {
    const { entry } = this.result;
    if (!entry.skeletonIsArray) return entry.skeleton;
    this.#skeleton ??= Buffer.from(await this.#plain(entry.arrays.length - 1)).toString("utf8");
    return this.#skeleton;
  }

  async needs(): Promise<readonly string[]> {
    return adaptersOf(await this.skeleton());
  }

  /** The object of the n-th array. @throws {CliError} when it is gone; {@link StoreError} */
  async source(n: number): Promise<ObjectSource> {
    const { content, entry, source } = this.result;
    if (content === "object") return source;
    const array = entry.arrays[n];
    const size = array === undefined || "plain" in array ? 0 : array.cbytes;
    const name = this.#nameOf(n);
    const opened = await ObjectSource.open(this.bucket, name, size, this.#signal);
    if (opened !== undefined) return opened;
    throw new CliError(`${this.bucket.url}${name} is gone`);
  }

  /** All bytes of the n-th array as they are stored. @throws as {@link source} */
  async object(n: number): Promise<BucketObject> {
    const { content, source } = this.result;
    const name = this.#nameOf(n);
    // A side has another name in every version.
    const version = content === "object" ? { etag: source.head.etag } : {};
    const object = await this.bucket.get(name, { ...version, signal: this.#signal });
    if (object !== undefined) return object;
    throw new CliError(`${this.bucket.url}${name} is gone`);
  }

  #nameOf(n: number): string {
    const { content, address } = this.result;
    return typeof content === "object"
      ? sideName(address, content.stamp, n)
      : this.listed.head.name;
  }

  async #plain(n: number): Promise<ArrayBuffer> {
    const array = this.result.entry.arrays[n];
    if (array !== undefined && "plain" in array) return array.plain.slice().buffer as ArrayBuffer;
    const source = await this.source(n);
    return blaming(this.bucket.url + this.#nameOf(n), async () =>
      unpack(source, await readHead(source)),
    );
  }

  /** All of it, with what adapters made of objects of other libraries. */
  async value(): Promise<unknown> {
    const { entry } = this.result;
    const skeleton = await this.skeleton();
    const plains: ArrayBuffer[] = [];
    const count = entry.arrays.length - (entry.skeletonIsArray ? 1 : 0);
    for (let n = 0; n < count; n++) plains.push(await this.#plain(n));
    const kinds = entry.arrays.map(({ kind }) => kind);
    const whole = putTogether(skeleton, kinds, plains, new NoAdapters());
    if (whole !== undefined) return whole.value;
    throw new CliError(
      `the result ${shortKey(this.listed.key)} holds what this version of Node cannot make`,
    );
  }
}

/** What is wrong with an object is told with its name. */
async function readable<T>(url: string, signal: AbortSignal, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof StoreError || !(cause instanceof Error)) throw cause;
    throw new CliError(`'${url}' cannot be read: ${cause.message}`, undefined, { cause });
  }
}
