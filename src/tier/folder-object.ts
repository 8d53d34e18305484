/**
 * An object as a file: what is known of it, in a header of fixed size, then its bytes. In one file,
 * so that both change at once; of fixed size, so that a listing need not open it.
 */
import fs from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { acquireHasher, releaseHasher } from "../store/hash.ts";

/** Bytes before those of the object: JSON, then blanks. More than all metadata of S3 takes. */
export const HEADER_BYTES = 4096;

export interface FolderHeader {
  readonly etag: string;
  readonly metadata: { readonly [name: string]: string };
}

/** As of S3 it is a digest of the bytes, so that what relies on more fails here as it would there. */
export function etagOf(bytes: Uint8Array): string {
  const hasher = acquireHasher();
  try {
    hasher.bytes(bytes);
    return hasher.digestHex();
  } finally {
    releaseHasher(hasher);
  }
}

/** @throws {RangeError} when there is more metadata than fits */
export function encodeHeader(header: FolderHeader): Uint8Array {
  const text = JSON.stringify(header);
  const bytes = Buffer.alloc(HEADER_BYTES, " ");
  if (Buffer.byteLength(text) > HEADER_BYTES) throw new RangeError("Too much metadata");
  bytes.write(text);
  return bytes;
}

export async function readHeader(file: FileHandle): Promise<FolderHeader> {
  const bytes = Buffer.alloc(HEADER_BYTES);
  const { bytesRead } = await file.read(bytes, 0, HEADER_BYTES, 0);
  return decodeHeader(bytes, bytesRead);
}

/** `undefined` when there is no such file. */
export function readHeaderSync(path: string): FolderHeader | undefined {
  if (!fs.existsSync(path)) return undefined;
  const fd = fs.openSync(path, "r");
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return decodeHeader(bytes, fs.readSync(fd, bytes, 0, HEADER_BYTES, 0));
  } finally {
    fs.closeSync(fd);
  }
}

/** @throws an `Error` for a file that is no object */
function decodeHeader(bytes: Buffer, length: number): FolderHeader {
  if (length === HEADER_BYTES) {
    try {
      const { etag, metadata } = JSON.parse(bytes.toString()) as Partial<FolderHeader>;
      if (typeof etag === "string" && typeof metadata === "object") return { etag, metadata };
    } catch {
      // Said below.
    }
  }
  throw new Error("it is not the file of an object");
}
