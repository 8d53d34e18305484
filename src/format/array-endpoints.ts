/** Endpoints that are arrays in memory. */
import { allocate } from "../blosc/codec.ts";
import type { PlainInfo, PlainSink, PlainSource } from "./endpoints.ts";
import { BytesSource } from "./memory-endpoints.ts";
import type { Metadata } from "./metadata.ts";
import {
  type ArrayHeader,
  type ArrayInput,
  checkArraySize,
  decodeArrayHeader,
  describeArray,
  type Ndarray,
  viewArray,
} from "./ndarray.ts";

/** Memory taken before there are bytes to fill it. */
const FIRST_BYTES = 16 * 1024 * 1024;

/** Reads an array, and brings with it what makes its file one that Python reads as that array. */
export class NdarraySource extends BytesSource implements PlainSource {
  readonly typesize: number;
  readonly itemsize: number;
  readonly metadata: { readonly [key: string]: Metadata };

  /** @throws {TypeError | RangeError} for what is no array */
  constructor(array: ArrayInput) {
    const { bytes, typesize, itemsize, metadata } = describeArray(array);
    super(bytes);
    this.typesize = typesize;
    this.itemsize = itemsize;
    this.metadata = metadata;
  }
}

/** Gathers an array. Refuses a file that holds none, before anything is read of its chunks. */
export class NdarraySink implements PlainSink {
  #header: ArrayHeader | undefined;
  #nbytes = 0;
  #plain = new Uint8Array();
  #end = 0;
  #array: Ndarray | undefined;

  /** @throws {BloscpackError} NOT_NDARRAY, NDARRAY_DTYPE, NDARRAY_SHAPE, NDARRAY_ORDER, NDARRAY_SIZE */
  begin({ metadata, size }: PlainInfo): void {
    const header = decodeArrayHeader(metadata);
    if (size !== undefined) checkArraySize(header, size);
    this.#header = header;
    this.#nbytes = header.shape.reduce((product, n) => product * n, header.dtype.itemsize);
  }

  append(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#grow(this.#end + piece.byteLength);
      this.#plain.set(piece, this.#end);
      this.#end += piece.byteLength;
    }
  }

  /** @throws {BloscpackError} NDARRAY_SIZE */
  close(): void {
    const header = this.#begun();
    checkArraySize(header, this.#end);
    this.#grow(this.#end);
    this.#array = viewArray(header, this.#plain.buffer);
  }

  /** The array. @throws {TypeError} before all of it is there */
  array(): Ndarray {
    if (this.#array === undefined) throw new TypeError("The array is not complete");
    return this.#array;
  }

  #begun(): ArrayHeader {
    if (this.#header === undefined) throw new TypeError("An NdarraySink is for unpack alone");
    return this.#header;
  }

  /** Memory grows with what has really come, to no more than the shape takes. */
  #grow(nbytes: number): void {
    const header = this.#begun();
    if (nbytes > this.#nbytes) checkArraySize(header, nbytes);
    if (nbytes <= this.#plain.byteLength) return;
    const wanted = Math.max(nbytes, 2 * this.#plain.byteLength, FIRST_BYTES);
    const larger = new Uint8Array(allocate(Math.min(wanted, this.#nbytes)));
    larger.set(this.#plain.subarray(0, this.#end));
    this.#plain = larger;
  }
}
