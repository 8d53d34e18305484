/** How long to wait for a store: for an answer, and then for more of it. */
import { StoreError } from "../errors.ts";

/** A link that is slower than this is taken for dead, bytes a ms. */
const SLOWEST = 256;

/** How long an answer may take to something that is sent. */
export function patienceMs(answerMs: number, bytes: number): number {
  return answerMs + bytes / SLOWEST;
}

export interface Patience {
  /** Aborted when it has an end, or the caller leaves. */
  readonly signal: AbortSignal;
  /** The pieces of an answer, each of which renews it. */
  heed(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>;
}

/**
 * Runs what asks a store, and gives up when it is silent for too long: `silenceMs` until the answer
 * begins, and between its pieces.
 *
 * @throws {StoreError} for a silence, the reason of `signal` when that is aborted
 */
export async function within<T>(
  silenceMs: number,
  url: string,
  signal: AbortSignal | undefined,
  ask: (patience: Patience) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const cause = Object.assign(new Error(`no answer for ${silenceMs} ms`), { code: "TIMEOUT" });
  const silence = new StoreError("reach", url, cause);
  // A client that does not heed signals must not keep the caller either.
  let giveUp: (reason: unknown) => void = () => undefined;
  const givenUp = new Promise<never>((_resolve, reject) => {
    giveUp = reject;
  });
  const end = (reason: unknown) => {
    controller.abort(reason);
    giveUp(reason);
  };
  const timer = setTimeout(() => end(silence), silenceMs);
  const leave = () => end(signal?.reason);
  signal?.addEventListener("abort", leave);
  async function* heed(pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      timer.refresh();
      yield piece;
    }
  }
  try {
    return await Promise.race([ask({ signal: controller.signal, heed }), givenUp]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
