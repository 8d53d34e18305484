/**
 * Peers that keep bytes. They get the arrays of a value one behind the other as a single Buffer,
 * made beforehand: to their advantage where there are several.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { arraysOf, bytesOf } from "../data/files.mjs";

const keyOf = (a, b, c) => `${a}-${b}-${c}`;

function prepare(value) {
  const parts = arraysOf(value).map(([, array]) => bytesOf(array));
  return parts.length === 1 ? parts[0] : Buffer.concat(parts);
}

/** Bare files, each new to the system. */
export function openFiles(folder) {
  mkdirSync(folder, { recursive: true });
  const pathOf = (...key) => join(folder, keyOf(...key));
  return {
    prepare,
    put: (blob, a, b, c) => writeFileSync(pathOf(a, b, c), blob),
    get: (a, b, c) => readFileSync(pathOf(a, b, c)),
    remove: (a, b, c) => rmSync(pathOf(a, b, c)),
  };
}

/** A single file that is written over and over, as by a program that saves its state. */
export function openSameFile(folder) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "same");
  return {
    prepare,
    put: (blob) => writeFileSync(path, blob),
    get: () => readFileSync(path),
    remove: () => {},
  };
}

/** Bare LMDB, as little synced to the disk as ours by default. */
export async function openLmdb(folder) {
  const { open } = await import("lmdb");
  const db = open({ path: folder, encoding: "binary", noSync: true, mapSize: 2 ** 33 });
  return {
    prepare,
    put: (blob, a, b, c) => db.putSync(keyOf(a, b, c), blob),
    putSoon: (blob, a, b, c) => db.put(keyOf(a, b, c), blob),
    get: (a, b, c) => db.getBinary(keyOf(a, b, c)),
    remove: (a, b, c) => db.removeSync(keyOf(a, b, c)),
    close: () => db.close(),
  };
}

/** What it takes at the least to find a small result by LMDB and to know that it is intact. */
export async function openLmdbWithDigest(folder) {
  const { default: xxhash } = await import("xxhash-wasm");
  const { h64Raw } = await xxhash();
  const lmdb = await openLmdb(folder);
  let digest;
  return {
    ...lmdb,
    get(a, b, c) {
      const blob = lmdb.get(a, b, c);
      const found = h64Raw(blob);
      digest ??= found;
      if (found !== digest) throw new Error("The bytes have changed");
      return blob;
    },
  };
}

export async function openCacache(folder) {
  const { default: cacache } = await import("cacache");
  return {
    prepare,
    put: (blob, a, b, c) => cacache.put(folder, keyOf(a, b, c), blob),
    get: (a, b, c) => cacache.get(folder, keyOf(a, b, c)),
    restore: ({ data }) => data,
    remove: (a, b, c) => cacache.rm.all(folder, keyOf(a, b, c)),
  };
}

/** C-Blosc in WebAssembly, with our settings, and a file for each value. */
export async function openNumcodecs(folder) {
  const { default: Blosc } = await import("numcodecs/blosc");
  mkdirSync(folder, { recursive: true });
  const codec = new Blosc(5, "lz4", Blosc.SHUFFLE);
  const pathOf = (...key) => join(folder, keyOf(...key));
  return {
    prepare,
    put: async (blob, a, b, c) => writeFile(pathOf(a, b, c), await codec.encode(blob)),
    get: async (a, b, c) => codec.decode(await readFile(pathOf(a, b, c))),
    remove: (a, b, c) => rm(pathOf(a, b, c)),
  };
}

/** A file for each value, in which its bytes are base64 within JSON. */
export async function openKeyv(folder) {
  const { default: Keyv } = await import("keyv");
  const { KeyvFile } = await import("keyv-file");
  const keyv = new Keyv({ store: new KeyvFile({ filename: folder, separatedFile: true }) });
  return {
    prepare,
    put: (blob, a, b, c) => keyv.set(keyOf(a, b, c), blob),
    get: (a, b, c) => keyv.get(keyOf(a, b, c)),
    remove: (a, b, c) => keyv.delete(keyOf(a, b, c)),
  };
}
