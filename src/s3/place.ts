/** Which object is meant, and the client that reaches it. */
import type { S3Client } from "@aws-sdk/client-s3";
import { checkOptionNames } from "../format/option-names.ts";
import { type ClientOption, clientOf, sendingOf } from "./client.ts";

export interface S3ObjectOptions {
  /**
   * A client of the SDK, which is left open; or what one is made from. Left out, endpoint, region and
   * credentials come from the SDK's chain of places, the environment first.
   */
  readonly client?: ClientOption | undefined;
  readonly bucket: string;
  readonly key: string;
}

export const OBJECT_OPTIONS: readonly string[] = ["client", "bucket", "key"];

/** An object of a bucket, be it there or not. */
export class Place {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
  /** For people: without secrets. */
  readonly url: string;
  readonly #isOurs: boolean;

  /**
   * @param names of all options that there are
   * @param what what takes the options, for messages
   * @throws {TypeError} for an option
   */
  constructor(options: S3ObjectOptions, names: readonly string[], what: string) {
    checkOptionNames(options, names, what);
    this.bucket = nameOf(options, "bucket");
    this.key = nameOf(options, "key");
    this.url = `s3://${this.bucket}/${this.key}`;
    this.client = clientOf(options.client);
    this.#isOurs = this.client !== options.client;
  }

  get input(): { Bucket: string; Key: string } {
    return { Bucket: this.bucket, Key: this.key };
  }

  /** As {@link sendingOf}. */
  sending(nbytes: number, signal?: AbortSignal): ReturnType<typeof sendingOf> {
    return sendingOf(this.client, nbytes, signal);
  }

  /** Closes the connections of a client that was made here. */
  release(): void {
    if (this.#isOurs) this.client.destroy();
  }
}

function nameOf(options: S3ObjectOptions, name: "bucket" | "key"): string {
  const value: unknown = options[name];
  if (typeof value === "string" && value !== "") return value;
  throw new TypeError(`Option ${name} must be a text that is not empty: got ${String(value)}`);
}

/**
 * @param most inclusive
 * @throws {RangeError} naming the option
 */
export function checkCount(value: number, name: string, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(
    `Option ${name} must be a whole number from ${least} to ${most}: got ${String(value)}`,
  );
}
