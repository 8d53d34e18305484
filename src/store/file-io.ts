/**
 * Files, read in batches. Every read goes on until all bytes are through: the system may do less
 * than asked, and a silent short read would turn into wrong data.
 */
import fs from "node:fs";
import { BloscpackError } from "../errors.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import type { ByteSource, ByteSourceSync, OpenFile } from "../format/source.ts";

/** Bytes read at a time: enough to keep all threads at work, little beside a result. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** Bytes of one call of the system's, which counts in 31 bits. */
export const MAX_READ: number = 2 ** 30;

/** Opens a file for the time of a call. */
export function withFileSync<T>(path: string, use: (source: ByteSourceSync & OpenFile) => T): T {
  const fd = fs.openSync(path, "r");
  const windows = new Windows(fs.fstatSync(fd).size);
  try {
    return use({
      size: windows.fileSize,
      descriptor: fd,
      batchBytes: BATCH_BYTES,
      read(position, length) {
        const window = windows.take(position, length);
        let end = 0;
        while (end < window.byteLength) {
          const left = Math.min(window.byteLength - end, MAX_READ);
          const n = fs.readSync(fd, window, end, left, position + end);
          if (n === 0) throw becameShorter(position + end);
          end += n;
        }
        return window;
      },
    });
  } finally {
    windows.release();
    fs.closeSync(fd);
  }
}

/** {@link withFileSync} off the main thread. REQUIRES: every read is over when `use` is. */
export async function withFile<T>(
  path: string,
  use: (source: ByteSource & OpenFile) => Promise<T>,
): Promise<T> {
  const file = await fs.promises.open(path, "r");
  let windows: Windows | undefined;
  try {
    windows = new Windows((await file.stat()).size);
    const taken = windows;
    return await use({
      size: taken.fileSize,
      descriptor: file.fd,
      batchBytes: BATCH_BYTES,
      async read(position, length) {
        const window = taken.take(position, length);
        let end = 0;
        while (end < window.byteLength) {
          const left = Math.min(window.byteLength - end, MAX_READ);
          const { bytesRead } = await file.read(window, end, left, position + end);
          if (bytesRead === 0) throw becameShorter(position + end);
          end += bytesRead;
        }
        return window;
      },
    });
  } finally {
    windows?.release();
    await file.close();
  }
}

function becameShorter(offset: number): BloscpackError {
  const reason = "the file became shorter while it was read";
  return new BloscpackError("TRUNCATED", reason, { section: "chunk", offset });
}

/** Memory for the reads of one file: two windows in turn, so that the last but one stays. */
class Windows {
  readonly fileSize: number;
  readonly #scratch: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];
  #turn: 0 | 1 = 0;
  #position = -1;

  constructor(fileSize: number) {
    this.fileSize = fileSize;
  }

  take(position: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.fileSize - position));
    if (position !== this.#position) this.#turn = this.#turn === 0 ? 1 : 0;
    this.#position = position;
    let scratch = this.#scratch[this.#turn];
    if (scratch === undefined || scratch.byteLength < wanted) {
      // Taking may throw, and what was given back must not be given back once more.
      this.#scratch[this.#turn] = undefined;
      if (scratch !== undefined) giveBack(scratch);
      scratch = takeScratch(wanted);
      this.#scratch[this.#turn] = scratch;
    }
    return scratch.subarray(0, wanted);
  }

  release(): void {
    for (const scratch of this.#scratch) if (scratch !== undefined) giveBack(scratch);
  }
}
