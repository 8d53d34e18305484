/** The lease of a result, for as long as a call or its promise needs it. */
import type { Lease } from "../store/leases.ts";

/**
 * A lease in the hands of one call: released when the call ends, in whatever way, unless it is kept
 * for a promise.
 */
export class Share {
  readonly #lease: Lease;
  #isKept = false;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** The lease, which is now for the one who asked to release. */
  keep(): Lease {
    this.#isKept = true;
    return this.#lease;
  }

  releaseUnlessKept(): void {
    if (!this.#isKept) this.#lease.release();
  }
}
