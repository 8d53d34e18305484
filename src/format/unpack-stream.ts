/**
 * Unpacking from any source to any sink: a batch of chunks is verified and decompressed while the
 * one before is written. Memory is a window of the stored file and two batches, whatever the size.
 */
import { decompressAsync } from "../blosc/codec.ts";
import { announcedSize, type ChunkRun, ChunkWalk, isAnnounced } from "./chunk-walk.ts";
import { BLOSC_HEADER_LENGTH, HEADER_LENGTH, META_HEADER_LENGTH } from "./constants.ts";
import type { CompressedSource, PlainSink, TransferOptions } from "./endpoints.ts";
import { decodeHead, type Head, measureHead } from "./head.ts";
import { InputWindow } from "./input-window.ts";
import { checkLimit, checkSize } from "./limit.ts";
import type { Metadata } from "./metadata.ts";
import { checkOptionNames } from "./option-names.ts";
import { giveBack, takeScratch } from "./scratch.ts";
import { faultIn } from "./settle.ts";
import { between, type Joint } from "./transfer.ts";

/** Plain bytes of a batch at most, unless one chunk is larger. */
const BATCH_BYTES = 12 * 1024 * 1024;

/** How to unpack. A damaged file is read by `open` with `strict: false`. */
export interface UnpackStreamOptions extends TransferOptions {
  /**
   * Refuses files of more plain bytes than this: before anything is written if the file says how
   * many it has, and else before those are written that are too many. Default: no limit.
   */
  readonly maxBytes?: number;
}

const OPTION_NAMES = ["signal", "onProgress", "maxBytes"];

/** What was unpacked. */
export interface UnpackResult {
  readonly nbytes: number;
  readonly nchunks: number;
  /** `undefined` when the file has none. */
  readonly metadata: Metadata | undefined;
}

/**
 * Unpacks a Bloscpack file. Chunks reach the sink verified; when a later one turns out to be
 * damaged, the sink is aborted.
 *
 * @throws {BloscpackError} when the stored bytes are not a valid Bloscpack file
 * @throws {TypeError | RangeError} for an option, and for more plain bytes than `maxBytes`
 */
export async function unpack(
  source: CompressedSource,
  sink: PlainSink,
  options: UnpackStreamOptions = {},
): Promise<UnpackResult> {
  const checked = () => {
    checkOptionNames(options, OPTION_NAMES, "unpack");
    checkLimit(options.maxBytes);
    return options;
  };
  return between(source, sink, checked, async (joint) => {
    const window = new InputWindow(joint.source);
    try {
      const head = await readHeadFrom(window);
      return await new UnpackRun(window, head, joint, options).run();
    } finally {
      if (!joint.abandoned) window.release();
    }
  });
}

async function readHeadFrom(window: InputWindow): Promise<Head> {
  await window.need(HEADER_LENGTH + META_HEADER_LENGTH);
  await window.need(measureHead(window.bytes, window.fileSize));
  const head = decodeHead(window.bytes, window.fileSize);
  window.skip(head.length);
  return head;
}

class UnpackRun {
  readonly #window: InputWindow;
  readonly #head: Head;
  readonly #joint: Joint;
  readonly #options: UnpackStreamOptions;
  /** Plain bytes of the whole file, if it says so. */
  readonly #size: number | undefined;
  readonly #walk: ChunkWalk;
  #plain: [Uint8Array, Uint8Array] = [takeScratch(0), takeScratch(0)];
  #nchunks = 0;

  constructor(window: InputWindow, head: Head, joint: Joint, options: UnpackStreamOptions) {
    this.#window = window;
    this.#head = head;
    this.#joint = joint;
    this.#options = options;
    this.#walk = new ChunkWalk(head, window.fileSize);
    this.#size = isAnnounced(head) ? announcedSize(head) : undefined;
    if (this.#size !== undefined) checkSize(this.#size, options.maxBytes);
  }

  async run(): Promise<UnpackResult> {
    const { metadata } = this.#head;
    await this.#joint.sink.begin?.({ metadata, size: this.#size });
    let writing: Promise<void> | undefined;
    try {
      for (let turn = 0; !this.#walk.ended; turn++) {
        this.#joint.throwIfStopped();
        const plain = await this.#decompressNext(turn);
        await writing;
        writing = this.#append(plain);
        // It is awaited in the next turn, or below; until then a read need not go on.
        writing.catch((error) => this.#joint.stop(error));
      }
    } finally {
      await Promise.allSettled([writing]);
      if (!this.#joint.abandoned) this.#plain.forEach(giveBack);
    }
    await writing;
    return {
      nbytes: this.#walk.nbytes,
      nchunks: this.#nchunks,
      metadata,
    };
  }

  async #decompressNext(turn: number): Promise<Uint8Array> {
    const start = this.#walk.position;
    const run = await this.#nextRun();
    if (run.positions.length === 0) return new Uint8Array();
    checkSize(run.plainEnd, this.#options.maxBytes);
    const plain = this.#room(turn, run.plainEnd - run.plainStart);
    const { checksum } = this.#head.header;
    const stored = this.#window.bytes;
    const fault = await decompressAsync(stored, run.positions, plain, run.chunkSize, checksum);
    if (fault !== undefined) throw faultIn(run, start, fault);
    this.#nchunks += run.positions.length;
    this.#window.skip(this.#walk.position - start);
    return plain;
  }

  /** The next chunks; their bytes are at hand then. None if the file ends where no chunk was due. */
  async #nextRun(): Promise<ChunkRun> {
    await this.#window.need(BLOSC_HEADER_LENGTH + 1);
    for (;;) {
      this.#walk.endsAt(this.#window.fileSize);
      const run = this.#walk.take(this.#window.bytes, BATCH_BYTES);
      if (typeof run !== "number") return run;
      if (run >= this.#window.bytes.byteLength) await this.#window.need(run + 1);
      else await this.#window.fill();
    }
  }

  #room(turn: number, nbytes: number): Uint8Array {
    const i = turn % 2 === 0 ? 0 : 1;
    if (this.#plain[i].byteLength < nbytes) {
      const larger = takeScratch(nbytes);
      giveBack(this.#plain[i]);
      this.#plain[i] = larger;
    }
    return this.#plain[i].subarray(0, nbytes);
  }

  async #append(plain: Uint8Array): Promise<void> {
    await this.#joint.sink.append([plain]);
    this.#options.onProgress?.({
      nbytes: this.#walk.nbytes,
      cbytes: this.#walk.position,
      nchunks: this.#nchunks,
      size: this.#size,
    });
  }
}
