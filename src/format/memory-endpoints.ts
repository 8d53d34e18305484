/** Endpoints in memory. */
import { isUint8Array } from "./dtype.ts";
import type { CompressedSink, Source } from "./endpoints.ts";
import { MemorySink } from "./sink.ts";

/** Bytes in memory, plain or stored. */
export class BytesSource implements Source {
  readonly size: number;
  readonly #bytes: Uint8Array;
  #position = 0;

  /** @throws {TypeError} for anything else */
  constructor(bytes: Uint8Array) {
    if (!isUint8Array(bytes)) throw new TypeError("Bytes must be a Uint8Array");
    this.size = bytes.byteLength;
    this.#bytes = bytes;
  }

  read(target: Uint8Array): number {
    const piece = this.#bytes.subarray(this.#position, this.#position + target.byteLength);
    target.set(piece);
    this.#position += piece.byteLength;
    return piece.byteLength;
  }
}

/** Gathers bytes in memory, plain or stored. */
export class BytesSink extends MemorySink implements CompressedSink {}
