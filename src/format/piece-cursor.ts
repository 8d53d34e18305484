/** Reads pieces of bytes in portions of other sizes. Fetching the next piece is the caller's part. */
import { isUint8Array } from "./dtype.ts";

export class PieceCursor {
  #rest: Uint8Array = new Uint8Array();
  #ended = false;

  /** Whether all of the last piece has been read, and another may come. */
  get wantsNext(): boolean {
    return this.#rest.byteLength === 0 && !this.#ended;
  }

  /** Whether the last piece has been fetched. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Takes what an iterator of pieces gives. @throws {TypeError} for what is no Uint8Array */
  accept({ value, done }: IteratorResult<unknown, unknown>): void {
    if (done === true) this.#ended = true;
    else if (isUint8Array(value)) this.#rest = value;
    else throw new TypeError(`A source must give Uint8Arrays: got ${typeof value}`);
  }

  /** Copies what fits of the piece to the start of `target`: how many bytes. */
  read(target: Uint8Array): number {
    const piece = this.#rest.subarray(0, target.byteLength);
    target.set(piece);
    this.#rest = this.#rest.subarray(piece.byteLength);
    return piece.byteLength;
  }
}
