/** A bucket of an S3-compatible store, or what stands in it under a prefix. */
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandInput,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type { StoreError } from "../errors.ts";
import { bodyOf } from "../tier/body.ts";
import {
  type Bucket,
  type BucketObject,
  checkName,
  type GetOptions,
  type ListedObject,
  type ObjectHead,
  type PutCondition,
  type PutOptions,
  type PutOutcome,
} from "../tier/bucket.ts";
import { headOf, sizeIn, unquoted } from "./answers.ts";
import { sendingOf } from "./client.ts";
import { isAbsent, statusOf, storeError } from "./failure.ts";
import { PlainS3Sink } from "./s3-sinks.ts";
import { timed } from "./server-time.ts";

/** How many objects one request removes, at most. */
const DELETED_AT_ONCE = 1000;

/** Of stores that take one name a request. */
const DELETES_UNDER_WAY = 16;

type Cancellation = { readonly signal?: AbortSignal | undefined };

export class S3Bucket implements Bucket {
  readonly url: string;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  /** Ceph compares the text of an ETag as it is sent; others want it in quotes, as HTTP says. */
  #quotes: "unknown" | "yes" | "no" = "unknown";
  #deletesOneByOne = false;
  /** Whether the bucket has answered for an object: an answer to HEAD does not tell which is missing. */
  #isThere = false;

  /** @param prefix of all names; ends in a slash unless it is empty */
  constructor(client: S3Client, bucket: string, prefix: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.url = `s3://${bucket}/${prefix}`;
  }

