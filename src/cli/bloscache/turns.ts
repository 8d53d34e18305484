/** Going through all entries of a cache, which may be very many, without being deaf meanwhile. */
import { setImmediate } from "node:timers/promises";

/** Items between two looks at whether the user has had enough. */
const TURN = 1000;

/** The items, as long as `signal` is not aborted. @throws its reason */
export async function* inTurns<T>(
  items: Iterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  let count = 0;
  for (const item of items) {
    if (++count % TURN === 0) await setImmediate();
    signal.throwIfAborted();
    yield item;
  }
}
