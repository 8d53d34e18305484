/** Endpoints over what produces or takes pieces of bytes: iterables, and streams of both kinds. */
import type { Sink, Source } from "./endpoints.ts";
import { PieceCursor } from "./piece-cursor.ts";

/** Anything that can be iterated over for bytes: generators, Node's and the web's readable streams. */
export type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Reads the pieces one after another, when asked to; what is left over when the work ends early is
 * not asked for, and the iteration is ended (a stream is destroyed by that).
 */
export class PiecesSource implements Source {
  readonly size: number | undefined;
  readonly #iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array>;
  readonly #cursor = new PieceCursor();

  /** @param size how many bytes there are in all, if that is known */
  constructor(pieces: Pieces, size?: number) {
    this.size = size;
    this.#iterator =
      Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  }

  async read(target: Uint8Array): Promise<number> {
    while (this.#cursor.wantsNext) this.#cursor.accept(await this.#iterator.next());
    return this.#cursor.read(target);
  }

  async close(): Promise<void> {
    if (!this.#cursor.ended) await this.#iterator.return?.();
  }
}

/** As much of Node's `Writable` as is used: any object with these methods will do. */
export interface WritableLike {
  write(piece: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(done: () => void): unknown;
  destroy(error?: Error): unknown;
  once(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** Writes to a Node stream, a piece at a time, and waits for each: its back-pressure is kept. */
export class WritableSink implements Sink {
  readonly #writable: WritableLike;
  #failure: Error | undefined;
  readonly #fail = (error: Error): void => {
    this.#failure = error;
  };

  constructor(writable: WritableLike) {
    this.#writable = writable;
    writable.once("error", this.#fail);
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) await this.#write(piece.slice());
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    await new Promise<void>((resolve, reject) => {
      this.#writable.once("error", reject);
      this.#writable.end(resolve);
    });
    this.#writable.removeListener("error", this.#fail);
  }

  abort(reason: unknown): void {
    this.#writable.destroy(reason instanceof Error ? reason : new Error(String(reason)));
  }

  /** A stream may keep what it is given, so it gets a copy. */
  #write(piece: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#writable.write(piece, (error) => (error ? reject(error) : resolve()));
    });
  }
}

/** As much of the web's `WritableStream` as is used. */
export interface WritableStreamLike {
  getWriter(): {
    readonly ready: Promise<unknown>;
    write(piece: Uint8Array): Promise<void>;
    close(): Promise<void>;
    abort(reason?: unknown): Promise<void>;
  };
}

/** Writes to a web stream, whose back-pressure is kept. */
export class WebSink implements Sink {
  readonly #writer: ReturnType<WritableStreamLike["getWriter"]>;

  constructor(stream: WritableStreamLike) {
    this.#writer = stream.getWriter();
  }

  /** A stream may keep what it is given, so it gets a copy. */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    for (const piece of pieces) {
      await this.#writer.ready;
      await this.#writer.write(piece.slice());
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }

  abort(reason: unknown): Promise<void> {
    return this.#writer.abort(reason);
  }
}
