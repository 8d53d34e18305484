/** Where packed bytes go. A sink is filled from front to back; then the offsets are put in. */
export interface ByteSinkSync {
  /** Adds the pieces, in order, at the end. The pieces may be overwritten after the return. */
  append(pieces: readonly Uint8Array[]): void;
  /** Replaces bytes that were added before. */
  overwrite(position: number, bytes: Uint8Array): void;
}

/** {@link ByteSinkSync} whose work may take time: the pieces stay as they are until it is done. */
export interface ByteSink {
  append(pieces: readonly Uint8Array[]): Promise<void> | void;
  overwrite(position: number, bytes: Uint8Array): Promise<void> | void;
}

/** A sink that gathers the file in memory. */
export class MemorySink implements ByteSinkSync {
  readonly #pieces: Uint8Array[] = [];
  readonly #overwritten: { position: number; bytes: Uint8Array }[] = [];

  append(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) this.#pieces.push(piece.slice());
  }

  overwrite(position: number, bytes: Uint8Array): void {
    this.#overwritten.push({ position, bytes });
  }

  /** The whole file. */
  bytes(): Uint8Array {
    const length = this.#pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    const file = new Uint8Array(length);
    let end = 0;
    for (const piece of this.#pieces) {
      file.set(piece, end);
      end += piece.byteLength;
    }
    for (const { position, bytes } of this.#overwritten) file.set(bytes, position);
    return file;
  }
}
