/** Index files with rows of all kinds, and what can be wrong with one. */
import { randomInt } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lmdb } from "../../src/blosc/lmdb.ts";
import { findPageFault } from "../../src/store/index-pages.ts";
import { temporaryFolder } from "./temporary.ts";

export const PAGE = 4096;
export const SEED = Number(process.env["BLOSCACHE_TEST_SEED"] ?? randomInt(2 ** 31));

/** Numbers that a seed repeats: mulberry32. */
export function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export type Random = ReturnType<typeof randomOf>;

/** Rows from 50 bytes to overflow pages, put, replaced and deleted. */
export function shuffleRows(
  db: Lmdb,
  random: Random,
  steps: number,
  most: number,
  check: () => void,
) {
  const keys: Buffer[] = [];
  for (let step = 0; step < steps; step++) {
    const row = Buffer.alloc(50 + Math.floor((random(1000) / 1000) ** 4 * 20_000), step);
    const at = random(Math.max(keys.length, 1));
    const known = keys[at];
    if (known !== undefined && random(10) < (keys.length > most ? 7 : 3)) {
      db.write([{ delete: [known] }]);
      keys[at] = keys.at(-1) as Buffer;
      keys.pop();
    } else if (known !== undefined && random(10) < 2) {
      db.write([{ put: [[known, row]] }]);
    } else {
      const key = Buffer.from(Array.from({ length: 16 }, () => random(256)));
      keys.push(key);
      db.write([{ put: [[key, row]] }]);
    }
    if (step % 20 === 0) check();
  }
  for (const key of most === 0 ? keys : []) db.write([{ delete: [key] }]);
  check();
}

export const openFile = (folder: string) =>
  new Lmdb(folder, { mapSize: 2 ** 32, maxReaders: 100, nearSize: 2 ** 26, sync: false });

/** A file with branches, leaves, overflow pages and a free list, and where they are. */
export function sample() {
  const folder = temporaryFolder();
  const path = join(folder, "data.mdb");
  shuffleRows(openFile(folder), randomOf(7), 3000, 600, () => undefined);
  const bytes = readFileSync(path);
  const meta = bytes.readBigUInt64LE(PAGE + 144) > bytes.readBigUInt64LE(144) ? PAGE : 0;
  const root = Number(bytes.readBigUInt64LE(meta + 128)) * PAGE;
  const node = (page: number, i: number) => page + bytes.readUInt16LE(page + 16 + 2 * i);
  let leaf = root;
  while (bytes.readUInt16LE(leaf + 10) === 1) leaf = bytes.readUIntLE(node(leaf, 1), 6) * PAGE;
  const freeLeaf = Number(bytes.readBigUInt64LE(meta + 80)) * PAGE;
  return { path, bytes, meta, root, leaf, freeLeaf, node };
}

export type Sample = ReturnType<typeof sample>;
/** A node whose value has pages of its own, and the first of these. */
function bigNode({ bytes, node, path }: Sample) {
  for (const at of leafNodes(bytes, node)) {
    if (bytes.readUInt16LE(at + 4) !== 1 || bytes.readUInt16LE(at + 6) !== 16) continue;
    const overflow = Number(bytes.readBigUInt64LE(at + 24)) * PAGE;
    // The node may be one of the past: only in the present does a fault count.
    bytes.writeUInt16LE(9, at + 4);
    writeFileSync(path, bytes);
    bytes.writeUInt16LE(1, at + 4);
    if (findPageFault(path) !== undefined) return { at, overflow };
  }
  throw new Error("the sample has no overflow pages");
}

function* leafNodes(bytes: Buffer, node: Sample["node"]) {
  for (let page = 2 * PAGE; page < bytes.length; page += PAGE) {
    const count =
      bytes.readUInt16LE(page + 10) === 2 ? (bytes.readUInt16LE(page + 12) - 16) / 2 : 0;
    for (let i = 0; i < count; i++) yield node(page, i);
  }
}

