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

/**
 * Fills a new file. As of S3 the ETag is a digest of the bytes, so that what relies on more fails here
 * as it would there.
 *
 * @returns the ETag
 * @throws {RangeError} when there is more metadata than fits; the reason of `signal`
 */
export async function writeObject(
  file: FileHandle,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  metadata: FolderHeader["metadata"],
  signal: AbortSignal | undefined,
): Promise<string> {
  const hasher = acquireHasher();
  try {
    let at = HEADER_BYTES;
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      hasher.bytes(piece);
      const { bytesWritten } = await file.write(piece, 0, piece.byteLength, at);
      if (bytesWritten < piece.byteLength) throw new Error("the disk took only some of it");
      at += bytesWritten;
    }
    const etag = hasher.digestHex();
    await file.write(encodeHeader({ etag, metadata }), 0, HEADER_BYTES, 0);
    return etag;
  } finally {
    releaseHasher(hasher);
  }
}

/** @throws {RangeError} when there is more metadata than fits */
function encodeHeader(header: FolderHeader): Uint8Array {
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

/** A file that was cut off, as by a power cut, or is none of ours: whoever reads it finds no digest, and replaces it. */
const DAMAGED: FolderHeader = { etag: "damaged", metadata: {} };

function decodeHeader(bytes: Buffer, length: number): FolderHeader {
  if (length === HEADER_BYTES) {
    try {
      const { etag, metadata } = JSON.parse(bytes.toString()) as Partial<FolderHeader>;
      if (typeof etag === "string" && typeof metadata === "object") return { etag, metadata };
    } catch {
      // Said below.
    }
  }
  return DAMAGED;
}
