/**
 * Packing from any source to any sink. A batch of chunks is compressed while the next is read and
 * the one before is written; memory is three batches, whatever the size.
 */
import { checksumSize } from "../blosc/checksum.ts";
import { type CompressOptions, compressAsync } from "../blosc/codec.ts";
import { type ChunkSize, calculateNchunks, cutToWrite } from "./chunking.ts";
import { BLOSC_HEADER_LENGTH, UNKNOWN } from "./constants.ts";
import {
  type CompressedSink,
  type PlainSource,
  readFully,
  type TransferOptions,
} from "./endpoints.ts";
import { encodeHeader } from "./header.ts";
import { checkMetadataArgs, encodeMetadata, type Metadata, type MetadataArgs } from "./metadata.ts";
import { encodeOffsets } from "./offsets.ts";
import { checkOptionNames } from "./option-names.ts";
import {
  appendSlots,
  type BloscArgs,
  type BloscpackArgs,
  batchSizeOf,
  compressionOf,
} from "./pack.ts";
import { giveBack, takeScratch } from "./scratch.ts";
import { settleBoth } from "./settle.ts";
import { between, type Joint } from "./transfer.ts";

export interface PackStreamOptions extends TransferOptions {
  /** Plain bytes per chunk, a number or such as `"1M"` (the default). */
  readonly chunkSize?: ChunkSize;
  /** How many chunks there are to be, instead of their size, or to agree with it. */
  readonly nchunks?: number;
  /** Plain bytes of the last chunk, to agree with the rest. */
  readonly lastChunk?: number;
  readonly metadata?: Metadata;
  readonly bloscArgs?: BloscArgs;
  readonly bloscpackArgs?: BloscpackArgs;
  readonly metadataArgs?: MetadataArgs;
}

const OPTION_NAMES = [
  "signal",
  "onProgress",
  "chunkSize",
  "nchunks",
  "lastChunk",
  "metadata",
  "bloscArgs",
  "bloscpackArgs",
  "metadataArgs",
];

/** What was packed. */
export interface PackResult {
  readonly nbytes: number;
  readonly cbytes: number;
  readonly nchunks: number;
}

/**
 * Packs plain bytes into a Bloscpack file.
 *
 * When neither the source says its size nor the options do, all three of them, the file has no offsets table, and its number of chunks
 * is filled in at the end if the sink can go back; if not, it stays unknown (-1), which the
 * Python reference takes for an empty file.
 *
 * @throws {TypeError | RangeError} for an option, before anything is written
 */
export async function pack(
  source: PlainSource,
  sink: CompressedSink,
  options: PackStreamOptions = {},
): Promise<PackResult> {
  const checked = () => {
    checkOptionNames(options, OPTION_NAMES, "pack");
    return options;
  };
  return between(source, sink, checked, async (joint) => {
    const run = new PackRun(joint, options);
    try {
      return await run.run();
    } finally {
      run.release();
    }
  });
}

/** The option's, and what the source brings. */
function metadataOf({ metadata: own }: PlainSource, option: Metadata | undefined) {
  if (own === undefined) return option;
  if (option === undefined) return own;
  if (typeof option === "object" && option !== null && !Array.isArray(option)) {
    return { ...option, ...own };
  }
  throw new TypeError("Option metadata must be an object, as the source has fields to add to it");
}

class PackRun {
  readonly #joint: Joint;
  readonly #source: PlainSource;
  readonly #sink: CompressedSink;
  readonly #options: PackStreamOptions;
  readonly #compression: CompressOptions;
  readonly #size: number | undefined;
  readonly #chunkSize: number;
  readonly #batchSize: number;
  readonly #slotSize: number;
  readonly #section: Uint8Array;
  readonly #slots: number;
  readonly #plain: readonly [Uint8Array, Uint8Array];
  readonly #stored: readonly [Uint8Array, Uint8Array];
  readonly #positions: number[] = [];
  #nbytes = 0;
  #cbytes = 0;

  constructor(joint: Joint, options: PackStreamOptions) {
    const { source, sink } = joint;
    this.#joint = joint;
    this.#source = source;
    this.#sink = sink;
    this.#options = options;
    const { typesize, itemsize = 1 } = source;
    const bloscArgs =
      typesize === undefined ? options.bloscArgs : { typesize, ...options.bloscArgs };
    this.#compression = compressionOf(bloscArgs, options.bloscpackArgs);
    checkMetadataArgs(options.metadataArgs);
    const { size, chunking } = cutToWrite(source.size, itemsize, options);
    this.#size = size;
    this.#chunkSize = chunking.chunkSize;
    this.#slots = this.#slotCount(chunking.nchunks);
    const metadata = metadataOf(source, options.metadata);
    this.#section =
      metadata === undefined ? new Uint8Array() : encodeMetadata(metadata, options.metadataArgs);
    this.#batchSize = Math.min(batchSizeOf(this.#chunkSize), chunking.nchunks);
    this.#slotSize =
      this.#chunkSize + BLOSC_HEADER_LENGTH + checksumSize(this.#compression.checksum);
    const plainBytes = this.#batchSize * this.#chunkSize;
    const storedBytes = this.#batchSize * this.#slotSize;
    this.#plain = [takeScratch(plainBytes), takeScratch(plainBytes)];
    this.#stored = [takeScratch(storedBytes), takeScratch(storedBytes)];
  }

