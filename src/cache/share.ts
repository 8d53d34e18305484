/** The lease of a result, for as long as a call or its promise needs it. */
import type { Lease } from "../store/leases.ts";
import type { Turn } from "./shared-results.ts";

/**
 * A lease in the hands of one call: released when the call ends, in whatever way, unless it is kept
 * for a promise.
 */
export class Share {
  readonly #lease: Lease;
  #turn: Pick<Turn, "end"> | undefined;
  #isKept = false;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** Has the right of all machines end with that of this one. */
  holdUntilReleased(turn: Pick<Turn, "end"> | undefined): void {
    this.#turn = turn;
  }

  /** The lease, which is now for the one who asked to release. */
  keep(): Lease {
    this.#isKept = true;
    return {
      markAsync: (isKnown) => this.#lease.markAsync(isKnown),
      release: () => this.#release(),
    };
  }

  releaseUnlessKept(): void {
    if (!this.#isKept) this.#release();
  }

  #release(): void {
    this.#lease.release();
    this.#turn?.end();
  }
}
