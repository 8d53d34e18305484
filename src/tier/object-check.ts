/** Reads the objects of one result to their ends: what is wrong with them. */
import { BloscpackError, messageOf, StoreError } from "../errors.ts";
import { openSource } from "../format/reader.ts";
import { MemorySource } from "../format/source.ts";
import { PiecesSource } from "../format/stream-endpoints.ts";
import { unpack } from "../format/unpack-stream.ts";
import { type Bucket, type BucketObject, readBody } from "./bucket.ts";
import { addressNamed, type Reading } from "./bucket-inventory.ts";
import { sideName } from "./object-names.ts";
import {
  OBJECT_BYTES,
  type Outline,
  outlineOf,
  oversized,
  type SideFile,
} from "./result-object.ts";
import { digesterOf, isSigned, type Seal } from "./seal.ts";

export interface ObjectFault {
  readonly kind: "damaged" | "missing" | "unreadable";
  /** A sentence for people. */
  readonly text: string;
  /** URL of the object. */
  readonly file: string;
}

/** What a look at a result has found. */
export interface LookedAt {
  /** The version of its object; unknown when the store refuses it. */
  readonly etag: string | undefined;
  readonly faults: readonly ObjectFault[];
  /** Id of the function, where the object tells. */
  readonly id: string | undefined;
  /** Names of its other objects. */
  readonly sides: ReadonlySet<string>;
  /** Whether it is signed, and there was no key. */
  readonly isUnproved: boolean;
}

interface LookOptions extends Reading {
  readonly seal: Seal;
  /** Told of bytes that have been read. */
  readonly onRead: (cbytes: number) => void;
}

/** @returns `undefined` when there is no such object @throws the reason of the signal */
export async function lookAt(
  bucket: Bucket,
  name: string,
  options: LookOptions,
): Promise<LookedAt | undefined> {
  const look = new Look(bucket, options);
  try {
    return await look.at(name);
  } catch (error) {
    const text = refusalOf(error, options.signal);
    const faults = [{ kind: "unreadable" as const, text, file: bucket.url + name }];
    return { etag: undefined, faults, id: undefined, sides: new Set(), isUnproved: false };
  }
}

/** What is told as a finding; other errors are the caller's. */
function refusalOf(error: unknown, signal: AbortSignal | undefined): string {
  signal?.throwIfAborted();
  if (error instanceof StoreError) return messageOf(error);
  throw error;
}

class Look {
  readonly #bucket: Bucket;
  readonly #options: LookOptions;
  readonly #faults: ObjectFault[] = [];

  constructor(bucket: Bucket, options: LookOptions) {
    this.#bucket = bucket;
    this.#options = options;
  }

  async at(name: string): Promise<LookedAt | undefined> {
    const { signal, seal, onRead } = this.#options;
    const object = await this.#bucket.get(name, { signal });
    if (object === undefined) return undefined;
    const { etag, metadata, ageMs } = object;
    const isSignedResult = isSigned(metadata);
    const sides = new Set<string>();
    const found = { etag, sides, faults: this.#faults, id: undefined };
    const bytes = await this.#wholeOf(name, object);
    if (bytes === undefined) return { ...found, isUnproved: false };
    onRead(bytes.byteLength);
    const isUnproved = isSignedResult && !seal.hasKey;
    const fault = isUnproved ? undefined : seal.faultIn(name, bytes, metadata);
    if (fault !== undefined && !seal.hasKey) this.#add("damaged", name, fault);
    const outline = await this.#outline(name, bytes, ageMs);
    if (outline === undefined) return { ...found, isUnproved };
    // It may be right, and the key another one.
    if (fault !== undefined && seal.hasKey) this.#add("unreadable", name, fault);
    const { content, said, address } = outline;
    if (typeof content === "object") {
      for (const [n, side] of content.sides.entries()) {
        const itsName = sideName(address, content.stamp, n);
        sides.add(itsName);
        await this.#checkSide(itsName, side, isSignedResult);
      }
    }
    return { ...found, id: said.functionId, isUnproved };
  }

  #add(kind: ObjectFault["kind"], name: string, text: string): void {
    this.#faults.push({ kind, text, file: this.#bucket.url + name });
  }

  /** All of an object that can be one of a result. */
  async #wholeOf(name: string, object: BucketObject): Promise<Uint8Array | undefined> {
    const { size, body } = object;
    if (size <= OBJECT_BYTES) return readBody(object);
    await body[Symbol.asyncIterator]().return?.();
    this.#add("damaged", name, oversized(size));
    return undefined;
  }

  /** What the object says, when all chunks of it are sound. */
  async #outline(name: string, bytes: Uint8Array, ageMs: number) {
    try {
      const source = new MemorySource(bytes);
      const outline: Outline = await outlineOf(source, ageMs, this.#options);
      const address = addressNamed(name, outline.said, this.#options);
      if (outline.content === "object") await verifyChunks(source);
      return { ...outline, address };
    } catch (error) {
      if (this.#faults.length === 0) this.#add("damaged", name, messageOf(error));
      return undefined;
    }
  }

  async #checkSide(name: string, side: SideFile, isSignedResult: boolean): Promise<void> {
    try {
      const object = await this.#bucket.get(name, { signal: this.#options.signal });
      if (object === undefined) this.#add("missing", name, "The object is gone.");
      else {
        const fault = await this.#faultOf(object, side, isSignedResult);
        if (fault !== undefined) this.#add("damaged", name, fault);
      }
    } catch (error) {
      this.#add("unreadable", name, refusalOf(error, this.#options.signal));
    }
  }

  /** Checks chunks and digest as the bytes come, and keeps nothing. */
  async #faultOf(
    { body, size }: BucketObject,
    { facts, digest }: SideFile,
    isSignedResult: boolean,
  ): Promise<string | undefined> {
    if (size !== facts.cbytes) {
      await body[Symbol.asyncIterator]().return?.();
      return `it has ${size} bytes, not ${facts.cbytes}`;
    }
    const digester = digesterOf(isSignedResult);
    const { signal, onRead } = this.#options;
    async function* pieces() {
      for await (const piece of body) {
        digester.update(piece);
        onRead(piece.byteLength);
        yield piece;
      }
    }
    try {
      const { nbytes } = await unpack(new PiecesSource(pieces(), size), NOWHERE, { signal });
      if (nbytes !== facts.nbytes) return `it holds ${nbytes} plain bytes, not ${facts.nbytes}`;
      return digester.digest() === digest ? undefined : "its digest does not match";
    } catch (error) {
      if (error instanceof BloscpackError) return error.message;
      throw error;
    }
  }
}

const NOWHERE = { append: () => undefined };

/** @throws {BloscpackError} for a damaged one */
async function verifyChunks(source: MemorySource): Promise<void> {
  const reader = await openSource(source, { as: "bytes" }, () => undefined);
  const { faults } = await reader.verify();
  if (faults[0] !== undefined) throw faults[0];
}
