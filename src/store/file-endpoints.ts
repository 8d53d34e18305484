/** Endpoints in files. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { CompressedSink, Source } from "../format/endpoints.ts";
import { type Draft, draftFile, MAX_READ } from "./file-io.ts";
import { recover } from "./journal.ts";

/** Reads a file, plain or stored, from front to back. A pipe or a device has no size. */
export class FileSource implements Source {
  readonly size: number | undefined;
  readonly #file: fs.promises.FileHandle;
  /** `null`: pipes know no positions. */
  #position: number | null;

  private constructor(file: fs.promises.FileHandle, size: number | undefined, regular: boolean) {
    this.#file = file;
    this.size = size;
    this.#position = regular ? 0 : null;
  }

  /** @throws the system's error when the file cannot be opened, {@link StoreError} as recover does */
  static async open(path: string | URL): Promise<FileSource> {
    await recover(path instanceof URL ? fileURLToPath(path) : path);
    const file = await fs.promises.open(path, "r");
    try {
      const stat = await file.stat();
      return new FileSource(file, await sizeOf(file, stat), stat.isFile());
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(target: Uint8Array): Promise<number> {
    const length = Math.min(target.byteLength, MAX_READ);
    const { bytesRead } = await this.#file.read(target, 0, length, this.#position);
    if (this.#position !== null) this.#position += bytesRead;
    return bytesRead;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Bytes of a file; `undefined` when only its end will tell. */
async function sizeOf(file: fs.promises.FileHandle, stat: fs.Stats): Promise<number | undefined> {
  if (!stat.isFile()) return undefined;
  if (stat.size > 0) return stat.size;
  // What the system makes up as it is read, such as /proc/cpuinfo, is said to be empty.
  const { bytesRead } = await file.read(new Uint8Array(1), 0, 1, 0);
  return bytesRead === 0 ? 0 : undefined;
}

/** Writes a file, plain or packed, which appears under its name when it is complete. */
export class FileSink implements CompressedSink {
  readonly #draft: Draft;

  private constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** @throws the system's error when no file can be made beside `path` */
  static async create(path: string): Promise<FileSink> {
    return new FileSink(await draftFile({ path }));
  }

  append(pieces: readonly Uint8Array[]): Promise<void> {
    return this.#draft.sink.append(pieces) as Promise<void>;
  }

  overwrite(position: number, bytes: Uint8Array): Promise<void> {
    return this.#draft.sink.overwrite(position, bytes) as Promise<void>;
  }

  close(): Promise<void> {
    return this.#draft.publish();
  }

  abort(): Promise<void> {
    return this.#draft.discard();
  }
}
