/**
 * Packing: plain bytes are cut into chunks, batches of chunks are compressed in parallel, and
 * what results goes to a sink in file order. While the sink takes one batch the next is already
 * being compressed. Memory is two batches, whatever the size of the data.
 */
import { type ChecksumName, checksumSize } from "../blosc/checksum.ts";
import {
  type CompressOptions,
  checkCompressOptions,
  compressAsync,
  compressBegin,
  type Shuffle,
} from "../blosc/codec.ts";
import { type Chunking, type ChunkSize, chunkingToWrite } from "./chunking.ts";
import { BLOSC_HEADER_LENGTH, HEADER_LENGTH, OFFSET_LENGTH } from "./constants.ts";
import { encodeHeader } from "./header.ts";
import { checkMetadataArgs, encodeMetadata, type Metadata, type MetadataArgs } from "./metadata.ts";
import { encodeOffsets } from "./offsets.ts";
import { checkOptionNames } from "./option-names.ts";
import { giveBack, takeScratch } from "./scratch.ts";
import type { ByteSink, ByteSinkSync } from "./sink.ts";

/** How chunks are compressed; the defaults are the reference's. */
export interface BloscArgs {
  /** Size of the elements that the shuffle groups by: 1 to 255; default 8. */
  readonly typesize?: number;
  /** Codec: one of the linked C-Blosc's; default `"blosclz"`. */
  readonly cname?: string;
  /** 0 (none) to 9; default 7. */
  readonly clevel?: number;
  /** Default `"shuffle"`. */
  readonly shuffle?: Shuffle;
  /**
   * Threads that compress at a time, 1 to 256; default, and at most: one per core, or
   * `BLOSCACHE_NTHREADS`.
   */
  readonly nthreads?: number;
}

/** What a file has beside its chunks; the defaults are the reference's. */
export interface BloscpackArgs {
  /** Digest behind every chunk; default `"adler32"`. */
  readonly checksum?: ChecksumName;
  /** Whether to write the offsets table; default `true`. */
  readonly offsets?: boolean;
  /** Free slots in that table for chunks appended later; default ten per chunk. */
  readonly maxAppChunks?: number | ((nchunks: number) => number);
}

/** How to pack. */
export interface PackOptions extends Omit<BloscArgs, "typesize">, BloscpackArgs {
  /**
   * Plain bytes per chunk: a multiple of the itemsize; or such as `"1M"` (the default), which is
   * rounded down to one. At most 2,080,374,784.
   */
  readonly chunkSize?: ChunkSize;
  readonly metadataArgs?: MetadataArgs;
}

const BLOSC_ARGS = ["typesize", "cname", "clevel", "shuffle", "nthreads"];
const BLOSCPACK_ARGS = ["checksum", "offsets", "maxAppChunks"];

const OPTION_NAMES = [
  "cname",
  "clevel",
  "shuffle",
  "nthreads",
  "chunkSize",
  "checksum",
  "offsets",
  "maxAppChunks",
  "metadataArgs",
];

/** Everything that is decided before the first byte is compressed. */
export interface PackPlan {
  readonly plain: Uint8Array;
  readonly chunking: Chunking;
  /** Header, metadata section and the offsets table, unwritten. */
  readonly head: Uint8Array;
  /** File position of the offsets table; `undefined` without one. */
  readonly offsetsPosition: number | undefined;
  readonly slots: number;
  readonly compression: CompressOptions;
  readonly slotSize: number;
}

/** The table is laid out in memory, where one array may have to hold it and the metadata. */
const MAX_SLOTS = (2 * 1024 ** 3) / OFFSET_LENGTH;
/** Plain bytes per batch: enough for every thread, little beside the data. */
const BATCH_BYTES = 12 * 1024 * 1024;
/**
 * The same where the main thread is not to be kept: memory of the caller's own is copied there, a
 * batch at a time, for threads must not touch it. 4 MiB take 1 to 2 ms.
 */
const COPIED_BATCH_BYTES = 4 * 1024 * 1024;
/** Chunks per batch at most, so that one gathering write (IOV_MAX is 1024) takes them. */
const BATCH_CHUNKS = 512;

/** What is to be packed. */
export interface Plain {
  readonly plain: Uint8Array;
  /** Size of the elements that the shuffle groups by, 1 to 255. */
  readonly typesize: number;
  /** Chunks hold whole items of this many bytes. */
  readonly itemsize: number;
  readonly metadata: Metadata | undefined;
}

