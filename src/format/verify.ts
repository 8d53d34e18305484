/** Reads all of a file and reports what is wrong with it, instead of ending at the first fault. */
import { BloscpackError } from "../errors.ts";
import type { Batch, ChunkIndex } from "./chunk-index.ts";
import { type Contents, decompressAll, describesArray } from "./contents.ts";
import { checkArraySize, decodeArrayHeader } from "./ndarray.ts";
import { giveBack, takeScratch } from "./scratch.ts";
import { faultIn } from "./settle.ts";
import type { Steps } from "./steps.ts";

/** Plain bytes that are decompressed at a time, unless one chunk is larger. */
const BATCH_BYTES = 12 * 1024 * 1024;

export interface VerifyReport {
  readonly nchunks: number;
  /** Plain bytes. */
  readonly nbytes: number;
  /** Stored bytes, up to the end of the last chunk. */
  readonly cbytes: number;
  /** Damage, in the order of the chunks. When there is none, the file is read as it was written. */
  readonly faults: readonly BloscpackError[];
  /** What is unusual and does no harm to what is read. */
  readonly warnings: readonly string[];
}

/** Verifies and decompresses every chunk. Throws only what is no fault of the file. */
export function* verifyContents(contents: Contents): Steps<VerifyReport> {
  return yield* new Verification(contents).run();
}

class Verification {
  readonly #contents: Contents;
  readonly #faults: BloscpackError[] = [];
  readonly #warnings: string[];
  #end: number;
  #typesizeTold = false;

  constructor(contents: Contents) {
    this.#contents = contents;
    this.#end = contents.head.length;
    this.#warnings = [...contents.warnings];
  }

  *run(): Steps<VerifyReport> {
    const { head, fileSize, index } = this.#contents;
    this.#checkHead();
    yield* this.#checkChunks();
    const rest = fileSize - this.#end;
    const told = this.#contents.warnings.length > 0;
    if (rest > 0 && this.#faults.length === 0 && !told) {
      this.#warnings.push(`${rest} bytes follow the last chunk`);
    }
    if (head.header.checksum === "None" && index.nbytes > 0) {
      this.#warnings.push("the chunks have no digests: damage may go unnoticed");
    }
    return {
      nchunks: index.nchunks,
      nbytes: index.nbytes,
      cbytes: this.#end,
      faults: this.#faults,
      warnings: this.#warnings,
    };
  }

  #checkHead(): void {
    const { head, array, index, warnings } = this.#contents;
    const { offsets, nchunks } = head.header;
    if (offsets && head.offsets === undefined && nchunks > 0n && warnings.length === 0) {
      this.#warnings.push("the offsets table was never written");
    }
    if (array !== undefined || !describesArray(head)) return;
    this.#collect(() => checkArraySize(decodeArrayHeader(head.metadata), index.nbytes));
  }

  *#checkChunks(): Steps<void> {
    const { index, head } = this.#contents;
    const at = { chunk: 0, singlyUntil: 0 };
    while (at.chunk < index.nchunks) {
      const stop = at.chunk < at.singlyUntil ? at.chunk + 1 : batchEnd(index, at.chunk);
      try {
        at.chunk = yield* this.#checkBatch(yield* index.batch(at.chunk, stop));
      } catch (error) {
        if (!(error instanceof BloscpackError)) throw error;
        if (stop > at.chunk + 1) {
          // Some chunk of these: one by one, to check those before it and, with a table, behind it.
          at.singlyUntil = stop;
          continue;
        }
        this.#faults.push(error);
        at.chunk++;
        if (head.offsets === undefined && at.chunk < index.nchunks) {
          this.#warnings.push(
            `chunks ${at.chunk} to ${index.nchunks - 1} cannot be found without offsets, and were not checked`,
          );
          return;
        }
      }
    }
  }

  /** Returns the chunk to go on with: behind the batch, or behind the first bad one in it. */
  *#checkBatch(batch: Batch): Steps<number> {
    const { run, start, window } = batch;
    const nbytes = run.plainEnd - run.plainStart;
    const scratch = takeScratch(nbytes);
    try {
      const plain = scratch.subarray(0, nbytes);
      const fault = yield* decompressAll(batch, plain, this.#contents.head.header.checksum);
      this.#compareTypesize(batch);
      this.#end = Math.max(this.#end, start + window.byteLength);
      if (fault === undefined) return run.first + run.positions.length;
      this.#faults.push(faultIn(batch.run, batch.start, fault));
      return run.first + fault.chunk + 1;
    } finally {
      giveBack(scratch);
    }
  }

  #compareTypesize({ window, run }: Batch): void {
    const { typesize } = this.#contents.head.header;
    const other = run.positions.findIndex((position) => window[position + 3] !== typesize);
    if (other < 0 || this.#typesizeTold) return;
    this.#typesizeTold = true;
    const found = window[(run.positions[other] as number) + 3];
    this.#warnings.push(
      `typesize is ${typesize} in the header, ${found} in chunk ${run.first + other}`,
    );
  }

  #collect(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof BloscpackError)) throw error;
      this.#faults.push(error);
    }
  }
}

/** Where a batch from `first` on ends, at the latest. */
function batchEnd(index: ChunkIndex, first: number): number {
  const limit = index.plainStart(first) + BATCH_BYTES;
  if (limit >= index.nbytes) return index.nchunks;
  return Math.max(first + 1, index.chunkAt(limit));
}
