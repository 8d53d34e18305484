/**
 * Results at rest: a row in the index and, unless the result is small, one Bloscpack file per
 * array. Files are complete before the row that speaks of them exists, and go after it; so a row
 * without its files is a miss, and a file without a row is litter.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { StoreError } from "../errors.ts";
import type { TypedArray } from "../format/dtype.ts";
import { type ArrayInput, describeArray } from "../format/ndarray.ts";
import type { PackPlan } from "../format/pack.ts";
import { type PackNdarrayOptions, planPackNdarray } from "../format/pack-ndarray.ts";
import { decodeEntry, type Entry, encodeEntry, type FileArray, type InlineArray } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import { Inventory } from "./inventory.ts";
import type { Layout } from "./location.ts";
import {
  type FileFacts,
  objectName,
  readObject,
  readObjectSync,
  sliceObject,
  sliceObjectSync,
  writeObject,
  writeObjectSync,
} from "./object-file.ts";
import { type Durability, type Publication, syncDirectorySync } from "./publication.ts";

/** Which result. */
export interface Address {
  /** Key of the row. */
  readonly row: Uint8Array;
  /** Folder of the function, safe as a file name. */
  readonly slug: string;
  /** Hex digits, unique to the call: start of the file names. */
  readonly name: string;
}

/** One array of a result, and what to restore it as: a number that the caller defines, to 254. */
export interface DraftArray {
  readonly kind: number;
  readonly input: ArrayInput;
  /** What differs from the store's way to pack. */
  readonly packing?: PackNdarrayOptions | undefined;
}

/** A result that is to be stored. */
export interface Draft
  extends Pick<
    Entry,
    "isAsync" | "durationMs" | "functionId" | "functionVersion" | "skeleton" | "summary"
  > {
  readonly arrays: readonly DraftArray[];
}

/** A result that was read: the plain bytes of its arrays, each in memory of its own. */
export interface Stored {
  readonly plains: readonly ArrayBuffer[];
  readonly skeleton: string;
}

export interface StoreOptions {
  readonly durability: Durability;
  /** Results of at most so many plain bytes live in their row. */
  readonly inlineBytes: number;
  /** How files are packed. */
  readonly packing: PackNdarrayOptions;
}

/** An array on its way into a file. */
interface Job {
  readonly kind: number;
  readonly plan: PackPlan;
  readonly to: Publication;
}

/** Marks the array that holds a skeleton too long for the row. */
const SKELETON_KIND = 255;

export class ArrayStore {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #options: StoreOptions;

  constructor(layout: Layout, index: IndexDb, options: StoreOptions) {
    this.#layout = layout;
    this.#index = index;
    this.#options = options;
  }

  /**
   * The row of a result; `undefined` when there is none.
   *
   * @throws {StoreError} when it cannot be read, or is damaged
   */
  find(address: Address): Entry | undefined {
    const row = this.#index.get(address.row);
    if (row === undefined) return undefined;
    const entry = decodeEntry(row);
    if (entry !== undefined) return entry;
    throw new StoreError("read row", address.name, new Error("its digest does not match"));
  }

