/**
 * A walk over every page that LMDB would use, in bounds-checked code: LMDB itself believes its
 * file. Gets and puts check the pages that they meet by the same rules (native/lmdb_pages.h); only
 * the whole walk finds what no process has met yet, or a page that belongs to two.
 *
 * Pages and nodes as in LMDB's mdb.c (data version 1, 64 bits, little-endian):
 *
 *     page   number u64, padding u16, kind u16, lower u16, upper u16 (overflow: pages u32 in place
 *            of these two), then the offset u16 of each node, in order of the keys
 *     node   low u16, high u16, flags u16, key size u16, key, value
 *            leaf: low and high are the size of the value, which follows, or with the flag BIGDATA
 *            the number of its overflow page u64; branch: low, high and flags are a page number
 *
 * The nodes of a page lie in any order but without gaps from `upper` to its end. Every page belongs
 * to one node or is once in the free list: LMDB hands out what the free list names.
 *
 * Values of the rows are not looked at, they have digests (entry.ts). So it does no harm if a sound
 * tree is older than it should be.
 */
import fs from "node:fs";
import { type Meta, readMeta, type Tree } from "./index-check.ts";

const HEADER = 16;
const NODE_HEADER = 8;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const BIGDATA = 1;
const INTEGER_KEYS = 8;
const LONGEST_KEY = 511;
/** LMDB's cursors go no deeper. */
const DEEPEST = 32;
/** Pages 0 and 1 are the meta pages. */
const FIRST_PAGE = 2;
const WALKS = 2;

class PageFault extends Error {}

/**
 * Why LMDB should not be given this file, for which `findIndexFault` found nothing.
 *
 * LMDB does not write to pages of the last transaction. If others commit meanwhile, that has become
 * another one and what was found may be their work; they are living proof that the file is usable.
 */
