/** Endpoints in memory. */
import type { CompressedSink, Source } from "./endpoints.ts";
import { MemorySink } from "./sink.ts";

/** Bytes in memory, plain or stored. */
export class BytesSource implements Source {
  readonly size: number;
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
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
