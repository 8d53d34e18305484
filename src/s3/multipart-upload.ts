/** An upload in parts: the requests that make it, and what each answer, or none, means. */
import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  ListPartsCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { backOff } from "./back-off.ts";
import { isAbsent, isTransient, storeError } from "./failure.ts";
import type { Place } from "./place.ts";

/** How often the end of an upload is tried, beside what the SDK does by itself. */
const ATTEMPTS = 4;

/** How long it may take to begin an upload, and to remove it, ms. */
const LONGEST_MS = 30_000;

/** An ETag of an upload in parts, where it tells the content. */
const DIGEST_OF_PARTS = /^"?[0-9a-f]{32}-\d+"?$/;

interface Part {
  readonly PartNumber: number;
  readonly ETag: string | undefined;
  readonly md5: Buffer;
}

export class MultipartUpload {
  readonly #place: Place;
  readonly #signal: AbortSignal;
  readonly #parts: Part[] = [];
  #id: Promise<string> | undefined;
  #size = 0;

  /** @param signal cancels the requests of parts, and those that complete the upload */
  constructor(place: Place, signal: AbortSignal) {
    this.#place = place;
    this.#signal = signal;
  }

  /**
   * Uploads a part; the store checks it by its MD5. Several may be under way.
   *
   * @param number from 1, in the order of the object
   */
  async put(number: number, bytes: Uint8Array): Promise<void> {
    this.#id ??= this.#begin();
    const UploadId = await this.#id;
    const { client, input, url } = this.#place;
    const md5 = createHash("md5").update(bytes).digest();
    const command = new UploadPartCommand({
      ...input,
      UploadId,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.byteLength,
      ContentMD5: md5.toString("base64"),
    });
    const sending = this.#place.sending(bytes.byteLength, this.#signal);
    try {
      const { ETag } = await client.send(command, sending);
      this.#parts.push({ PartNumber: number, ETag, md5 });
      this.#size += bytes.byteLength;
    } catch (error) {
      throw storeError("write", url, error, this.#signal);
    }
  }

  /** Is not cancelled: an upload whose id is not known could not be removed. */
  async #begin(): Promise<string> {
    const { client, input, url } = this.#place;
    const sending = this.#place.sending(0, AbortSignal.timeout(LONGEST_MS));
    try {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(input), sending);
      if (UploadId === undefined) throw new Error("The store gave the upload no id");
      return UploadId;
    } catch (error) {
      throw storeError("write", url, error);
    }
  }

  /**
   * Makes the parts an object. An answer that was lost, or an error, does not tell whether there is
   * one: the store is asked.
   *
   * REQUIRES: all parts are there, one at least.
   */
  async complete(): Promise<void> {
    this.#parts.sort((a, b) => a.PartNumber - b.PartNumber);
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#tryComplete();
      if (outcome === "complete") return;
      if (attempt === ATTEMPTS || !isTransient(outcome.error)) {
        throw storeError("write", this.#place.url, outcome.error, this.#signal);
      }
      await backOff(attempt, this.#signal);
    }
  }

  async #tryComplete(): Promise<"complete" | { readonly error: unknown }> {
    const { client, input, url } = this.#place;
    const Parts = this.#parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    const command = new CompleteMultipartUploadCommand({
      ...input,
      UploadId: await (this.#id as Promise<string>),
      MultipartUpload: { Parts },
    });
    let etag: string | undefined;
    try {
      // Of thousands of parts a store makes an object within minutes, not seconds.
      const sending = this.#place.sending(this.#size, this.#signal);
      ({ ETag: etag } = await client.send(command, sending));
    } catch (error) {
      return (await this.#isThere(isAbsent(error))) ? "complete" : { error };
    }
    if (!this.#isOther(etag)) return "complete";
    const reason = new Error(`its ETag is ${etag}, that of what was sent is ${this.#digest()}`);
    throw storeError("write", url, reason);
  }

  /**
   * Whether the object is what was uploaded.
   *
   * @param isGone whether there is no such upload any more: it was completed, or somebody removed it
   */
  async #isThere(isGone: boolean): Promise<boolean> {
    const { client, input } = this.#place;
    try {
      const sending = this.#place.sending(0, this.#signal);
      const head = await client.send(new HeadObjectCommand(input), sending);
      if (head.ContentLength !== this.#size || this.#isOther(head.ETag)) return false;
      return isGone || head.ETag?.replaceAll('"', "") === this.#digest();
    } catch {
      return false; // the error of the upload itself tells more
    }
  }

  /** Whether an ETag is that of other bytes, as far as ETags of the store tell. */
  #isOther(etag: string | undefined): boolean {
    const digest = this.#digest();
    if (digest === undefined || etag === undefined || !DIGEST_OF_PARTS.test(etag)) return false;
    return etag.replaceAll('"', "") !== digest;
  }

  /** The ETag of the object; `undefined` of a store whose ETags of parts are no digests. */
  #digest(): string | undefined {
    const isTold = ({ ETag, md5 }: Part) => ETag?.replaceAll('"', "") === md5.toString("hex");
    if (!this.#parts.every(isTold)) return undefined;
    const all = createHash("md5");
    for (const { md5 } of this.#parts) all.update(md5);
    return `${all.digest("hex")}-${this.#parts.length}`;
  }

  /**
   * Removes the upload with its parts. REQUIRES: none is under way any more on this side; one that
   * the store is still receiving may be added after the removal, and has it made again.
   */
  async abort(): Promise<void> {
    const UploadId = await this.#id?.catch(() => undefined);
    if (UploadId === undefined) return;
    const upload = { ...this.#place.input, UploadId };
    const signal = AbortSignal.timeout(LONGEST_MS);
    for (let attempt = 1; ; attempt++) {
      try {
        if (await this.#tryAbort(upload, signal)) return;
      } catch (error) {
        if (isAbsent(error)) return;
        if (attempt === ATTEMPTS || !isTransient(error)) {
          throw storeError("remove the upload to", this.#place.url, error);
        }
      }
      if (attempt === ATTEMPTS) return;
      await backOff(attempt, signal);
    }
  }

  async #tryAbort(
    upload: { Bucket: string; Key: string; UploadId: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { client } = this.#place;
    const sending = this.#place.sending(0, signal);
    await client.send(new AbortMultipartUploadCommand(upload), sending);
    const { Parts = [] } = await client.send(new ListPartsCommand(upload), sending);
    return Parts.length === 0;
  }
}
