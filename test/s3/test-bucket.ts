/** A bucket of its own for a test file, with the SDK beside what is tested. */
import { randomUUID } from "node:crypto";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { clientOptions, newBucket, type Server, type ServerName, startServer } from "./servers.ts";

/** Where an object is, as the options of `bloscache/s3` say it. */
interface Place {
  readonly client: S3Client;
  readonly bucket: string;
  readonly key: string;
}

export class TestBucket {
  readonly server: Server;
  readonly name: string;
  readonly client: S3Client;

  private constructor(server: Server, name: string) {
    this.server = server;
    this.name = name;
    this.client = new S3Client(clientOptions(server));
  }

  static async on(serverName: ServerName): Promise<TestBucket> {
    const server = await startServer(serverName);
    return new TestBucket(server, await newBucket(server));
  }

  /** Of a new object, unless it is named. */
  place(key: string = randomUUID()): Place {
    return { client: this.client, bucket: this.name, key };
  }

  async download(key: string): Promise<Uint8Array> {
    const command = new GetObjectCommand({ Bucket: this.name, Key: key });
    return (await (await this.client.send(command)).Body?.transformToByteArray()) as Uint8Array;
  }

  async upload(key: string, bytes: Uint8Array): Promise<void> {
    const ContentLength = bytes.byteLength;
    const object = { Bucket: this.name, Key: key, Body: bytes, ContentLength };
    await this.client.send(new PutObjectCommand(object));
  }

  async etag(key: string): Promise<string | undefined> {
    const command = new HeadObjectCommand({ Bucket: this.name, Key: key });
    return (await this.client.send(command)).ETag;
  }

  /** Neither an object, nor uploads that were begun and not ended. */
  async expectNothing(key: string): Promise<void> {
    await expect(this.etag(key)).rejects.toMatchObject({ name: "NotFound" });
    const command = new ListMultipartUploadsCommand({ Bucket: this.name });
    const { Uploads = [] } = await this.client.send(command);
    expect(Uploads.map(({ Key }) => Key)).toEqual([]);
  }
}

/** Bytes that do not compress, alike in every run. */
export function noise(nbytes: number): Uint8Array {
  const bytes = new Uint8Array(nbytes);
  for (let i = 0, x = 1; i < nbytes; i++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = x >>> 24;
  }
  return bytes;
}

/** A request for a part of an object, as it was sent. */
export interface RangeRequest {
  readonly start: number;
  /** Behind the last byte. */
  readonly end: number;
}

/** The ranges that a client asks for from now on. */
export function watchRanges(client: S3Client): RangeRequest[] {
  const requests: RangeRequest[] = [];
  client.middlewareStack.add(
    (next) => async (args) => {
      const { Range = "" } = args.input as { Range?: string };
      const [, start, last] = /^bytes=(\d+)-(\d+)$/.exec(Range) ?? [];
      requests.push({ start: Number(start), end: Number(last) + 1 });
      return next(args);
    },
    { step: "build", name: "watchRanges" },
  );
  return requests;
}
