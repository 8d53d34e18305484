/**
 * A look at an LMDB file before LMDB maps it: a file that is shorter than its own pages say kills
 * the process with SIGBUS, and one that is not LMDB at all with SIGSEGV.
 *
 * Pages 0 and 1 are meta pages. Behind a page header of 16 bytes (`MDB_meta` in LMDB's mdb.c):
 *
 *      0  magic 0xBEEFC0DE u32, version 1 u32
 *     24  `MDB_db` of the free list; its first field is the page size
 *     72  `MDB_db` of the rows
 *    120  number of the last page in use u64
 *    128  transaction that wrote this meta page u64: the later one counts
 *
 * `MDB_db`: page size u32, flags u16, depth u16, 4 counters u64, page number of the root u64.
 */
import fs from "node:fs";

const META_AT = 16;
const META_LENGTH = 136;
const MAGIC = 0xbeefc0de;
const VERSION = 1;
const SMALLEST_PAGE = 512;
const LARGEST_PAGE = 65536;
const FREE_LIST_AT = 24;
const ROWS_AT = 72;

/** A B-tree of the file. */
export interface Tree {
  readonly flags: number;
  /** Pages from the root to a leaf, both counted. */
  readonly depth: number;
  /** `undefined` when the tree is empty. */
  readonly root: bigint | undefined;
}

export interface Meta {
  readonly pageSize: number;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly freeList: Tree;
  readonly rows: Tree;
}

/** A file that another process is just making is looked at so often, so far apart, ms. */
const LOOKS = 5;
const PAUSE_MS = 20;

/** Why LMDB should not be given this file; `undefined` for a sound, an empty or a missing one. */
export function findIndexFault(path: string): string | undefined {
  for (let look = 1; ; look++) {
    const fault = findFaultNow(path);
    if (fault === undefined || look === LOOKS) return fault;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
  }
}

function findFaultNow(path: string): string | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    if (fs.fstatSync(fd).size === 0) return undefined;
    const meta = readMeta(fd);
    if (typeof meta === "string") return meta;
    const { pageSize, lastPage } = meta;
    const needed = (lastPage + 1n) * BigInt(pageSize);
    // After the meta page: it is written when its pages are there, and others write meanwhile.
    const { size } = fs.fstatSync(fd);
    return needed > BigInt(size) ? `it has ${size} bytes, its pages take ${needed}` : undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return fs.openSync(path, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The meta page that counts, or why there is none. */
export function readMeta(fd: number): Meta | string {
  const first = readMetaPage(fd, 0);
  const second = first === undefined ? undefined : readMetaPage(fd, first.pageSize);
  if (first === undefined || second === undefined) return "it has no LMDB meta pages";
  const isSecond = second.transaction > first.transaction;
  const meta = isSecond ? second : first;
  // A transaction writes the meta page of its parity; LMDB looks for it there.
  if (meta.transaction % 2n !== (isSecond ? 1n : 0n)) return "its transactions have no order";
  return meta;
}

function readMetaPage(fd: number, page: number): Meta | undefined {
  const bytes = Buffer.alloc(META_LENGTH);
  if (fs.readSync(fd, bytes, 0, META_LENGTH, page + META_AT) < META_LENGTH) return undefined;
  if (bytes.readUInt32LE(0) !== MAGIC || bytes.readUInt32LE(4) !== VERSION) return undefined;
  const pageSize = bytes.readUInt32LE(FREE_LIST_AT);
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0;
  if (pageSize < SMALLEST_PAGE || pageSize > LARGEST_PAGE || !isPowerOfTwo) return undefined;
  return {
    pageSize,
    lastPage: bytes.readBigUInt64LE(120),
    transaction: bytes.readBigUInt64LE(128),
    freeList: readTree(bytes, FREE_LIST_AT),
    rows: readTree(bytes, ROWS_AT),
  };
}

function readTree(bytes: Buffer, at: number): Tree {
  const root = bytes.readBigUInt64LE(at + 40);
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    root: root === 0xffff_ffff_ffff_ffffn ? undefined : root,
  };
}