export function findPageFault(path: string): string | undefined {
  if ((fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return undefined;
  const fd = fs.openSync(path, "r");
  try {
    for (let n = 0; n < WALKS; n++) {
      const meta = readMeta(fd);
      if (typeof meta === "string") return meta;
      const fault = walk(fd, meta);
      const after = readMeta(fd);
      const isStill = typeof after !== "string" && after.transaction === meta.transaction;
      if (fault === undefined || isStill) return fault;
    }
    return undefined;
  } finally {
    fs.closeSync(fd);
  }
}

function walk(fd: number, meta: Meta): string | undefined {
  try {
    const pages = new Pages(fd, meta);
    new TreeWalk(pages, meta.rows, false).run();
    new TreeWalk(pages, meta.freeList, true).run();
    return undefined;
  } catch (error) {
    if (error instanceof PageFault) return error.message;
    // A bad spot on the disk: LMDB, which maps the file, would die of it.
    if ((error as NodeJS.ErrnoException).code === "EIO") return "it cannot be read";
    throw error;
  }
}

/** Reads pages, each number once. */
class Pages {
  readonly #fd: number;
  readonly #claimed: Uint8Array;
  readonly count: number;
  readonly size: number;
  readonly transaction: bigint;

  constructor(fd: number, meta: Meta) {
    this.#fd = fd;
    this.size = meta.pageSize;
    this.count = Number(meta.lastPage) + 1;
    this.transaction = meta.transaction;
    // A damaged count must not become a demand for memory.
    const held = fs.fstatSync(fd).size / this.size;
    if (this.count > held) throw new PageFault(`it ends before page ${meta.lastPage}`);
    this.#claimed = new Uint8Array(Math.ceil(this.count / 8));
  }

  /** @throws {PageFault} when there is no such page, or it is somebody else's */
  claim(page: number): void {
    if (!(page >= FIRST_PAGE && page < this.count)) throw new PageFault(`there is no page ${page}`);
    const bit = 1 << (page & 7);
    const byte = this.#claimed[page >>> 3] as number;
    if ((byte & bit) !== 0) throw new PageFault(`page ${page} is used twice`);
    this.#claimed[page >>> 3] = byte | bit;
  }

  read(target: Buffer, at: number): void {
    if (fs.readSync(this.#fd, target, 0, target.length, at) < target.length) {
      throw new PageFault(`it ends before byte ${at + target.length}`);
    }
  }
}

/** What the keys of a page must lie within: keys of the branches above it. */
interface Bounds {
  /** The first key is this one or a later one. */
  readonly from: Buffer | undefined;
  /** All keys are before this one. */
  readonly to: Buffer | undefined;
}

class TreeWalk {
  readonly #pages: Pages;
  readonly #tree: Tree;
  readonly #isFreeList: boolean;
  /** A page per level: those above are still needed. */
  readonly #levels: Buffer[] = [];
  /** Where the node that begins at 2 * i ends, of the page that is being looked at. */
  readonly #ends: Uint32Array;
  readonly #overflow: Buffer = Buffer.alloc(HEADER);

  constructor(pages: Pages, tree: Tree, isFreeList: boolean) {
    this.#pages = pages;
    this.#tree = tree;
    this.#isFreeList = isFreeList;
    this.#ends = new Uint32Array(pages.size / 2 + 1);
  }

  run(): void {
    const { flags, depth, root } = this.#tree;
    if (flags !== (this.#isFreeList ? INTEGER_KEYS : 0)) throw new PageFault(`flags ${flags}`);
    if (depth > DEEPEST || (depth === 0) !== (root === undefined)) {
      throw new PageFault(`a tree is ${depth} deep`);
    }
    if (root !== undefined) this.#walk(Number(root), 1, { from: undefined, to: undefined });
  }

  #walk(number: number, level: number, bounds: Bounds): void {
    this.#pages.claim(number);
    const page = this.#levels[level] ?? Buffer.alloc(this.#pages.size);
    this.#levels[level] = page;
    this.#pages.read(page, number * this.#pages.size);
    const isLeaf = level === this.#tree.depth;
    const count = this.#checkHeader(page, number, isLeaf);
    this.#checkNodes(page, number, count, isLeaf);
    this.#checkKeys(page, number, isLeaf ? 0 : 1, count, bounds);
    for (let i = 0; i < count; i++) {
      const node = nodeAt(page, i);
      if (isLeaf) this.#checkValue(page, node, number);
      else this.#walk(childOf(page, node), level + 1, childBounds(page, i, count, bounds));
    }
  }

  /** @returns how many nodes the page has */
  #checkHeader(page: Buffer, number: number, isLeaf: boolean): number {
    const lower = page.readUInt16LE(12);
    const upper = page.readUInt16LE(14);
    const count = (lower - HEADER) / 2;
    const isSound =
      page.readBigUInt64LE(0) === BigInt(number) &&
      page.readUInt16LE(10) === (isLeaf ? LEAF : BRANCH) &&
      // A branch of the free list may be left with one child (LMDB's ITS#8336).
      count >= (isLeaf || this.#isFreeList ? 1 : 2) &&
      Number.isInteger(count) &&
      lower <= upper &&
      upper <= page.length;
    if (!isSound) throw new PageFault(`page ${number} has a wrong header`);
    return count;
  }

  /** The nodes must lie in the page, and without gaps or overlaps: LMDB moves them as one. */
  #checkNodes(page: Buffer, number: number, count: number, isLeaf: boolean): void {
    const upper = page.readUInt16LE(14);
    const ends = this.#ends.fill(0);
    for (let i = 0; i < count; i++) {
      const node = nodeAt(page, i);
      const isInside = node >= upper && node + NODE_HEADER <= page.length && node % 2 === 0;
      const end = isInside ? nodeEnd(page, node, isLeaf) : Number.POSITIVE_INFINITY;
      if (end > page.length) throw new PageFault(`node ${i} of page ${number} is not in the page`);
      ends[node >>> 1] = end;
    }
    let at = upper;
    let seen = 0;
    for (; at < page.length && seen <= count; seen++) {
      const end = ends[at >>> 1] as number;
      if (end === 0) break;
      at = end;
    }
    if (at !== page.length || seen !== count) {
      throw new PageFault(`the nodes of page ${number} do not fill it`);
    }
  }

  #checkKeys(page: Buffer, number: number, first: number, count: number, bounds: Bounds): void {
    let before = bounds.from;
    let mayBeSame = true;
    for (let i = first; i < count; i++) {
      const key = keyOf(page, i);
      if (key.length === 0 || key.length > LONGEST_KEY || (this.#isFreeList && key.length !== 8)) {
        throw new PageFault(`key ${i} of page ${number} has ${key.length} bytes`);
      }
      const order = before === undefined ? -1 : this.#compare(before, key);
      if (order > 0 || (order === 0 && !mayBeSame)) {
        throw new PageFault(`key ${i} of page ${number} is out of order`);
      }
      before = key;
      mayBeSame = false;
    }
    if (before !== undefined && bounds.to !== undefined && this.#compare(before, bounds.to) >= 0) {
      throw new PageFault(`the keys of page ${number} go too far`);
    }
  }

  #compare(a: Buffer, b: Buffer): number {
    if (!this.#isFreeList) return Buffer.compare(a, b);
    return Number(a.readBigUInt64LE(0) - b.readBigUInt64LE(0));
  }

  #checkValue(page: Buffer, node: number, number: number): void {
    const flags = page.readUInt16LE(node + 4);
    const size = page.readUInt32LE(node);
    const at = node + NODE_HEADER + page.readUInt16LE(node + 6);
    if ((flags & ~BIGDATA) !== 0)
      throw new PageFault(`a node of page ${number} has flags ${flags}`);
    if (flags === 0) {
      if (this.#isFreeList) this.#claimFree(page, node, page.subarray(at, at + size));
      return;
    }
    const first = Number(page.readBigUInt64LE(at));
    this.#claimOverflow(first, size);
    if (!this.#isFreeList) return;
    const value = Buffer.alloc(size);
    this.#pages.read(value, first * this.#pages.size + HEADER);
    this.#claimFree(page, node, value);
  }

  /** A value of pages of its own. */
  #claimOverflow(first: number, size: number): void {
    this.#pages.claim(first);
    const header = this.#overflow;
    this.#pages.read(header, first * this.#pages.size);
    const pages = header.readUInt32LE(12);
    const isSound =
      header.readBigUInt64LE(0) === BigInt(first) &&
      header.readUInt16LE(10) === OVERFLOW &&
      HEADER + size <= pages * this.#pages.size;
    if (!isSound) throw new PageFault(`overflow page ${first} has a wrong header`);
    for (let page = first + 1; page < first + pages; page++) this.#pages.claim(page);
  }

  /** Pages that a transaction freed: how many u64, then their numbers u64, falling. */
  #claimFree(page: Buffer, node: number, list: Buffer): void {
    const transaction = page.readBigUInt64LE(node + NODE_HEADER);
    if (transaction === 0n || transaction > this.#pages.transaction) {
      throw new PageFault(`transaction ${transaction} freed pages`);
    }
    // There may be room for more: LMDB reserves it before it knows.
    const count = list.length < 8 ? Number.NaN : Number(list.readBigUInt64LE(0));
    if (!(list.length % 8 === 0 && 8 * (count + 1) <= list.length)) {
      throw new PageFault(`transaction ${transaction} freed ${count} pages`);
    }
    let before = Number.POSITIVE_INFINITY;
    for (let i = 1; i <= count; i++) {
      const number = Number(list.readBigUInt64LE(8 * i));
      if (number >= before) throw new PageFault(`free page ${number} is out of order`);
      this.#pages.claim(number);
      before = number;
    }
  }
}

function nodeAt(page: Buffer, i: number): number {
  return page.readUInt16LE(HEADER + 2 * i);
}

/** Nodes begin at even offsets. */
function nodeEnd(page: Buffer, node: number, isLeaf: boolean): number {
  const isBig = (page.readUInt16LE(node + 4) & BIGDATA) !== 0;
  const inPage = isBig ? 8 : page.readUInt32LE(node);
  const length = NODE_HEADER + page.readUInt16LE(node + 6) + (isLeaf ? inPage : 0);
  return node + length + (length % 2);
}

function childOf(page: Buffer, node: number): number {
  return page.readUIntLE(node, 6);
}

function keyOf(page: Buffer, i: number): Buffer {
  const at = nodeAt(page, i) + NODE_HEADER;
  return page.subarray(at, at + page.readUInt16LE(at - 2));
}

/** The first key of a branch does not count: its child begins where the branch does. */
function childBounds(page: Buffer, i: number, count: number, bounds: Bounds): Bounds {
  return {
    from: i === 0 ? bounds.from : keyOf(page, i),
    to: i + 1 === count ? bounds.to : keyOf(page, i + 1),
  };
}
