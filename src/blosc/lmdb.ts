/** One LMDB file: rows by key, each call a transaction of its own. */
import { binding } from "./binding.ts";
import { type Change, encodeChanges } from "./lmdb-changes.ts";

export interface LmdbOptions {
  /** Address space for the file, bytes: the most it can grow to. */
  readonly mapSize: number;
  /** Threads, of all processes, that read at the same time, at most. */
  readonly maxReaders: number;
  /**
   * Bytes of a file that is read through the map only, at most. Of a larger one leaves and rows are
   * read by calls of the system: that is faster where a page was not touched before, slower where it
   * was, and leaves no memory resident.
   */
  readonly nearSize: number;
  /** Whether a commit waits for the disk. */
  readonly sync: boolean;
}

export interface KeyedRow {
  readonly key: Uint8Array;
  readonly row: Uint8Array;
}

/** A write that is under way off the thread that began it. */
export interface BegunWrite {
  /** What {@link Lmdb.write} returns. */
  readonly done: Promise<boolean[]>;
  /** The same at once, while this thread waits. The promise is none the less settled, later. */
  finish(): boolean[];
}

/** Rows are larger rarely; then the buffer grows. */
const ROW_BUFFER = 64 * 1024;
/** Rows that are read in one transaction, bytes. */
const SCAN_BUFFER = 1024 * 1024;

/**
 * An LMDB file that is open. There is one per folder and process, shared by its threads, and it
 * stays open: LMDB forbids a second one, and closing disturbs other processes.
 *
 * Every method throws an `Error` whose `code` is the name of an errno, or of an LMDB code such as
 * `MDB_CORRUPTED`.
 */
export class Lmdb {
  readonly #handle: number;
  #buffer: Uint8Array = new Uint8Array(ROW_BUFFER);
  /** The last writes that were begun. */
  #writing: Promise<void> = Promise.resolve();

  /**
   * @param folder exists, and is always given by the same path
   * @param options count where this process opens the folder for the first time
   */
  constructor(folder: string, options: LmdbOptions) {
    const { mapSize, maxReaders, nearSize, sync } = options;
    this.#handle = binding.lmdbOpen(folder, mapSize, maxReaders, nearSize, sync);
  }

  /** Whether the file is still in its folder: somebody may have deleted that. */
  isCurrent(): boolean {
    return binding.lmdbIsCurrent(this.#handle);
  }

  /** The row, valid until the next call; `undefined` when there is none. */
  get(key: Uint8Array): Uint8Array | undefined {
    const size = binding.lmdbGet(this.#handle, key, this.#buffer);
    if (size < 0) return undefined;
    if (size <= this.#buffer.byteLength) return this.#buffer.subarray(0, size);
    this.#buffer = new Uint8Array(2 * size);
    return this.get(key);
  }

  /**
   * The rows whose keys begin with `prefix`, in the order of their keys; with none, all. Key and row
   * are valid until the next one is asked for. Rows that come or go meanwhile may be met or not.
   *
   * @param after a key: those behind it only, where it is not empty
   * @param batchBytes how many are copied at a time: few where the first ones are all that is wanted
   */
  *scan(
    prefix: Uint8Array,
    after: Uint8Array = new Uint8Array(),
    batchBytes: number = SCAN_BUFFER,
  ): Generator<KeyedRow, void, undefined> {
    for (let buffer = new Uint8Array(batchBytes); ; ) {
      const size = binding.lmdbScan(this.#handle, prefix, after, buffer);
      if (size === 0) return;
      if (size > buffer.byteLength) {
        buffer = new Uint8Array(size);
        continue;
      }
      for (const keyed of keyedRows(buffer.subarray(0, size))) {
        after = keyed.key.slice();
        yield keyed;
      }
    }
  }

  /**
   * Makes changes in one transaction; waits while another thread or process writes.
   *
   * @returns of each whether it was made: one of which an expectation is not met is left out
   */
  write(changes: readonly Change[]): boolean[] {
    const made = new Uint8Array(changes.length);
    binding.lmdbWrite(this.#handle, encodeChanges(changes), made);
    return flagsOf(made);
  }

  /** {@link write} off this thread. */
  writeBegin(changes: readonly Change[]): BegunWrite {
    const batch = encodeChanges(changes);
    const { done, finish } = binding.lmdbWriteBegin(this.#handle, batch, changes.length);
    this.#writing = done ?? this.#writing;
    const outcome = () => flagsOf(finish());
    return { done: this.#writing.then(outcome), finish: outcome };
  }
}

function flagsOf(made: Uint8Array): boolean[] {
  return Array.from(made, (flag) => flag === 1);
}

/** The rows in what a scan has copied: the sizes of key and row, then both. */
function* keyedRows(bytes: Uint8Array): Generator<KeyedRow, void, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; ) {
    const keyAt = at + 8;
    const rowAt = keyAt + view.getUint32(at, true);
    at = rowAt + view.getUint32(at + 4, true);
    yield { key: bytes.subarray(keyAt, rowAt), row: bytes.subarray(rowAt, at) };
  }
}
