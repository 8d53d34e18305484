/** Where stored bytes come from. */
export interface ByteSourceSync {
  /** Bytes of the whole file. */
  readonly size: number;
  /** How many bytes to ask for at a time. */
  readonly batchBytes: number;
  /**
   * The bytes at `position`; fewer than `length` only where the file ends. They stay as they are
   * until the call after the next one; a call for the same position replaces the one before.
   */
  read(position: number, length: number): Uint8Array;
}

/** Where stored bytes come from, which may take time. Calls do not overlap. */
export interface ByteSource {
  /** Bytes of the whole file. */
  readonly size: number;
  /** How many bytes to ask for at a time. */
  readonly batchBytes: number;
  /**
   * The bytes at `position`: all `length` of them, and fewer only where the file ends. Once they
   * are given they must stay as they are until the call after the next one; a call for the same
   * position replaces the one before. They are only read.
   */
  read(position: number, length: number): Promise<Uint8Array> | Uint8Array;
  /** Is told what the next reads will be of, so that a source far away can ask for it together. */
  announce?(position: number, length: number): void;
}

/** What a source may also be: an open file of the system's, which any thread can read. */
export interface OpenFile {
  readonly descriptor: number;
}

/** A file in memory: read at once, without a copy. */
export class MemorySource implements ByteSourceSync {
  readonly size: number;
  readonly batchBytes: number = Number.POSITIVE_INFINITY;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.size = bytes.byteLength;
    this.#bytes = bytes;
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.subarray(position, position + length);
  }
}
