/**
 * What bytes come from and go to. An endpoint moves bytes and knows nothing of arrays, chunks or
 * compression; anything can be joined to anything, in both directions.
 *
 * Whoever joins them closes the source once, in any case, and the sink once when all has been added.
 * When anything fails, be it that close, the sink is aborted, once. After an abort signal, or when the
 * sink has failed, that may come while a call is under way that does not end.
 */
import type { Metadata } from "./metadata.ts";

export type Awaitable<T> = T | Promise<T>;

/** Bytes that are read from front to back: plain ones to pack, or a stored file to unpack. */
export interface Source {
  /** How many bytes there are in all; left out when only the end will tell. */
  readonly size?: number | undefined;
  /** Fills `target` from its start. Returns how many bytes: fewer than fit at will, 0 at the end. */
  read(target: Uint8Array): Awaitable<number>;
  close?(): Awaitable<void>;
}

/** Where bytes go, from front to back. */
export interface Sink {
  /** Adds the pieces, in order. They may be overwritten as soon as this is done. */
  append(pieces: readonly Uint8Array[]): Awaitable<void>;
  /** All bytes have been added. */
  close?(): Awaitable<void>;
  /** The work has failed: what was added is not to be taken for a result. */
  abort?(reason: unknown): Awaitable<void>;
}

/** Where plain bytes come from; those of an array bring with them what `pack` needs to know of it. */
export interface PlainSource extends Source {
  /** Size of the elements that the shuffle groups by, unless an option says another. */
  readonly typesize?: number | undefined;
  /** Chunks hold whole items of this many bytes; default 1. */
  readonly itemsize?: number | undefined;
  /** Fields to store, beside those of the option. */
  readonly metadata?: { readonly [key: string]: Metadata } | undefined;
}

export type CompressedSource = Source;

/** What a packed file says of its content. */
export interface PlainInfo {
  /** `undefined` when the file has none. */
  readonly metadata: Metadata | undefined;
  /** Plain bytes in all; `undefined` when only the end will tell. */
  readonly size: number | undefined;
}

/** Where plain bytes go. */
export interface PlainSink extends Sink {
  /** Is told before anything is added what will come, and may refuse it. */
  begin?(info: PlainInfo): Awaitable<void>;
}

/**
 * Where a packed file goes. What `pack` adds is the head in one piece (header, metadata, offsets), and
 * then every chunk, with its digest, in one of its own.
 */
export interface CompressedSink extends Sink {
  /**
   * Replaces bytes that were added before. Without it a file gets no offsets table, and if its
   * size is not known beforehand, neither a number of chunks.
   */
  overwrite?(position: number, bytes: Uint8Array): Awaitable<void>;
}

/** How far a transfer has come. */
export interface Progress {
  /** Plain bytes so far. */
  readonly nbytes: number;
  /** Stored bytes so far. */
  readonly cbytes: number;
  readonly nchunks: number;
  /** Plain bytes in all, if known. */
  readonly size: number | undefined;
}

export interface TransferOptions {
  /** Ends the transfer: it rejects with the signal's reason, and the sink is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * Reads once, and checks what the source says: anybody may have written it.
 *
 * @returns how many bytes; 0 at the end
 * @throws {TypeError} for what is no number
 * @throws {RangeError} for a number of bytes that `target` cannot have been given
 */
export async function readSome(source: Source, target: Uint8Array): Promise<number> {
  const n: unknown = await source.read(target);
  if (typeof n !== "number") {
    throw new TypeError(`A source's read must return a number of bytes: got ${String(n)}`);
  }
  if (!Number.isInteger(n) || n < 0 || n > target.byteLength) {
    throw new RangeError(
      `A source's read must return a number of bytes from 0 to ${target.byteLength}: got ${n}`,
    );
  }
  return n;
}

/** Fills `target` as far as the source goes; returns how many bytes. */
export async function readFully(source: Source, target: Uint8Array): Promise<number> {
  let end = 0;
  while (end < target.byteLength) {
    const n = await readSome(source, target.subarray(end));
    if (n === 0) break;
    end += n;
  }
  return end;
}
