/**
 * What is done to files, as steps of work that runs either way: what must happen in one exact order
 * to be safe against a crash, such as an append, must not exist twice.
 */
import fs from "node:fs";
import { promisify } from "node:util";
import { run as runLater, runSync as runNow, type Steps as TwoWays } from "../format/two-ways.ts";

/** Work in steps, whose result is `T`. */
export type Steps<T> = TwoWays<T, void, void>;

/** Does one thing, and gives what it gives: `const n = yield* step(() => …, async () => …)`. */
export function* step<T>(now: () => T, later: () => Promise<T>): Steps<T> {
  return (yield { now, later }) as T;
}

/** A step for {@link runSync} alone. */
export function stepNow<T>(now: () => T): Steps<T> {
  return step(now, async () => now());
}

/** A step for {@link run} alone. */
export function stepLater<T>(later: () => Promise<T>): Steps<T> {
  const refuse = (): never => {
    throw new Error("a step that takes time was taken synchronously");
  };
  return step(refuse, later);
}

/** Carries out every step before it returns. */
export function runSync<T>(steps: Steps<T>): T {
  return runNow(steps, undefined);
}

/** {@link runSync} off the main thread. */
export function run<T>(steps: Steps<T>): Promise<T> {
  return runLater(steps, undefined);
}

const readAsync = promisify(fs.read);
const writevAsync = promisify(fs.writev);
const fsyncAsync = promisify(fs.fsync);

/** An open file, read and written at positions, in steps. */
export class SteppedFile {
  readonly path: string;
  readonly fd: number;

  /** @param flags of `fs.openSync` */
  constructor(path: string, flags: string) {
    this.path = path;
    this.fd = fs.openSync(path, flags);
  }

  get size(): number {
    return fs.fstatSync(this.fd).size;
  }

  /** The bytes at `position`; fewer than `length` only where the file ends. */
  *read(position: number, length: number): Steps<Uint8Array> {
    const bytes = new Uint8Array(length);
    let end = 0;
    while (end < length) {
      const [start, left] = [end, length - end];
      const n = yield* step(
        () => fs.readSync(this.fd, bytes, start, left, position + start),
        async () => (await readAsync(this.fd, bytes, start, left, position + start)).bytesRead,
      );
      if (n === 0) break;
      end += n;
    }
    return bytes.subarray(0, end);
  }

  /** Writes the pieces behind one another. */
  *write(position: number, pieces: readonly Uint8Array[]): Steps<void> {
    let at = position;
    let rest = pieces.filter((piece) => piece.byteLength > 0);
    while (rest.length > 0) {
      const [some, start] = [rest.slice(0, MAX_PIECES), at];
      const written = yield* step(
        () => fs.writevSync(this.fd, some, start),
        async () => (await writevAsync(this.fd, some, start)).bytesWritten,
      );
      at += written;
      rest = behind(rest, written);
    }
  }

  /** Waits until the disk has what was written. */
  *sync(): Steps<void> {
    yield* step(
      () => fs.fsyncSync(this.fd),
      () => fsyncAsync(this.fd),
    );
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.fd, size);
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}

/** The most buffers that one gathering write takes (IOV_MAX). */
const MAX_PIECES = 1024;

/** What is left of `pieces`, none of them empty, when their first `written` bytes are out. */
function behind(pieces: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  const first = pieces.findIndex((piece) => {
    if (skip < piece.byteLength) return true;
    skip -= piece.byteLength;
    return false;
  });
  if (first < 0) return [];
  return [(pieces[first] as Uint8Array).subarray(skip), ...pieces.slice(first + 1)];
}