  #slotCount(nchunks: number): number {
    const { offsets, maxAppChunks } = this.#options.bloscpackArgs ?? {};
    const possible = this.#size !== undefined && this.#sink.overwrite !== undefined;
    if (offsets === true && !possible) {
      const why = this.#size === undefined ? "the size is not known" : "the sink cannot go back";
      throw new RangeError(`Option bloscpackArgs.offsets cannot be true: ${why}`);
    }
    return (offsets ?? possible) ? nchunks + appendSlots(nchunks, maxAppChunks) : 0;
  }

  async run(): Promise<PackResult> {
    const head = this.#head(false);
    this.#cbytes = head.byteLength;
    await this.#append([head]);
    let writing: Promise<void> | undefined;
    try {
      let batch = await this.#readBatch(0);
      for (let turn = 0; batch.length > 0; turn++) {
        const stored = this.#stored[turn % 2] as Uint8Array;
        const [lengths, next] = await settleBoth(
          compressAsync(batch, stored, this.#slotSize, this.#compression),
          this.#readBatch(turn + 1),
        );
        await writing;
        writing = this.#append(this.#place(lengths, stored));
        // It is awaited in the next turn, or below; until then a read need not go on.
        writing.catch((error) => this.#joint.stop(error));
        batch = next;
      }
    } finally {
      await Promise.allSettled([writing]);
    }
    await writing;
    await this.#sink.overwrite?.(0, this.#head(true));
    return { nbytes: this.#nbytes, cbytes: this.#cbytes, nchunks: this.#positions.length };
  }

  release(): void {
    if (this.#joint.abandoned) return;
    for (const scratch of [...this.#plain, ...this.#stored]) giveBack(scratch);
  }

  /** The next chunks; none at the end. Empty data is one chunk of zero bytes. */
  async #readBatch(turn: number): Promise<Uint8Array[]> {
    // A byte at least: of a source that announces none it is asked whether that is so.
    const nbytes = Math.max(1, this.#batchSize * this.#chunkSize);
    const scratch = (this.#plain[turn % 2] as Uint8Array).subarray(0, nbytes);
    const n = await readFully(this.#source, scratch);
    this.#nbytes += n;
    this.#checkSize(n < scratch.byteLength);
    if (n === 0) return turn === 0 ? [scratch.subarray(0, 0)] : [];
    const count = Math.ceil(n / this.#chunkSize);
    return Array.from({ length: count }, (_, i) =>
      scratch.subarray(i * this.#chunkSize, Math.min((i + 1) * this.#chunkSize, n)),
    );
  }

  /** A source that says its size must keep to it: the table was laid out for it. */
  #checkSize(ended: boolean): void {
    if (this.#size === undefined) return;
    if (this.#nbytes > this.#size || (ended && this.#nbytes < this.#size)) {
      const found = ended ? `ended after ${this.#nbytes}` : `gave ${this.#nbytes}`;
      const who = this.#source.size === undefined ? "The options" : "The source";
      throw new RangeError(`${who} announced ${this.#size} bytes, the source ${found}`);
    }
  }

  #place(lengths: Uint32Array, stored: Uint8Array): Uint8Array[] {
    return Array.from(lengths, (length, i) => {
      this.#positions.push(this.#cbytes);
      this.#cbytes += length;
      return stored.subarray(i * this.#slotSize, i * this.#slotSize + length);
    });
  }

  async #append(pieces: Uint8Array[]): Promise<void> {
    await this.#sink.append(pieces);
    const { onProgress } = this.#options;
    const progress = { nbytes: this.#nbytes, cbytes: this.#cbytes, size: this.#size };
    onProgress?.({ ...progress, nchunks: this.#positions.length });
  }

  /** Header, metadata and offsets; with what only the end tells once it is `complete`. */
  #head(complete: boolean): Uint8Array {
    const known = complete ? this.#nbytes : this.#size;
    const { nchunks, chunkSize, lastChunk } =
      known === undefined
        ? { nchunks: UNKNOWN, chunkSize: this.#chunkSize, lastChunk: UNKNOWN }
        : calculateNchunks(known, this.#chunkSize || 1);
    const header = encodeHeader({
      offsets: this.#slots > 0,
      metadata: this.#section.byteLength > 0,
      checksum: this.#compression.checksum,
      typesize: this.#compression.typesize,
      chunkSize,
      lastChunk,
      nchunks: BigInt(nchunks),
      maxAppChunks: BigInt(this.#slots === 0 ? 0 : this.#slots - nchunks),
    });
    const written = complete && this.#slots > 0;
    const table = encodeOffsets(written ? this.#positions : [], this.#slots);
    return Buffer.concat([header, this.#section, table]);
  }
}
