/** Endpoints in files, by name or over a handle that the caller has opened. */
import fs from "node:fs";
import { fileURLToPath } from "node:url";
import type { CompressedSink, Source } from "../format/endpoints.ts";
import { MAX_READ } from "./file-io.ts";
import { HandleSink } from "./file-sink.ts";
import { recover } from "./journal.ts";
import { type Draft, draftFile } from "./publication.ts";

type FileHandle = fs.promises.FileHandle;

/** Where in an open file to begin. */
export interface HandleOptions {
  /** Byte of the file; default 0. The handle's own position is neither used nor moved. */
  readonly position?: number;
}

/** Reads a file, plain or stored, from front to back. A pipe or a device has no size. */
export class FileSource implements Source {
  readonly size: number | undefined;
  readonly #file: FileHandle;
  readonly #isOurs: boolean;
  /** `null`: pipes know no positions. */
  #position: number | null;

  private constructor(
    file: FileHandle,
    size: number | undefined,
    position: number | null,
    isOurs: boolean,
  ) {
    this.size = size;
    this.#file = file;
    this.#position = position;
    this.#isOurs = isOurs;
  }

  /**
   * Opens a file; or takes an open handle, which is left open when the source is closed.
   *
   * @throws the system's error when the file cannot be opened, {@link StoreError} as recover does
   */
  static async open(
    file: string | URL | FileHandle,
    options: HandleOptions = {},
  ): Promise<FileSource> {
    const position = positionOf(file, options);
    if (isHandle(file)) return FileSource.#over(file, position, false);
    await recover(file instanceof URL ? fileURLToPath(file) : file);
    const handle = await fs.promises.open(file, "r");
    try {
      return await FileSource.#over(handle, position, true);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  static async #over(file: FileHandle, position: number, isOurs: boolean): Promise<FileSource> {
    const stat = await file.stat();
    const size = await sizeOf(file, stat);
    const left = size === undefined ? undefined : Math.max(0, size - position);
    return new FileSource(file, left, stat.isFile() ? position : null, isOurs);
  }

  async read(target: Uint8Array): Promise<number> {
    const length = Math.min(target.byteLength, MAX_READ);
    const { bytesRead } = await this.#file.read(target, 0, length, this.#position);
    if (this.#position !== null) this.#position += bytesRead;
    return bytesRead;
  }

  async close(): Promise<void> {
    if (this.#isOurs) await this.#file.close();
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

  /**
   * Makes a file; or writes to an open handle, which is left open. Into that bytes go as they come:
   * what stood there is overwritten, what stands behind stays, and a failure undoes nothing.
   *
   * @throws the system's error when no file can be made beside the name
   * @throws {TypeError} for the handle of a pipe or a socket
   */
  static async create(file: string | FileHandle, options: HandleOptions = {}): Promise<FileSink> {
    const position = positionOf(file, options);
    if (!isHandle(file)) return new FileSink(await draftFile({ path: file }));
    const stat = await file.stat();
    if (stat.isFIFO() || stat.isSocket()) {
      throw new TypeError("A pipe has no positions to write at: use a WritableSink of its stream");
    }
    return new FileSink({
      sink: new HandleSink(file, position),
      publish: nothing,
      discard: nothing,
    });
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

async function nothing(): Promise<void> {}

function isHandle(file: unknown): file is FileHandle {
  return typeof (file as Partial<FileHandle> | null)?.fd === "number";
}

/** @throws {TypeError | RangeError} for a position in what is not open yet, or for none */
function positionOf(file: unknown, { position }: HandleOptions): number {
  if (position === undefined) return 0;
  if (!isHandle(file)) throw new TypeError("Option position is for open handles only");
  if (Number.isSafeInteger(position) && position >= 0) return position;
  throw new RangeError(`Option position must be a byte of the file: got ${String(position)}`);
}
