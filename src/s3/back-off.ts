/** Waiting before something is tried again. */
import { setTimeout } from "node:timers/promises";

/** The longest wait after the first failure; each further one doubles it, ms. */
const FIRST_MS = 100;
const LONGEST_MS = 5_000;

/**
 * Waits at random, so that many who failed together do not come back together.
 *
 * @param failures so far, from 1
 * @throws the reason of `signal`, at once when it comes
 */
export async function backOff(failures: number, signal?: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  try {
    await setTimeout(Math.random() * longest, undefined, signal === undefined ? {} : { signal });
  } catch {
    signal?.throwIfAborted();
  }
}
