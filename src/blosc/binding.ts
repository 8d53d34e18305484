/**
 * The only module that loads the native addon. What the addon does with its arguments is said
 * here; `codec.ts` checks them first and is what other modules use.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { PACKAGE_ROOT } from "./own-package.ts";

/** Options as numbers, already checked. */
export interface NativeCompressOptions {
  readonly cname: string;
  readonly clevel: number;
  readonly shuffle: 0 | 1 | 2;
  readonly typesize: number;
  /** Id of the checksum, 0..8. */
  readonly checksum: number;
  readonly nthreads: number | undefined;
}

/** Why a chunk was refused; the lowest such chunk of a call. */
export interface ChunkFault {
  readonly status:
    | "BAD_CHUNK_HEADER"
    | "CHUNK_NBYTES"
    | "TRUNCATED"
    | "CHUNK_CHECKSUM"
    | "DECOMPRESS";
  /** Index of the chunk in the call. */
  readonly chunk: number;
  /** For people, such as "cbytes 12 is below the 16-byte header". */
  readonly reason: string;
}

type CompressArguments = [
  chunks: readonly Uint8Array[],
  slots: Uint8Array,
  slotSize: number,
  options: NativeCompressOptions,
];

type DecompressArguments = [
  stored: Uint8Array,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: number,
];

type DecompressFileArguments = [
  descriptor: number,
  positions: Float64Array,
  plain: Uint8Array,
  chunkSize: number,
  checksum: number,
];

type TakeArguments = [
  descriptor: number,
  /** Five numbers a chunk, three a piece: see `TakenChunk` in codec.ts. */
  chunks: Float64Array,
  pieces: Float64Array,
  plain: Uint8Array,
  checksum: number,
];

type GetItemsArguments = [
  stored: Uint8Array,
  nbytes: number,
  start: number,
  plain: Uint8Array,
  checksum: number,
];

/**
 * Views must be on an ArrayBuffer that is neither shared nor resizable. Input and output must not
 * overlap. Synchronous calls work in place; asynchronous ones copy views that are not on memory
 * from `allocate`, and never read or write a view's memory outside of the JavaScript thread.
 *
 * `xxhash.ts` says what the `memory` of a hasher is.
 */
export interface NativeBinding {
  readonly bloscVersion: string;
  readonly codecs: readonly string[];
  readonly nthreads: number;
  allocate(nbytes: number): ArrayBuffer;
  compress(...args: CompressArguments): Uint32Array;
  compressBegin(...args: CompressArguments): () => Uint32Array;
  compressAsync(...args: CompressArguments): Promise<Uint32Array>;
  decompress(...args: DecompressArguments): ChunkFault | undefined;
  decompressBegin(...args: DecompressArguments): () => ChunkFault | undefined;
  decompressAsync(...args: DecompressArguments): Promise<ChunkFault | undefined>;
  /** Where files have no descriptors that threads can read at any position, these are missing. */
  readonly decompressFile?: (...args: DecompressFileArguments) => boolean;
  readonly decompressFileAsync?: (...args: DecompressFileArguments) => Promise<boolean>;
  readonly take?: (...args: TakeArguments) => boolean;
  readonly takeAsync?: (...args: TakeArguments) => Promise<boolean>;
  getItems(...args: GetItemsArguments): ChunkFault | undefined;
  getItemsAsync(...args: GetItemsArguments): Promise<ChunkFault | undefined>;
  digest(checksum: number, bytes: Uint8Array): Uint8Array;
  xxhashWindow(memory: Uint8Array, nbytes: number): void;
  xxhashBytes(memory: Uint8Array, bytes: Uint8Array): void;
  lmdbOpen(
    folder: string,
    mapSize: number,
    maxReaders: number,
    nearSize: number,
    sync: boolean,
  ): number;
  lmdbIsCurrent(handle: number): boolean;
  lmdbGet(handle: number, key: Uint8Array, target: Uint8Array): number;
  lmdbScan(handle: number, prefix: Uint8Array, after: Uint8Array, target: Uint8Array): number;
  lmdbWrite(handle: number, batch: Uint8Array, made: Uint8Array): void;
  /**
   * Copies the batch. `done` is missing where the write is made with the last one that was begun.
   * `finish` gives `made`; before `done` it waits, or writes on its own thread.
   */
  lmdbWriteBegin(
    handle: number,
    batch: Uint8Array,
    changes: number,
  ): { readonly done?: Promise<void>; finish(): Uint8Array };
  rangeLockOpen(path: string): number;
  rangeLockTry(handle: number, offset: number): boolean;
  rangeLockRelease(handle: number, offset: number): void;
  rangeLockIsHeld(handle: number, offset: number): boolean;
  rangeLockClose(handle: number): void;
}

/** musl and glibc need different binaries; only glibc reports a version of itself. */
function isMusl(): boolean {
  if (process.platform !== "linux" || isGlibcMapped()) return false;
  const report = process.report?.getReport() as
    | { header?: { glibcVersionRuntime?: string } }
    | undefined;
  return report?.header?.glibcVersionRuntime === undefined;
}

/** The quick way: the report takes milliseconds. Where it sees no glibc, the report decides. */
function isGlibcMapped(): boolean {
  try {
    return /\/libc(\.so\.6|-2\.\d+\.so)$/m.test(readFileSync("/proc/self/maps", "latin1"));
  } catch {
    return false;
  }
}

function candidates(): string[] {
  const explicit = process.env["BLOSCACHE_BINDING"];
  if (explicit !== undefined && explicit !== "") return [explicit];
  const prebuilds = join(PACKAGE_ROOT, "prebuilds");
  const built = join(PACKAGE_ROOT, "build/Release/bloscache.node");
  // A checkout need not know whether this is musl.
  if (!existsSync(prebuilds)) return [built];
  const target = `${process.platform}-${process.arch}${isMusl() ? "-musl" : ""}`;
  return [join(prebuilds, target, "bloscache.node"), built];
}

function load(): NativeBinding {
  const require = createRequire(import.meta.url);
  const tried: string[] = [];
  for (const path of candidates()) {
    if (!existsSync(path)) {
      tried.push(`${path}: no such file`);
      continue;
    }
    try {
      return require(path) as NativeBinding;
    } catch (error) {
      tried.push(`${path}: ${messageOf(error)}`);
    }
  }
  throw new Error(explanation(tried));
}

function explanation(tried: readonly string[]): string {
  return [
    `Cannot load bloscache's native addon on ${process.platform}-${process.arch}, Node ${process.version}.`,
    "Tried:",
    ...tried.map((line) => `  - ${line}`),
    "To build it, install CMake and a C++20 compiler, then run `npm run setup` in the package's",
    "folder.",
  ].join("\n");
}

export const binding: NativeBinding = load();
