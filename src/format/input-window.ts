/** The part of a stored file that is at hand, of a source that is read from front to back. */
import { BloscpackError } from "../errors.ts";
import { type CompressedSource, readSome } from "./endpoints.ts";
import { giveBack, takeScratch } from "./scratch.ts";

/** Bytes that are held, unless something at hand is larger. */
const WINDOW_BYTES = 8 * 1024 * 1024;

export class InputWindow {
  readonly #source: CompressedSource;
  #scratch = takeScratch(WINDOW_BYTES);
  /** The bytes at hand are those between these two of `#scratch`. */
  #start = 0;
  #end = 0;
  /** File position of the first byte at hand. */
  #position = 0;
  #ended = false;

  constructor(source: CompressedSource) {
    this.#source = source;
  }

  get bytes(): Uint8Array {
    return this.#scratch.subarray(this.#start, this.#end);
  }

  /** How long the file is; infinite until its end has been seen. */
  get fileSize(): number {
    if (this.#ended) return this.#position + this.#end - this.#start;
    return this.#source.size ?? Number.POSITIVE_INFINITY;
  }

  /** Lets go of the first `length` bytes. */
  skip(length: number): void {
    this.#start += length;
    this.#position += length;
  }

  /** Reads on until `length` bytes are at hand, or the file ends. Moves the bytes at hand. */
  async need(length: number): Promise<void> {
    while (!this.#ended && this.#end - this.#start < length) {
      if (this.#end === this.#scratch.byteLength || this.#start > 0) this.#makeRoom();
      const n = await readSome(this.#source, this.#scratch.subarray(this.#end));
      this.#end += n;
      if (n === 0) this.#close();
    }
  }

  /** Reads on until the window is full, or the file ends; then at least one byte was added. */
  async fill(): Promise<void> {
    const held = this.#end - this.#start;
    await this.need(Math.max(WINDOW_BYTES, held + 1));
  }

  release(): void {
    giveBack(this.#scratch);
  }

  #close(): void {
    this.#ended = true;
    const { size } = this.#source;
    if (size === undefined || this.fileSize === size) return;
    const reason = `the source announced ${size} bytes and ended after ${this.fileSize}`;
    throw new BloscpackError("TRUNCATED", reason, { section: "chunk", offset: this.fileSize });
  }

  /** Moves the bytes at hand to the front; memory grows only with what has really come. */
  #makeRoom(): void {
    const held = this.#end - this.#start;
    if (this.#start === 0) {
      const larger = takeScratch(2 * this.#scratch.byteLength);
      larger.set(this.bytes);
      giveBack(this.#scratch);
      this.#scratch = larger;
    } else {
      this.#scratch.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = held;
  }
}
