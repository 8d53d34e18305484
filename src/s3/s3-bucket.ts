/** A bucket of an S3-compatible store, or what stands in it under a prefix. */
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import type {
  Bucket,
  BucketObject,
  GetOptions,
  ListedObject,
  ObjectHead,
  PutCondition,
  PutOptions,
  PutOutcome,
} from "../tier/bucket.ts";
import { isAbsent, statusOf, storeError } from "./failure.ts";
import { type Dated, timed } from "./server-time.ts";

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

  /** @param prefix of all names; ends in a slash unless it is empty */
  constructor(client: S3Client, bucket: string, prefix: string) {
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.url = `s3://${bucket}/${prefix}`;
  }

  async get(name: string, options: GetOptions = {}): Promise<BucketObject | undefined> {
    const { range, etag, signal } = options;
    try {
      const command = new GetObjectCommand({
        ...this.#object(name),
        ...(range && { Range: `bytes=${range.start}-${range.end - 1}` }),
        ...(etag === undefined ? {} : { IfMatch: this.#quoted(etag) }),
      });
      const answer = await timed(command, () => this.#client.send(command, cancelledBy(signal)));
      const { Body, ContentLength } = answer.output;
      if (Body === undefined || ContentLength === undefined) throw new Error("It has no body");
      return { ...headOf(answer), body: this.#pieces(name, Body as never, signal) };
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw storeError("read", this.#urlOf(name), error, signal);
    }
  }

  async *#pieces(name: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    try {
      yield* body;
    } catch (error) {
      throw storeError("read", this.#urlOf(name), error, signal);
    }
  }

  async head(name: string, { signal }: Cancellation = {}): Promise<ObjectHead | undefined> {
    try {
      const command = new HeadObjectCommand(this.#object(name));
      return headOf(await timed(command, () => this.#client.send(command, cancelledBy(signal))));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw storeError("read", this.#urlOf(name), error, signal);
    }
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
    try {
      const command = new PutObjectCommand({
        ...this.#object(name),
        ...this.#conditionOf(condition),
        ...(metadata && { Metadata: metadata }),
        Body: bytes,
        ContentLength: bytes.byteLength,
        ContentMD5: createHash("md5").update(bytes).digest("base64"),
      });
      const { ETag } = await this.#client.send(command, cancelledBy(signal));
      if (typeof condition === "object" && this.#quotes === "unknown") this.#quotes = "yes";
      return { outcome: "written", etag: unquoted(ETag) };
    } catch (error) {
      const failure = storeError("write", this.#urlOf(name), error, signal);
      const status = statusOf(error);
      if (condition === undefined) throw failure;
      if (status === 412) return { outcome: "refused" };
      if (status === 501) return { outcome: "unsupported" };
      // 409 is for two puts at a time, of which one may have been ours; 404, for a race with a delete.
      if (status === 404 && typeof condition === "object") return { outcome: "refused" };
      if (status === undefined || status === 409 || status >= 500) {
        return { outcome: "unknown", cause: failure };
      }
      throw failure;
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

  async delete(names: readonly string[], { signal }: Cancellation = {}): Promise<void> {
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
    { dryRun = false }: { readonly dryRun?: boolean } = {},
  ): Promise<number> {
    let count = 0;
    try {
      const input = { Bucket: this.#bucket, Prefix: this.#prefix };
      const command = new ListMultipartUploadsCommand(input);
      const { output, ageOf } = await timed(command, () => this.#client.send(command));
      for (const { Key, UploadId, Initiated } of output.Uploads ?? []) {
        if (ageOf(Initiated) < olderMs) continue;
        count++;
        if (dryRun) continue;
        const upload = { Bucket: this.#bucket, Key, UploadId };
        await this.#client.send(new AbortMultipartUploadCommand(upload));
      }
    } catch (error) {
      throw storeError("list uploads to", this.url, error);
    }
    return count;
  }

  #object(name: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  #urlOf(name: string): string {
    return this.url + name;
  }
}

function cancelledBy(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function unquoted(etag: string | undefined): string {
  return (etag ?? "").replace(/^"|"$/g, "");
}

interface HeadOutput {
  readonly ETag?: string | undefined;
  readonly ContentLength?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly Metadata?: Record<string, string> | undefined;
}

function headOf({ output, ageOf }: Dated<HeadOutput>): ObjectHead {
  const { ETag, ContentLength = 0, LastModified, Metadata = {} } = output;
  return {
    etag: unquoted(ETag),
    size: ContentLength,
    ageMs: ageOf(LastModified),
    metadata: Metadata,
  };
}
