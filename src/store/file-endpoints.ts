/** Endpoints in files. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { CompressedSink, Source } from "../format/endpoints.ts";
import { type Draft, draftFile, MAX_READ } from "./file-io.ts";
import { recover } from "./journal.ts";

/** Reads a file, plain or stored, from front to back. */
export class FileSource implements Source {
  readonly size: number;
  readonly #file: fs.promises.FileHandle;
  #position = 0;

  private constructor(file: fs.promises.FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** @throws the system's error when the file cannot be opened, {@link StoreError} as recover does */
  static async open(path: string | URL): Promise<FileSource> {
    await recover(path instanceof URL ? fileURLToPath(path) : path);
    const file = await fs.promises.open(path, "r");
    return new FileSource(file, (await file.stat()).size);
  }

  async read(target: Uint8Array): Promise<number> {
    const length = Math.min(target.byteLength, MAX_READ);
    const { bytesRead } = await this.#file.read(target, 0, length, this.#position);
    this.#position += bytesRead;
    return bytesRead;
  }

  close(): Promise<void> {
    return this.#file.close();
  }
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
