/**
 * A look at an LMDB file before LMDB maps it: a file that is shorter than its own pages say kills
 * the process with SIGBUS, and one that is not LMDB at all with SIGSEGV.
 *
 * Pages 0 and 1 are meta pages. Behind a page header of 16 bytes (`MDB_meta` in LMDB's mdb.c):
 *
 *      0  magic 0xBEEFC0DE u32, version 1 u32
 *     24  page size u32
 *    120  number of the last page in use u64
 *    128  transaction that wrote this meta page u64: the later one counts
 */
import fs from "node:fs";

const META_AT = 16;
const META_LENGTH = 136;
const MAGIC = 0xbeefc0de;
const VERSION = 1;
const SMALLEST_PAGE = 512;
const LARGEST_PAGE = 65536;

interface Meta {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
}

/** Why LMDB should not be given this file; `undefined` for a sound, an empty or a missing one. */
export function findIndexFault(path: string): string | undefined {
  const size = fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return undefined;
  const fd = fs.openSync(path, "r");
  try {
    const first = readMeta(fd, 0);
    const second = first === undefined ? undefined : readMeta(fd, first.pageSize);
    if (first === undefined || second === undefined) return "it has no LMDB meta pages";
    const { pageSize, lastPage } = second.transaction > first.transaction ? second : first;
    const needed = (lastPage + 1n) * BigInt(pageSize);
    return needed > BigInt(size) ? `it has ${size} bytes, its pages take ${needed}` : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function readMeta(fd: number, page: number): Meta | undefined {
  const bytes = Buffer.alloc(META_LENGTH);
  if (fs.readSync(fd, bytes, 0, META_LENGTH, page + META_AT) < META_LENGTH) return undefined;
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== VERSION) return undefined;
  const pageSize = bytes.readUInt32LE(24);
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  if (pageSize < SMALLEST_PAGE || pageSize > LARGEST_PAGE || !isPowerOfTwo) return undefined;
  return {
    pageSize,
    lastPage: bytes.readBigUInt64LE(120),
    transaction: bytes.readBigUInt64LE(128),
  };
}
