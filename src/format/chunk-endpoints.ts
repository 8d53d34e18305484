/** Endpoints that keep a packed file as its parts, and make a file of them again. */
import { checksumSize } from "../blosc/checksum.ts";
import { BLOSC_HEADER_LENGTH } from "./constants.ts";
import type { CompressedSink } from "./endpoints.ts";
import { decodeHeader } from "./header.ts";
import { PiecesSource } from "./stream-endpoints.ts";

/** A chunk as it is stored. */
export interface StoredChunk {
  /** A complete Blosc buffer. */
  readonly compressed: Uint8Array;
  /** As the header's checksum has it; empty for none. */
  readonly digest: Uint8Array;
}

/** The parts of a packed file: plain data, which can be cloned and posted to a worker. */
export interface PackedParts {
  /** Header, metadata and offsets. */
  readonly head: Uint8Array;
  readonly chunks: readonly StoredChunk[];
}

/** Keeps every chunk that `pack` gives it as an object. */
export class ChunksSink implements CompressedSink, PackedParts {
  /** Complete once `pack` is done. */
  head: Uint8Array = new Uint8Array();
  readonly chunks: StoredChunk[] = [];
  #digestSize = 0;

  append(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      if (this.head.byteLength > 0) this.chunks.push(this.#split(piece.slice()));
      else this.#begin(piece.slice());
    }
  }

  overwrite(position: number, bytes: Uint8Array): void {
    this.head.set(bytes, position);
  }

  #begin(head: Uint8Array): void {
    this.#digestSize = checksumSize(decodeHeader(head).checksum);
    this.head = head;
  }

  #split(piece: Uint8Array): StoredChunk {
    const end = piece.byteLength - this.#digestSize;
    const view = new DataView(piece.buffer);
    if (end < BLOSC_HEADER_LENGTH || view.getUint32(12, true) !== end) {
      throw new TypeError("A ChunksSink takes what pack gives: every chunk in a piece of its own");
    }
    return { compressed: piece.subarray(0, end), digest: piece.subarray(end) };
  }
}

/** Reads the file that the parts make up. */
export class ChunksSource extends PiecesSource {
  constructor({ head, chunks }: PackedParts) {
    const pieces = [head, ...chunks.flatMap(({ compressed, digest }) => [compressed, digest])];
    super(
      pieces,
      pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
  }
}