/**
 * Plans how `plain` is packed.
 *
 * @throws {TypeError | RangeError} for an option, named in the message
 */
export function planPack(source: Plain, options: PackOptions): PackPlan {
  checkOptionNames(options, OPTION_NAMES, "pack");
  checkMetadataArgs(options.metadataArgs);
  const { plain, typesize, metadata } = source;
  const { offsets = true } = options;
  const chunking = chunkingToWrite(plain.byteLength, source.itemsize, options.chunkSize);
  const { nchunks, chunkSize, lastChunk } = chunking;
  const { cname, clevel, shuffle, nthreads } = options;
  const compression = compressionOf(
    { typesize, cname, clevel, shuffle, nthreads } as BloscArgs,
    { checksum: options.checksum, offsets } as BloscpackArgs,
  );
  const { checksum } = compression;
  const maxAppChunks = offsets ? appendSlots(nchunks, options.maxAppChunks) : 0;
  const slots = offsets ? nchunks + maxAppChunks : 0;
  const header = encodeHeader({
    offsets,
    metadata: metadata !== undefined,
    checksum,
    typesize,
    chunkSize,
    lastChunk,
    nchunks: BigInt(nchunks),
    maxAppChunks: BigInt(maxAppChunks),
  });
  const section =
    metadata === undefined ? new Uint8Array() : encodeMetadata(metadata, options.metadataArgs);
  return {
    plain,
    chunking,
    head: Buffer.concat([header, section, encodeOffsets([], slots)]),
    offsetsPosition: offsets ? HEADER_LENGTH + section.byteLength : undefined,
    slots,
    compression,
    slotSize: chunkSize + BLOSC_HEADER_LENGTH + checksumSize(checksum),
  };
}

/** The codec's options, with the defaults filled in. @throws {TypeError} for a name unknown here */
export function compressionOf(
  bloscArgs: BloscArgs = {},
  bloscpackArgs: BloscpackArgs = {},
): CompressOptions {
  checkOptionNames(bloscArgs, BLOSC_ARGS, "bloscArgs");
  checkOptionNames(bloscpackArgs, BLOSCPACK_ARGS, "bloscpackArgs");
  const { typesize = 8, cname = "blosclz", clevel = 7, shuffle = "shuffle" } = bloscArgs;
  const { nthreads } = bloscArgs;
  const { checksum = "adler32", offsets } = bloscpackArgs;
  if (offsets !== undefined && typeof offsets !== "boolean") {
    throw new TypeError(`Option offsets must be a boolean: got ${String(offsets)}`);
  }
  const compression = { typesize, cname, clevel, shuffle, checksum, nthreads };
  checkCompressOptions(compression);
  return compression;
}

/** Chunks of a batch. */
export function batchSizeOf(chunkSize: number, nbytes: number = BATCH_BYTES): number {
  return Math.min(BATCH_CHUNKS, Math.max(1, Math.floor(nbytes / Math.max(1, chunkSize))));
}

/** Free slots behind those of `nchunks` chunks. @throws {RangeError} */
export function appendSlots(nchunks: number, option: PackOptions["maxAppChunks"]): number {
  const slots = typeof option === "function" ? option(nchunks) : (option ?? 10 * nchunks);
  if (!Number.isSafeInteger(slots) || slots < 0) {
    throw new RangeError(`Option maxAppChunks must be a whole number, at least 0: got ${slots}`);
  }
  if (nchunks + slots > MAX_SLOTS) {
    throw new RangeError(
      `Option maxAppChunks can be ${Math.max(0, MAX_SLOTS - nchunks)} at most beside ${nchunks} chunks: got ${slots}`,
    );
  }
  return slots;
}

/** What was written. */
export interface Packed {
  /** All before the first chunk, with its final content. */
  readonly head: Uint8Array;
  /** Bytes of the whole file. */
  readonly cbytes: number;
}

