/**
 * Stops asking a store that does not answer: after some failures in a row it is left alone for a
 * while, then tried by one call; each time that fails, for twice as long. (Libraries for this need
 * a later Node than ours.)
 */
import { StoreError } from "../errors.ts";

const FAILURES = 3;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;

export class Breaker {
  readonly #url: string;
  #failures = 0;
  #pauseMs = FIRST_PAUSE_MS;
  /** When the last pause began: what was asked before says nothing new. */
  #pausedAt = 0;
  /** By the performance clock, ms: until then nobody asks. */
  #closedUntil = 0;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Runs what asks the store.
   *
   * @throws {StoreError} at once while the store is left alone
   */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    if (performance.now() < this.#closedUntil) {
      const why = "it has not answered, and is asked again later";
      throw new StoreError(
        "reach",
        this.#url,
        Object.assign(new Error(why), { code: "UNREACHABLE" }),
      );
    }
    // Until this one has its answer, nobody else is to wait for another.
    const isTrial = this.#failures >= FAILURES;
    if (isTrial) this.#closedUntil = performance.now() + this.#pauseMs;
    const askedAt = performance.now();
    try {
      const answer = await ask();
      this.#failures = 0;
      this.#pauseMs = FIRST_PAUSE_MS;
      this.#closedUntil = 0;
      return answer;
    } catch (error) {
      if (error instanceof StoreError && (isTrial || askedAt > this.#pausedAt)) this.#failed();
      throw error;
    }
  }

  #failed(): void {
    this.#failures++;
    if (this.#failures < FAILURES) return;
    // Not all machines at the same instant.
    this.#pausedAt = performance.now();
    const pauseMs = this.#pauseMs * (0.75 + Math.random() / 2);
    this.#closedUntil = this.#pausedAt + pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }
}