  /**
   * What a row speaks of.
   *
   * @throws {StoreError} when a file is damaged, or cannot be read
   */
  readSync(address: Address, entry: Entry): Stored {
    const plains = entry.arrays.map((array, n) =>
      "plain" in array
        ? (array.plain.buffer as ArrayBuffer)
        : readObjectSync(this.#pathOf(address, entry.stamp, n), array),
    );
    return withSkeleton(entry, plains);
  }

  /** {@link readSync} off the main thread. */
  async read(address: Address, entry: Entry): Promise<Stored> {
    const plains: ArrayBuffer[] = [];
    for (const [n, array] of entry.arrays.entries()) {
      plains.push(
        "plain" in array
          ? (array.plain.buffer as ArrayBuffer)
          : await readObject(this.#pathOf(address, entry.stamp, n), array),
      );
    }
    return withSkeleton(entry, plains);
  }

  /**
   * Elements of the n-th array of a result, without its other elements being read; `undefined` when
   * it has no file.
   *
   * @throws {StoreError} when the file is damaged, or cannot be read
   */
  sliceSync(
    address: Address,
    entry: Entry,
    n: number,
    start?: number,
    stop?: number,
  ): TypedArray | undefined {
    const array = entry.arrays[n];
    if (array === undefined || "plain" in array) return undefined;
    return sliceObjectSync(this.#pathOf(address, entry.stamp, n), array, start, stop);
  }

  /** {@link sliceSync} off the main thread. */
  async slice(
    address: Address,
    entry: Entry,
    n: number,
    start?: number,
    stop?: number,
  ): Promise<TypedArray | undefined> {
    const array = entry.arrays[n];
    if (array === undefined || "plain" in array) return undefined;
    return sliceObject(this.#pathOf(address, entry.stamp, n), array, start, stop);
  }

  /** The files of a result, absolute paths; a small one has none. */
  filesOf(address: Address, entry: Entry): string[] {
    return entry.arrays.flatMap((array, n) =>
      "plain" in array ? [] : [this.#pathOf(address, entry.stamp, n)],
    );
  }

  /** Those of its files that are not there. */
  missingFiles(address: Address, entry: Entry): string[] {
    return this.filesOf(address, entry).filter((path) => !fs.existsSync(path));
  }

  /**
   * The results whose rows' keys begin with `prefix`, each with its key; damaged rows are passed over.
   *
   * @throws {StoreError} when the index cannot be read
   */
  *entries(prefix: Uint8Array): Generator<{ row: Uint8Array; entry: Entry }, void, undefined> {
    for (const { key, row } of this.#index.scan(prefix)) {
      const entry = decodeEntry(row);
      if (entry !== undefined) yield { row: Uint8Array.from(key), entry };
    }
  }

  /** Forgets a result; whether it was there. @throws {StoreError} when the index refuses */
  delete(address: Address): boolean {
    const row = this.#index.get(address.row);
    const entry = row === undefined ? undefined : decodeEntry(row);
    const wasThere = this.#index.delete(address.row);
    if (entry === undefined) return wasThere;
    // A reader that has a file open reads it to its end; one that has not finds a miss.
    for (const path of this.filesOf(address, entry)) fs.rmSync(path, { force: true });
    return wasThere;
  }

  /** Forgets all results whose rows' keys begin with `prefix`: how many. @throws {StoreError} */
  clear(prefix: Uint8Array, addressOf: (row: Uint8Array, entry: Entry) => Address): number {
    let count = 0;
    for (const { key, row } of this.#index.scan(prefix)) {
      const entry = decodeEntry(row);
      const own = Uint8Array.from(key);
      if (entry === undefined) this.#index.delete(own);
      else if (this.delete(addressOf(own, entry))) count++;
    }
    return count;
  }

  /** For questions about the folder as a whole. */
  inventory(): Inventory {
    return new Inventory(this.#layout, this.#index);
  }

  /** Whether the cache is still in its folder. */
  isCurrent(): boolean {
    return this.#index.isCurrent();
  }

  /** Stores a result, in the place of an earlier one. @throws {StoreError} or the system's error */
  writeSync(address: Address, draft: Draft): void {
    const { stamp, arrays, skeleton, jobs } = this.#prepare(address, draft);
    try {
      const files = jobs.map((job) => {
        makeFolders(job.to);
        return fileArray(job, writeObjectSync(job.to, job.plan));
      });
      this.#commit(address, draft, { stamp, arrays: [...arrays, ...files], ...skeleton });
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** {@link writeSync} off the main thread. REQUIRES: the arrays stay as they are until then. */
  async write(address: Address, draft: Draft): Promise<void> {
    const { stamp, arrays, skeleton, jobs } = this.#prepare(address, draft);
    try {
      const files: FileArray[] = [];
      for (const job of jobs) {
        makeFolders(job.to);
        files.push(fileArray(job, await writeObject(job.to, job.plan)));
      }
      this.#commit(address, draft, { stamp, arrays: [...arrays, ...files], ...skeleton });
    } catch (error) {
      removeFiles(jobs);
      throw error;
    }
  }

  /** Forgets a result that turned out damaged; its files are kept for an hour, for a look. */
  setAside(address: Address, entry: Entry | undefined): void {
    // Another process may have stored the result anew since this one read its row.
    const row = this.#index.get(address.row);
    const now = row === undefined ? undefined : decodeEntry(row);
    if (now?.stamp === entry?.stamp) this.#index.delete(address.row);
    for (const path of entry === undefined ? [] : this.filesOf(address, entry)) {
      try {
        fs.renameSync(path, join(this.#layout.tmp, `${basename(path)}.damaged`));
      } catch {
        // Somebody else has moved it, or it was gone from the start.
      }
    }
  }

  /** Splits a draft into what goes into the row and what into files. */
  #prepare(address: Address, draft: Draft) {
    const { inlineBytes, durability, packing } = this.#options;
    const stamp = randomBytes(4).readUInt32LE();
    const skeletonIsArray = draft.skeleton.length > inlineBytes;
    const all = skeletonIsArray ? [...draft.arrays, skeletonArray(draft.skeleton)] : draft.arrays;
    const plain = all.map(({ kind, input }) => ({ kind, plain: describeArray(input).bytes }));
    const nbytes = plain.reduce((sum, array) => sum + array.plain.byteLength, 0);
    const inline = nbytes <= inlineBytes;
    const jobs = (inline ? [] : all).map(({ kind, input, packing: own }, n): Job => {
      const metadata = { bloscache: describe(address, draft, n, all.length) };
      const plan = planPackNdarray(input, { ...packing, ...own, metadata });
      const path = this.#pathOf(address, stamp, n);
      return { kind, plan, to: { path, temporary: this.#layout.tmp, durability, mode: 0o600 } };
    });
    const arrays: readonly InlineArray[] = inline ? plain : [];
    const skeleton = { skeletonIsArray, skeleton: skeletonIsArray ? "" : draft.skeleton };
    return { stamp, arrays, skeleton, jobs };
  }

  /** Makes the result exist; the files of the one that it replaces go. */
  #commit(
    address: Address,
    draft: Draft,
    rest: Pick<Entry, "stamp" | "arrays" | "skeletonIsArray" | "skeleton">,
  ): void {
    const previous = this.#index.get(address.row);
    const replaced = previous === undefined ? undefined : decodeEntry(previous);
    this.#index.put(address.row, encodeEntry({ ...draft, createdMs: Date.now(), ...rest }));
    if (replaced === undefined) return;
    for (const path of this.filesOf(address, replaced)) fs.rmSync(path, { force: true });
  }

  #pathOf(address: Address, stamp: number, n: number): string {
    return join(this.#layout.objects, objectName(address, stamp, n));
  }
}

/** What a file says of itself beside its array: enough to write its row again. */
function describe(address: Address, draft: Draft, n: number, count: number) {
  const { functionId, functionVersion, isAsync, skeleton } = draft;
  return {
    function: functionId,
    version: functionVersion,
    key: Buffer.from(address.row).toString("hex"),
    array: n,
    arrays: count,
    async: isAsync,
    // Once is enough, and a long one has a file of its own.
    ...(n === 0 && skeleton.length <= 16_384 ? { skeleton } : {}),
  };
}

function fileArray({ kind, plan }: Job, facts: FileFacts): FileArray {
  return { kind, nbytes: plan.plain.byteLength, ...facts };
}

function skeletonArray(skeleton: string): DraftArray {
  return { kind: SKELETON_KIND, input: new Uint8Array(Buffer.from(skeleton, "utf8")) };
}

function withSkeleton(entry: Entry, plains: ArrayBuffer[]): Stored {
  if (!entry.skeletonIsArray) return { plains, skeleton: entry.skeleton };
  const skeleton = Buffer.from(plains.at(-1) as ArrayBuffer).toString("utf8");
  return { plains: plains.slice(0, -1), skeleton };
}

/** Of a result that did not come to be. */
function removeFiles(jobs: readonly Job[]): void {
  for (const { to } of jobs) fs.rmSync(to.path, { force: true });
}

/** The folders of a file; made every time, because the whole cache may be deleted under us. */
function makeFolders({ path, temporary, durability }: Publication): void {
  const folder = dirname(path);
  if (temporary !== undefined) fs.mkdirSync(temporary, { recursive: true, mode: 0o700 });
  const made = fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made === undefined || durability !== "strict") return;
  // Every new folder is an entry of the one above it.
  for (let at = folder; at.length >= made.length; at = dirname(at)) syncDirectorySync(dirname(at));
}