  async get(name: string, options: GetOptions = {}): Promise<BucketObject | undefined> {
    const { range, etag, signal } = options;
    const url = this.#urlOf(name);
    const object = this.#object(name);
    try {
      if (range && range.start >= range.end) throw new Error("No bytes are asked for");
      const command = new GetObjectCommand({
        ...object,
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
        ...(etag === undefined ? {} : { IfMatch: this.#quoted(etag) }),
      });
      const answer = await timed(command, () => this.#client.send(command, cancelledBy(signal)));
      const { Body, ContentLength: length, ContentRange } = answer.output;
      if (Body === undefined || length === undefined) throw new Error("It has no body");
      const stream = Body as unknown as Stream;
      const pieces = this.#pieces(url, stream, signal);
      const body = bodyOf({ url, length, pieces, leave: () => stream.destroy() });
      return { ...headOf(answer), size: sizeIn(ContentRange) ?? length, length, body };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw storeError("read", url, error, signal);
    }
  }

  async *#pieces(url: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    try {
      yield* body;
    } catch (error) {
      throw storeError("read", url, error, signal);
    }
  }

  async head(name: string, { signal }: Cancellation = {}): Promise<ObjectHead | undefined> {
    const object = this.#object(name);
    try {
      const command = new HeadObjectCommand(object);
      const answer = await timed(command, () => this.#client.send(command, cancelledBy(signal)));
      this.#isThere = true;
      return headOf(answer);
    } catch (error) {
      if (!isAbsent(error)) throw storeError("read", this.#urlOf(name), error, signal);
      if (!this.#isThere) await this.#requireBucket(signal);
      return undefined;
    }
  }

  async #requireBucket(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#client.send(new HeadBucketCommand({ Bucket: this.#bucket }), cancelledBy(signal));
    } catch (error) {
      // Who may not ask this may be allowed all that is needed.
      if (statusOf(error) !== 403) throw storeError("find", this.url, error, signal);
    }
    this.#isThere = true;
  }

  async put(name: string, bytes: Uint8Array, options: PutOptions = {}): Promise<PutOutcome> {
    const { condition } = options;
    const put = await this.#tryPut(name, bytes, options);
    if (put.outcome !== "refused" || typeof condition !== "object" || this.#quotes !== "unknown") {
      return put;
    }
    const found = await this.head(name, options);
    if (found?.etag !== condition.etag) return put;
    // It is the one that was meant, so that the refusal was of the quotes.
    this.#quotes = "no";
    return this.#tryPut(name, bytes, options);
  }

  async #tryPut(
    name: string,
    bytes: Uint8Array,
    { condition, metadata, signal }: PutOptions,
  ): Promise<PutOutcome> {
    const object = this.#object(name);
    try {
      const command = new PutObjectCommand({
        ...object,
        ...this.#conditionOf(condition),
        ...(metadata && { Metadata: metadata }),
        Body: bytes,
        ContentLength: bytes.byteLength,
        ContentMD5: createHash("md5").update(bytes).digest("base64"),
      });
      const sending = sendingOf(this.#client, bytes.byteLength, signal);
      const { ETag } = await this.#client.send(command, sending);
      if (typeof condition === "object" && this.#quotes === "unknown") this.#quotes = "yes";
      return { outcome: "written", etag: unquoted(ETag) };
    } catch (error) {
      const failure = storeError("write", this.#urlOf(name), error, signal);
      if (condition === undefined) throw failure;
      return outcomeOf(error, failure, condition);
    }
  }

  #conditionOf(condition: PutCondition | undefined): { IfNoneMatch?: string; IfMatch?: string } {
    if (condition === undefined) return {};
    if (condition === "absent") return { IfNoneMatch: "*" };
    return { IfMatch: this.#quoted(condition.etag) };
  }

  #quoted(etag: string): string {
    return this.#quotes === "no" ? etag : `"${etag}"`;
  }

  async upload(
    name: string,
    pieces: AsyncIterable<Uint8Array>,
    { signal }: Cancellation = {},
  ): Promise<void> {
    const { Bucket: bucket, Key: key } = this.#object(name);
    const sink = new PlainS3Sink({ client: this.#client, bucket, key });
    let aborted: Promise<void> | undefined;
    // The first error is the one that is thrown.
    const abort = (reason: unknown) => {
      aborted ??= sink.abort(reason).catch(() => undefined);
      return aborted;
    };
    const leave = () => void abort(signal?.reason);
    signal?.addEventListener("abort", leave);
    try {
      signal?.throwIfAborted();
      for await (const piece of pieces) await sink.append([piece]);
      await sink.close();
    } catch (error) {
      await abort(error);
      throw storeError("write", this.#urlOf(name), error, signal);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  async delete(names: readonly string[], { signal }: Cancellation = {}): Promise<void> {
    for (const name of names) checkName(name);
    for (let i = 0; i < names.length; i += DELETED_AT_ONCE) {
      const some = names.slice(i, i + DELETED_AT_ONCE);
      if (some.length === 1 || this.#deletesOneByOne) await this.#deleteEach(some, signal);
      else await this.#deleteTogether(some, signal);
    }
  }

  async #deleteTogether(names: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const Objects = names.map((name) => ({ Key: this.#prefix + name }));
    try {
      const Delete = { Objects, Quiet: true };
      const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete });
      const { Errors = [] } = await this.#client.send(command, cancelledBy(signal));
      const [first] = Errors;
      if (first !== undefined) throw new Error(`${first.Key}: ${first.Code} ${first.Message}`);
    } catch (error) {
      // Swift wants an MD5 of the list, which the SDK does not send any more.
      const isRefused = statusOf(error) === 400 || statusOf(error) === 501;
      if (!isRefused) throw storeError("delete from", this.url, error, signal);
      this.#deletesOneByOne = true;
      await this.#deleteEach(names, signal);
    }
  }

  async #deleteEach(names: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const left = [...names];
    const worker = async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) {
        try {
          await this.#client.send(new DeleteObjectCommand(this.#object(name)), cancelledBy(signal));
        } catch (error) {
          left.length = 0;
          if (!isAbsent(error)) throw storeError("delete", this.#urlOf(name), error, signal);
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(DELETES_UNDER_WAY, left.length) }, worker));
  }

  async *list(
    prefix: string,
    { signal }: Cancellation = {},
  ): AsyncGenerator<ListedObject, void, undefined> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#page(prefix, ContinuationToken, signal);
      const { Contents = [], IsTruncated, NextContinuationToken } = page.output;
      for (const { Key = "", Size = 0, LastModified } of Contents) {
        const name = Key.slice(this.#prefix.length);
        yield { name, size: Size, ageMs: page.ageOf(LastModified) };
      }
      ContinuationToken = IsTruncated === true ? NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  async #page(prefix: string, token: string | undefined, signal: AbortSignal | undefined) {
    const command = new ListObjectsV2Command({
      Bucket: this.#bucket,
      Prefix: this.#prefix + prefix,
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    try {
      return await timed(command, () => this.#client.send(command, cancelledBy(signal)));
    } catch (error) {
      throw storeError("list", this.#urlOf(prefix), error, signal);
    }
  }

  async abortUploads(
    olderMs: number,
    { dryRun = false, signal }: Cancellation & { readonly dryRun?: boolean } = {},
  ): Promise<number> {
    const Bucket = this.#bucket;
    const old: { Key: string | undefined; UploadId: string | undefined }[] = [];
    let from: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {};
    try {
      while (from !== undefined) {
        const input: ListMultipartUploadsCommandInput = { Bucket, Prefix: this.#prefix, ...from };
        const command = new ListMultipartUploadsCommand(input);
        const answer = await timed(command, () => this.#client.send(command, cancelledBy(signal)));
        const { Uploads = [], IsTruncated, NextKeyMarker, NextUploadIdMarker } = answer.output;
        for (const { Key, UploadId, Initiated } of Uploads) {
          if (answer.ageOf(Initiated) >= olderMs) old.push({ Key, UploadId });
        }
        from =
          IsTruncated === true && NextKeyMarker !== undefined
            ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker ?? "" }
            : undefined;
      }
      for (const upload of dryRun ? [] : old) {
        const command = new AbortMultipartUploadCommand({ Bucket, ...upload });
        await this.#client.send(command, cancelledBy(signal)).catch(unlessAbsent);
      }
    } catch (error) {
      throw storeError("remove uploads to", this.url, error, signal);
    }
    return old.length;
  }

  #object(name: string): { Bucket: string; Key: string } {
    checkName(name);
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  #urlOf(name: string): string {
    return this.url + name;
  }
}

function cancelledBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

/** A body of the SDK in Node. */
interface Stream extends AsyncIterable<Uint8Array> {
  destroy(): void;
}

/** Somebody else has removed it meanwhile. */
function unlessAbsent(error: unknown): void {
  if (!isAbsent(error)) throw error;
}

/** What became of a put with a condition. @throws `failure` when it is neither written nor refused */
function outcomeOf(error: unknown, failure: StoreError, condition: PutCondition): PutOutcome {
  const status = statusOf(error);
  if (status === 412) return { outcome: "refused" };
  if (status === 501) return { outcome: "unsupported" };
  if (isAbsent(error) && typeof condition === "object") return { outcome: "refused" };
  // 409 is for two puts at a time, of which one may have been ours.
  if (status === undefined || status === 409 || status >= 500) {
    return { outcome: "unknown", cause: failure };
  }
  throw failure;
}
