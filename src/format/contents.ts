/** A file that is open: what its head says, where its chunks are, and any part of its plain bytes. */
import { allocate, type ChunkFault } from "../blosc/codec.ts";
import { type Batch, type ChunkIndex, RegularIndex } from "./chunk-index.ts";
import { scanChunks, type Warn } from "./chunk-scan.ts";
import type { Head } from "./head.ts";
import { checkLimit, checkSize } from "./limit.ts";
import { type ArrayHeader, checkArraySize, decodeArrayHeader } from "./ndarray.ts";
import type { Forgive } from "./offsets.ts";
import { checkOptionNames } from "./option-names.ts";
import { faultIn } from "./settle.ts";
import { announce, decompressChunks, decompressItems, type Steps } from "./steps.ts";

/** How careful reading is. */
export interface ReadOptions {
  /**
   * `false`: what does not keep the plain bytes from being read is a warning and no error;
   * `docs/reading.md` lists it. Default `true`.
   */
  readonly strict?: boolean;
  /** Refuses files of more plain bytes than this, before memory is taken; default: no limit. */
  readonly maxBytes?: number;
  /** Called with each warning, when `strict` is `false`. */
  readonly onWarning?: (warning: string) => void;
}

export interface OpenOptions extends ReadOptions {
  /**
   * `"array"` refuses a file that holds none, `"bytes"` takes an array's file for the bytes in it;
   * default: what the metadata says.
   */
  readonly as?: "array" | "bytes";
}

const OPTION_NAMES = ["strict", "maxBytes", "as", "onWarning"];

export interface Contents {
  readonly head: Head;
  readonly fileSize: number;
  readonly index: ChunkIndex;
  /** `undefined` for a file of bytes. */
  readonly array: ArrayHeader | undefined;
  readonly warnings: readonly string[];
}

/** How a file is to be opened, with the warnings that come up meanwhile. */
export class Opening {
  readonly warnings: string[] = [];
  /** For reading the head; `undefined` for a strict reader. */
  readonly forgive: Forgive | undefined;
  readonly #options: OpenOptions;

  /** @throws {TypeError | RangeError} for an option, named in the message */
  constructor(options: OpenOptions) {
    checkOptionNames(options, OPTION_NAMES, "open");
    const { strict = true, as, onWarning } = options;
    if (typeof strict !== "boolean") throw new TypeError("Option strict must be a boolean");
    checkLimit(options.maxBytes);
    if (as !== undefined && as !== "array" && as !== "bytes") {
      throw new TypeError(`Option as must be "array" or "bytes": got ${String(as)}`);
    }
    if (onWarning !== undefined && typeof onWarning !== "function") {
      throw new TypeError("Option onWarning must be a function");
    }
    this.#options = options;
    this.forgive = strict ? undefined : ({ message }) => this.#warn(message);
  }

  /** @throws {BloscpackError | RangeError} as {@link array} and {@link checkSize} do */
  *contents(head: Head, fileSize: number): Steps<Contents> {
    const array = this.array(head);
    const index =
      this.forgive === undefined
        ? yield* RegularIndex.open(head, fileSize)
        : yield* scanChunks(head, fileSize, this.#warn);
    this.checkSize(array, index.nbytes);
    return { head, fileSize, index, array, warnings: this.warnings };
  }

  /** The array that the file is to be read as, if it is. @throws {BloscpackError} */
  array(head: Head): ArrayHeader | undefined {
    const { as = describesArray(head) ? "array" : "bytes" } = this.#options;
    return as === "array" ? decodeArrayHeader(head.metadata) : undefined;
  }

  /**
   * @throws {BloscpackError} NDARRAY_SIZE
   * @throws {RangeError} for more plain bytes than `maxBytes`
   */
  checkSize(array: ArrayHeader | undefined, nbytes: number): void {
    if (array !== undefined) checkArraySize(array, nbytes);
    checkSize(nbytes, this.#options.maxBytes);
  }

  readonly #warn: Warn = (warning) => {
    this.warnings.push(warning);
    this.#options.onWarning?.(warning);
  };
}

/** Whether a file's metadata is meant to be that of an array. */
export function describesArray({ metadata }: Head): boolean {
  if (typeof metadata !== "object" || metadata === null) return false;
  return (metadata as { readonly container?: unknown }).container === "numpy";
}

/**
 * The plain bytes from `start` to `stop`. Every chunk that holds one of them is verified whole; of
 * those at the edges only the blocks that are needed are decompressed.
 *
 * @throws {BloscpackError} for the first chunk that is bad
 */
export function* plainBytes(
  { head, index }: Contents,
  start: number,
  stop: number,
): Steps<ArrayBuffer> {
  const { checksum } = head.header;
  const plain = allocate(stop - start);
  if (start === stop && index.nbytes > 0) return plain;
  const end = stop === index.nbytes ? index.nchunks : index.chunkAt(stop - 1) + 1;
  // All of a file is all of its chunks, also where these are empty.
  let chunk = start === 0 ? 0 : index.chunkAt(start);
  const extent = index.extent?.(chunk, end);
  if (extent !== undefined) yield* announce(extent.start, extent.length);
  while (chunk < end) {
    const chunkStart = index.plainStart(chunk);
    const chunkEnd = index.plainStart(chunk + 1);
    const from = Math.max(start, chunkStart);
    if (from > chunkStart || chunkEnd > stop) {
      const batch = yield* index.batch(chunk, chunk + 1);
      const target = new Uint8Array(plain, from - start, Math.min(stop, chunkEnd) - from);
      const nbytes = chunkEnd - chunkStart;
      const { window } = batch;
      settle(batch, yield* decompressItems(window, nbytes, from - chunkStart, target, checksum));
      chunk++;
    } else {
      const batch = yield* index.batch(chunk, wholeUntil(index, end, stop));
      const { plainStart, plainEnd, positions } = batch.run;
      const target = new Uint8Array(plain, plainStart - start, plainEnd - plainStart);
      settle(batch, yield* decompressAll(batch, target, checksum));
      chunk += positions.length;
    }
  }
  return plain;
}

/** `end`, or the chunk before if not all of that is wanted. */
function wholeUntil(index: ChunkIndex, end: number, stop: number): number {
  return index.plainStart(end) > stop ? end - 1 : end;
}

/** Decompresses the chunks of a batch to `plain`, which has their size. */
export function decompressAll(
  { window, run }: Batch,
  plain: Uint8Array,
  checksum: Head["header"]["checksum"],
): Steps<ChunkFault | undefined> {
  return decompressChunks(window, run.positions, plain, run.chunkSize, checksum);
}

function settle(batch: Batch, fault: ChunkFault | undefined): void {
  if (fault !== undefined) throw faultIn(batch.run, batch.start, fault);
}
