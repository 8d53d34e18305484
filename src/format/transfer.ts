/**
 * Joins a source and a sink for the time of a transfer: what stops it, and how they are left. Calls
 * of both go through here, so that one that never ends keeps nobody waiting.
 */
import type {
  Awaitable,
  CompressedSink,
  PlainSink,
  PlainSource,
  TransferOptions,
} from "./endpoints.ts";

type AnySink = CompressedSink & PlainSink;

/** Both ends of a transfer that is under way. */
export class Joint {
  /** The endpoints, whose calls reject as soon as the transfer is stopped. */
  readonly source: PlainSource;
  readonly sink: AnySink;
  readonly #waiting = new Set<(reason: unknown) => void>();
  #stopped: { readonly reason: unknown } | undefined;
  #abandoned = false;

  constructor(source: PlainSource, sink: AnySink) {
    checkEndpoints(source, sink);
    this.source = {
      size: source.size,
      typesize: source.typesize,
      itemsize: source.itemsize,
      metadata: source.metadata,
      read: (target) => this.run(() => source.read(target)),
    };
    this.sink = {
      begin: (info) => this.run(() => sink.begin?.(info)),
      append: (pieces) => this.run(() => sink.append(pieces)),
      ...(sink.overwrite && {
        overwrite: (position, bytes) => this.run(() => sink.overwrite?.(position, bytes)),
      }),
    };
  }

  /** Whether an endpoint may still use memory that it was given: nobody else may get it then. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Makes calls reject, those under way as well. Only the first reason counts. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#abandoned = this.#waiting.size > 0;
    for (const reject of this.#waiting) reject(reason);
  }

  /** @throws what the transfer was stopped with */
  throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped.reason;
  }

  /** Waits for a call to an endpoint, unless the transfer is stopped. */
  run<T>(call: () => Awaitable<T>): Awaitable<T> {
    this.throwIfStopped();
    const result = call();
    if (typeof (result as Promise<T> | undefined)?.then !== "function") return result;
    // A race would leave something behind on the signal with every call.
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const over = () => this.#waiting.delete(reject);
      (result as Promise<T>).then(
        (value) => {
          over();
          resolve(value);
        },
        (error: unknown) => {
          over();
          reject(error);
        },
      );
    });
  }
}

/**
 * Runs a transfer, and closes its endpoints however it ends: the source in any case; the sink if
 * all went well, and else, also when that close fails, the sink is aborted. The first error is
 * the one that is thrown.
 *
 * @param options is called first, and throws for those that are wrong
 */
export async function between<T>(
  source: PlainSource,
  sink: AnySink,
  options: () => TransferOptions,
  transfer: (joint: Joint) => Promise<T>,
): Promise<T> {
  let result: T;
  try {
    result = await signalled(source, sink, options, transfer);
  } catch (error) {
    // What fails now is a consequence, and would hide the cause.
    await quietly(() => sink?.abort?.(error));
    await quietly(() => source?.close?.());
    throw error;
  }
  await source.close?.();
  return result;
}

async function signalled<T>(
  source: PlainSource,
  sink: AnySink,
  options: () => TransferOptions,
  transfer: (joint: Joint) => Promise<T>,
): Promise<T> {
  const joint = new Joint(source, sink);
  const { signal, onProgress } = options();
  checkTransferOptions({ signal, onProgress });
  signal?.throwIfAborted();
  const stop = () => joint.stop(signal?.reason);
  signal?.addEventListener("abort", stop);
  try {
    const result = await transfer(joint);
    await joint.run(() => sink.close?.());
    return result;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function quietly(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // The caller has an earlier error to report.
  }
}

function checkEndpoints(source: PlainSource, sink: AnySink): void {
  if (typeof source?.read !== "function") throw new TypeError("A source must have a method read");
  if (typeof sink?.append !== "function") throw new TypeError("A sink must have a method append");
  const { size } = source;
  if (size === undefined || (Number.isSafeInteger(size) && size >= 0)) return;
  throw new RangeError(
    `A source's size must be a whole number of bytes, at least 0, or undefined: got ${String(size)}`,
  );
}

function checkTransferOptions({ signal, onProgress }: TransferOptions): void {
  if (onProgress !== undefined && typeof onProgress !== "function") {
    throw new TypeError(`Option onProgress must be a function: got ${String(onProgress)}`);
  }
  // By what it can do: a signal of another realm is one.
  if (signal === undefined) return;
  if (typeof signal?.throwIfAborted === "function" && "addEventListener" in signal) return;
  throw new TypeError(`Option signal must be an AbortSignal: got ${String(signal)}`);
}
