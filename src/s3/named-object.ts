/** An object that a command was given the name of: all that commands do with it. */
import type { OpenOptions } from "../format/contents.ts";
import type { CompressedSink, Source } from "../format/endpoints.ts";
import type { Reader } from "../format/reader.ts";
import type { ByteSource } from "../format/source.ts";
import { clientOf } from "./client.ts";
import { ObjectBytes } from "./object-bytes.ts";
import { open } from "./object-reader.ts";
import { Place } from "./place.ts";
import { S3Bucket } from "./s3-bucket.ts";
import { CompressedS3Sink } from "./s3-sinks.ts";
import { CompressedS3Source } from "./s3-sources.ts";

export class NamedObject {
  readonly #name: { readonly bucket: string; readonly key: string };
  readonly #signal: AbortSignal;

  /** @param signal ends what is under way */
  constructor(bucket: string, key: string, signal: AbortSignal) {
    this.#name = { bucket, key };
    this.#signal = signal;
  }

  /** Stored bytes; `undefined` when there is no such object. */
  async size(): Promise<number | undefined> {
    const head = await this.#inBucket((bucket) =>
      bucket.head(this.#name.key, { signal: this.#signal }),
    );
    return head?.size;
  }

  /** Not ended by the signal: it undoes. */
  remove(): Promise<void> {
    return this.#inBucket((bucket) => bucket.delete([this.#name.key]));
  }

  source(): Promise<Source> {
    return CompressedS3Source.open(this.#name);
  }

  sink(): CompressedSink {
    return new CompressedS3Sink(this.#name);
  }

  open(options: OpenOptions): Promise<Reader> {
    return open({ ...this.#name, signal: this.#signal }, options);
  }

  /** Opens the object for the time of a call. */
  async withBytes<T>(use: (source: ByteSource) => Promise<T>): Promise<T> {
    const place = new Place(this.#name, Object.keys(this.#name), "NamedObject");
    try {
      return await use(await ObjectBytes.open(place, this.#signal));
    } finally {
      place.release();
    }
  }

  async #inBucket<T>(use: (bucket: S3Bucket) => Promise<T>): Promise<T> {
    const client = clientOf();
    try {
      return await use(new S3Bucket(client, this.#name.bucket, ""));
    } finally {
      client.destroy();
    }
  }
}