/** Packs into a sink; a `sink` that throws stops the work, and its error is the caller's. */
export function packSync(plan: PackPlan, sink: ByteSinkSync): Packed {
  const placement = new Placement(plan, BATCH_BYTES);
  const scratch = takeScratchPair(plan, placement.batchSize);
  let finish: (() => Uint32Array) | undefined;
  const begin = (batch: number): (() => Uint32Array) | undefined =>
    batch < placement.nbatches
      ? compressBegin(
          placement.chunksOf(batch),
          scratch[batch % 2] as Uint8Array,
          plan.slotSize,
          plan.compression,
        )
      : undefined;
  try {
    finish = begin(0);
    sink.append([plan.head]);
    for (let batch = 0; finish !== undefined; batch++) {
      const lengths = finish();
      finish = undefined;
      finish = begin(batch + 1);
      sink.append(placement.place(lengths, scratch[batch % 2] as Uint8Array));
    }
    const packed = placement.finish();
    if (plan.offsetsPosition !== undefined) {
      sink.overwrite(plan.offsetsPosition, packed.head.subarray(plan.offsetsPosition));
    }
    return packed;
  } finally {
    if (finish !== undefined) abandon(finish);
    scratch.forEach(giveBack);
  }
}

/** Waits for threads that still write into scratch memory. The sink's error is the one to report. */
function abandon(finish: () => unknown): void {
  try {
    finish();
  } catch {
    // A second failure tells the caller nothing more.
  }
}

/** {@link packSync} off the main thread. REQUIRES: `plan.plain` is not changed until it resolves. */
export async function pack(plan: PackPlan, sink: ByteSink): Promise<Packed> {
  const placement = new Placement(plan, COPIED_BATCH_BYTES);
  const scratch = takeScratchPair(plan, placement.batchSize);
  let running: Promise<Uint32Array> | undefined;
  const begin = (batch: number): Promise<Uint32Array> | undefined => {
    if (batch >= placement.nbatches) return undefined;
    const chunks = placement.chunksOf(batch);
    const slots = scratch[batch % 2] as Uint8Array;
    const compressing = compressAsync(chunks, slots, plan.slotSize, plan.compression);
    // It may fail while the sink is awaited; who awaits it later learns of it all the same.
    compressing.catch(() => undefined);
    return compressing;
  };
  try {
    running = begin(0);
    await sink.append([plan.head]);
    for (let batch = 0; running !== undefined; batch++) {
      const lengths = await running;
      running = begin(batch + 1);
      await sink.append(placement.place(lengths, scratch[batch % 2] as Uint8Array));
    }
    const packed = placement.finish();
    if (plan.offsetsPosition !== undefined) {
      await sink.overwrite(plan.offsetsPosition, packed.head.subarray(plan.offsetsPosition));
    }
    return packed;
  } finally {
    await running?.catch(() => undefined);
    scratch.forEach(giveBack);
  }
}

function takeScratchPair(
  { slotSize, chunking }: PackPlan,
  batchSize: number,
): [Uint8Array, Uint8Array] {
  const nbytes = Math.min(batchSize, chunking.nchunks) * slotSize;
  const second = chunking.nchunks > batchSize ? nbytes : 0;
  return [takeScratch(nbytes), takeScratch(second)];
}

/** Says which chunks are in a batch, and where in the file each compressed chunk comes to stand. */
class Placement {
  readonly batchSize: number;
  readonly nbatches: number;
  readonly #plan: PackPlan;
  readonly #positions: number[] = [];
  #end: number;

  constructor(plan: PackPlan, batchBytes: number) {
    const { chunkSize, nchunks } = plan.chunking;
    this.#plan = plan;
    this.batchSize = batchSizeOf(chunkSize, batchBytes);
    this.#end = plan.head.byteLength;
    this.nbatches = Math.ceil(nchunks / this.batchSize);
  }

  /** The plain chunks of a batch: views, not copies. */
  chunksOf(batch: number): Uint8Array[] {
    const { plain, chunking } = this.#plan;
    const { nchunks, chunkSize } = chunking;
    const first = batch * this.batchSize;
    const count = Math.min(this.batchSize, nchunks - first);
    return Array.from({ length: count }, (_, i) =>
      plain.subarray((first + i) * chunkSize, (first + i + 1) * chunkSize),
    );
  }

  /** The stored chunks of the next batch, digests included: views of `scratch`. */
  place(lengths: Uint32Array, scratch: Uint8Array): Uint8Array[] {
    const { slotSize } = this.#plan;
    return Array.from(lengths, (length, i) => {
      this.#positions.push(this.#end);
      this.#end += length;
      return scratch.subarray(i * slotSize, i * slotSize + length);
    });
  }

  /** Completes the offsets table, once every batch is placed. */
  finish(): Packed {
    const { head, offsetsPosition, slots } = this.#plan;
    if (offsetsPosition !== undefined) {
      head.set(encodeOffsets(this.#positions, slots), offsetsPosition);
    }
    return { head, cbytes: this.#end };
  }
}
