/**
 * What vouches for an object: a digest of its bytes against accidents; and with a key, which all who
 * share the bucket have, an HMAC-SHA256 (RFC 2104) of its name and bytes against forgery: who can
 * write to the bucket can then neither make a result nor give one out for another.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { acquireHasher, releaseHasher } from "../store/hash.ts";

/** A key shorter than the digest would be the weakest part. */
const KEY_LENGTH = 32;

/** Names of the fields in an object's metadata. */
const DIGEST = "bloscache-digest";
const SIGNATURE = "bloscache-signature";

/** Takes bytes as they come. */
export interface Digester {
  update(bytes: Uint8Array): void;
  /** To be called once. */
  digest(): string;
}

export class Seal {
  readonly #key: Buffer | undefined;

  /**
   * @param key at least 32 bytes, or a text of as many
   * @throws {TypeError | RangeError} for another one
   */
  constructor(key?: string | Uint8Array) {
    this.#key = key === undefined ? undefined : checkKey(key);
  }

  /** Whether it can tell who made an object. */
  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  /** The metadata of an object. */
  fieldsFor(name: string, bytes: Uint8Array): { [field: string]: string } {
    return this.#key === undefined
      ? { [DIGEST]: xxhashOf(bytes) }
      : { [SIGNATURE]: signatureOf(this.#key, name, bytes) };
  }

  /** What is wrong with an object; `undefined` for the one that was put. */
  faultIn(
    name: string,
    bytes: Uint8Array,
    fields: { readonly [field: string]: string },
  ): string | undefined {
    if (this.#key === undefined) {
      const digest = fields[DIGEST];
      if (digest === undefined) return "it has no digest that can be checked without a signingKey";
      return digest === xxhashOf(bytes) ? undefined : "its digest does not match";
    }
    const signature = fields[SIGNATURE];
    if (signature === undefined) return "it is not signed";
    const expected = Buffer.from(signatureOf(this.#key, name, bytes));
    const given = Buffer.from(signature);
    const isOurs = given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
    return isOurs ? undefined : "its signature is not of our signingKey";
  }

  /**
   * For bytes whose digest stands in a sealed object: with a key one that nobody can find other bytes
   * for.
   */
  digester(): Digester {
    return digesterOf(this.#key !== undefined);
  }
}

/** Whether an object is signed, by whatever key. */
export function isSigned(fields: { readonly [field: string]: string }): boolean {
  return fields[SIGNATURE] !== undefined;
}

/** {@link Seal.digester}, of the files of a result that is signed, or is not. */
export function digesterOf(isSignedResult: boolean): Digester {
  if (!isSignedResult) return new Xxhash();
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest("hex") };
}

function checkKey(key: unknown): Buffer {
  if (typeof key !== "string" && !(key instanceof Uint8Array)) {
    throw new TypeError("Option signingKey must be a string or a Uint8Array");
  }
  const bytes = Buffer.from(key as string);
  if (bytes.byteLength >= KEY_LENGTH) return bytes;
  throw new RangeError(
    `Option signingKey must have at least ${KEY_LENGTH} bytes: got ${bytes.byteLength}`,
  );
}

function signatureOf(key: Buffer, name: string, bytes: Uint8Array): string {
  return createHmac("sha256", key).update(`bloscache\n${name}\n`).update(bytes).digest("hex");
}

function xxhashOf(bytes: Uint8Array): string {
  const digester = new Xxhash();
  digester.update(bytes);
  return digester.digest();
}

class Xxhash implements Digester {
  readonly #hasher = acquireHasher();

  update(bytes: Uint8Array): void {
    this.#hasher.bytes(bytes);
  }

  digest(): string {
    const digest = this.#hasher.digestHex();
    releaseHasher(this.#hasher);
    return digest;
  }
}
