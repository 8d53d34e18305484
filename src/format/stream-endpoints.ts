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
  readonly destroyed?: boolean;
  write(piece: Uint8Array, done: Done): unknown;
  end(done: Done): unknown;
  destroy(error?: Error): unknown;
  once(event: "error" | "close", listener: (error: Error) => void): unknown;
  removeListener(event: "error" | "close", listener: (error: Error) => void): unknown;
}

type Done = (error?: Error | null) => void;

/** Writes to a Node stream, a piece at a time, and waits for each: its back-pressure is kept. */
export class WritableSink implements Sink {
  readonly #writable: WritableLike;
  #failure: Error | undefined;
  /** Rejects the call under way: a stream that is destroyed may never answer it. */
  #reject: ((error: Error) => void) | undefined;

  constructor(writable: WritableLike) {
    this.#writable = writable;
    writable.once("error", this.#fail);
    writable.once("close", this.#closed);
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    // A stream may keep what it is given, so it gets a copy.
    for (const piece of pieces)
      await this.#call((done) => this.#writable.write(piece.slice(), done));
  }

  async close(): Promise<void> {
    await this.#call((done) => this.#writable.end(done));
    this.#letGo();
  }

  abort(reason: unknown): void {
    this.#writable.destroy(reason instanceof Error ? reason : new Error(String(reason)));
  }

  readonly #fail = (error: Error): void => {
    this.#failure ??= error;
    this.#reject?.(error);
  };

  readonly #closed = (): void => {
    this.#fail(closedEarly());
    this.#letGo();
  };

  #letGo(): void {
    this.#writable.removeListener("error", this.#fail);
    this.#writable.removeListener("close", this.#closed);
  }

  #call(start: (done: Done) => unknown): Promise<void> {
    // A stream that was destroyed before it was given here has nothing more to tell.
    if (this.#writable.destroyed === true) this.#failure ??= closedEarly();
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#reject = reject;
      start((error) => (error ? reject(error) : resolve()));
    });
  }
}

function closedEarly(): Error {
  return new Error("The stream was closed before everything was written to it");
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