/** What can be wrong with a field: the name, and what makes it so in the bytes of a sample. */
export const DAMAGES: readonly (readonly [name: string, damage: (file: Sample) => void])[] = [
  ["flags of the rows", ({ bytes, meta }) => bytes.writeUInt16LE(4, meta + 92)],
  ["flags of the free list", ({ bytes, meta }) => bytes.writeUInt16LE(0, meta + 44)],
  ["a depth", ({ bytes, meta }) => bytes.writeUInt16LE(1, meta + 94)],
  ["a depth beyond all", ({ bytes, meta }) => bytes.writeUInt16LE(999, meta + 94)],
  ["a root outside", ({ bytes, meta }) => bytes.writeUInt32LE(1e9, meta + 128)],
  ["a root that is a meta page", ({ bytes, meta }) => bytes.writeUInt32LE(1, meta + 128)],
  ["a last page before others", ({ bytes, meta }) => bytes.writeUInt32LE(20, meta + 136)],
  ["a last page beyond the end", ({ bytes, meta }) => bytes.writeUInt32LE(1e9, meta + 136)],
  [
    "a transaction of the other page",
    ({ bytes, meta }) => bytes.writeUInt32LE(1e6 + (meta ? 0 : 1), meta + 144),
  ],
  ["a page number", ({ bytes, leaf }) => bytes.writeUInt32LE(1, leaf)],
  ["the kind of a page", ({ bytes, leaf }) => bytes.writeUInt16LE(1, leaf + 10)],
  ["a dirty page", ({ bytes, leaf }) => bytes.writeUInt16LE(0x12, leaf + 10)],
  [
    "lower, odd",
    ({ bytes, leaf }) => bytes.writeUInt16LE(bytes.readUInt16LE(leaf + 12) + 1, leaf + 12),
  ],
  ["lower, of no nodes", ({ bytes, leaf }) => bytes.writeUInt16LE(16, leaf + 12)],
  ["lower, in the header", ({ bytes, leaf }) => bytes.writeUInt16LE(2, leaf + 12)],
  ["lower, beyond upper", ({ bytes, leaf }) => bytes.writeUInt16LE(4096, leaf + 12)],
  ["upper, beyond the page", ({ bytes, leaf }) => bytes.writeUInt16LE(0xfff0, leaf + 14)],
  [
    "upper, too small",
    ({ bytes, leaf }) => bytes.writeUInt16LE(bytes.readUInt16LE(leaf + 14) - 2, leaf + 14),
  ],
  [
    "a missing node",
    ({ bytes, leaf }) => bytes.writeUInt16LE(bytes.readUInt16LE(leaf + 12) - 2, leaf + 12),
  ],
  ["the offset of a node, outside", ({ bytes, leaf }) => bytes.writeUInt16LE(0xfffe, leaf + 16)],
  ["the offset of a node, in the header", ({ bytes, leaf }) => bytes.writeUInt16LE(0, leaf + 16)],
  [
    "the offset of a node, another's",
    ({ bytes, leaf }) => bytes.copyWithin(leaf + 16, leaf + 18, leaf + 20),
  ],
  ["the size of a value", ({ bytes, leaf, node }) => bytes.writeUInt16LE(9, node(leaf, 0) + 2)],
  ["the flags of a node", ({ bytes, leaf, node }) => bytes.writeUInt16LE(2, node(leaf, 0) + 4)],
  ["the size of a key", ({ bytes, leaf, node }) => bytes.writeUInt16LE(18, node(leaf, 0) + 6)],
  [
    "a key, too early",
    ({ bytes, leaf, node }) => bytes.fill(0, node(leaf, 0) + 8, node(leaf, 0) + 24),
  ],
  [
    "a key, too late",
    ({ bytes, leaf, node }) => bytes.fill(255, node(leaf, 0) + 8, node(leaf, 0) + 24),
  ],
  ["a child, outside", ({ bytes, root, node }) => bytes.writeUInt32LE(1e9, node(root, 1))],
  ["a child, far outside", ({ bytes, root, node }) => bytes.writeUInt16LE(1, node(root, 1) + 4)],
  [
    "a child, another's",
    ({ bytes, root, node }) => bytes.copyWithin(node(root, 1), node(root, 0), node(root, 0) + 6),
  ],
  [
    "a child, the page itself",
    ({ bytes, root, node }) => bytes.writeUInt32LE(root / PAGE, node(root, 1)),
  ],
  [
    "a key of a branch",
    ({ bytes, root, node }) => bytes.fill(0, node(root, 1) + 8, node(root, 1) + 10),
  ],
  ["a zeroed page", ({ bytes, leaf }) => bytes.fill(0, leaf, leaf + PAGE)],
  [
    "the pages of a value, too few",
    (file) => file.bytes.writeUInt32LE(0, bigNode(file).overflow + 12),
  ],
  [
    "the pages of a value, too many",
    (file) => file.bytes.writeUInt32LE(1e9, bigNode(file).overflow + 12),
  ],
  ["the size of a value in pages", (file) => file.bytes.writeUInt32LE(1e9, bigNode(file).at)],
  ["the page of a value", (file) => file.bytes.writeUInt32LE(1e9, bigNode(file).at + 24)],
  [
    "a free page that is used",
    ({ bytes, freeLeaf, leaf, node }) => bytes.writeUInt32LE(leaf / PAGE, node(freeLeaf, 0) + 24),
  ],
  [
    "a free page outside",
    ({ bytes, freeLeaf, node }) => bytes.writeUInt32LE(1e9, node(freeLeaf, 0) + 24),
  ],
  [
    "a free page that is a meta page",
    ({ bytes, freeLeaf, node }) => bytes.writeUInt32LE(1, node(freeLeaf, 0) + 24),
  ],
  [
    "a count of free pages",
    ({ bytes, freeLeaf, node }) => bytes.writeUInt32LE(5000, node(freeLeaf, 0) + 16),
  ],
  [
    "pages freed by no transaction",
    ({ bytes, freeLeaf, node }) => bytes.fill(0, node(freeLeaf, 0) + 8, node(freeLeaf, 0) + 16),
  ],
  [
    "pages freed in the future",
    ({ bytes, freeLeaf, node }) => bytes.writeUInt32LE(1, node(freeLeaf, 0) + 14),
  ],
];
