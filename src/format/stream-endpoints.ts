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
  readonly #pieces: Pieces;
  readonly #iterator: Iterator<Uint8Array> | AsyncIterator<Uint8Array>;
  readonly #cursor = new PieceCursor();
  #isWaiting = false;

  /**
   * @param size how many bytes there are in all, if that is known
   * @throws {TypeError} for what cannot be iterated over
   */
  constructor(pieces: Pieces, size?: number) {
    this.size = size;
    this.#pieces = pieces;
    this.#iterator = iteratorOf(pieces);
  }

  async read(target: Uint8Array): Promise<number> {
    while (this.#cursor.wantsNext) this.#cursor.accept(await this.#next());
    return this.#cursor.read(target);
  }

  async close(): Promise<void> {
    if (this.#cursor.ended) return;
    if (!this.#isWaiting) {
      await this.#iterator.return?.();
      return;
    }
    // An iterator that is waited for ends only after that, which may be never; a stream can be told.
    (this.#pieces as { destroy?: () => unknown }).destroy?.();
    Promise.resolve(this.#iterator.return?.()).catch(() => undefined);
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    this.#isWaiting = true;
    try {
      return await this.#iterator.next();
    } finally {
      this.#isWaiting = false;
    }
  }
}

function iteratorOf(pieces: Pieces): Iterator<Uint8Array> | AsyncIterator<Uint8Array> {
  if (typeof pieces === "object" && pieces !== null) {
    if ("getReader" in pieces) return webIterator(pieces as unknown as ReadableStreamLike);
    if (Symbol.asyncIterator in pieces) return pieces[Symbol.asyncIterator]();
    if (Symbol.iterator in pieces) return pieces[Symbol.iterator]();
  }
  throw new TypeError(
    `Pieces must be an iterable of Uint8Arrays, or a stream: got ${String(pieces)}`,
  );
}

/** As much of the web's `ReadableStream` as is used. */
interface ReadableStreamLike {
  getReader(): {
    read(): Promise<IteratorResult<Uint8Array>>;
    cancel(): Promise<void>;
    releaseLock(): void;
  };
}

/** As the stream's own iterator, but it can be ended while it is waited for. */
function webIterator(stream: ReadableStreamLike): AsyncIterator<Uint8Array> {
  const reader = stream.getReader();
  return {
    async next() {
      const result = await reader.read();
      if (result.done === true) reader.releaseLock();
      return result;
    },
    async return() {
      const cancelling = reader.cancel();
      reader.releaseLock();
      await cancelling;
      return { done: true, value: undefined };
    },
  };
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
  #isWaiting = false;

  constructor(stream: WritableStreamLike) {
    this.#writer = stream.getWriter();
  }

  /** A stream may keep what it is given, so it gets a copy. */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    this.#isWaiting = true;
    for (const piece of pieces) {
      await this.#writer.ready;
      await this.#writer.write(piece.slice());
    }
    this.#isWaiting = false;
  }

  close(): Promise<void> {
    this.#isWaiting = true;
    return this.#writer.close();
  }

  async abort(reason: unknown): Promise<void> {
    const aborting = this.#writer.abort(reason);
    // It ends only after a write that is under way, which may be never.
    if (this.#isWaiting) aborting.catch(() => undefined);
    else await aborting;
  }
}
