/**
 * Writing to open files. Every write goes on until all bytes are through: the system may do less
 * than asked.
 */
import fs from "node:fs";
import type { ByteSink, ByteSinkSync } from "../format/sink.ts";

/** Bytes written at a time: in larger portions Linux copied them at half the speed. */
const MAX_WRITE = 1024 * 1024;

export class FileSinkSync implements ByteSinkSync {
  readonly #fd: number;
  #end = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  append(pieces: readonly Uint8Array[]): void {
    let rest = pieces;
    while (rest.length > 0) {
      const written = fs.writevSync(this.#fd, upTo(rest, MAX_WRITE), this.#end);
      this.#end += written;
      rest = behind(rest, written);
    }
  }

  overwrite(position: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.byteLength; ) {
      done += fs.writeSync(this.#fd, bytes, done, bytes.byteLength - done, position + done);
    }
  }
}

/** Fills an open file, from a position on. */
export class HandleSink implements ByteSink {
  readonly #file: fs.promises.FileHandle;
  readonly #start: number;
  #end: number;

  constructor(file: fs.promises.FileHandle, start = 0) {
    this.#file = file;
    this.#start = start;
    this.#end = start;
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    let rest = pieces;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(upTo(rest, MAX_WRITE), this.#end);
      this.#end += bytesWritten;
      rest = behind(rest, bytesWritten);
    }
  }

  async overwrite(position: number, bytes: Uint8Array): Promise<void> {
    const start = this.#start + position;
    for (let done = 0; done < bytes.byteLength; ) {
      const left = bytes.byteLength - done;
      done += (await this.#file.write(bytes, done, left, start + done)).bytesWritten;
    }
  }
}

/** The first `nbytes` of the pieces, or all. */
function upTo(pieces: readonly Uint8Array[], nbytes: number): readonly Uint8Array[] {
  const taken: Uint8Array[] = [];
  let left = nbytes;
  for (const piece of pieces) {
    if (left === 0) break;
    const part = piece.subarray(0, left);
    taken.push(part);
    left -= part.byteLength;
  }
  return taken;
}

/** What is left of `pieces` when their first `written` bytes are out; empty pieces are dropped. */
function behind(pieces: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  let first = 0;
  while (first < pieces.length && skip >= (pieces[first] as Uint8Array).byteLength) {
    skip -= (pieces[first] as Uint8Array).byteLength;
    first++;
  }
  if (first === pieces.length) return [];
  return [(pieces[first] as Uint8Array).subarray(skip), ...pieces.slice(first + 1)];
}
