/** Leases for a caller who must not be harmed: where they cannot be kept, everybody may compute. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import { type Lease, type Leases, NO_LEASE } from "../store/leases.ts";
import type { OpenedStore } from "./opened-store.ts";
import { warnOnce } from "./warning.ts";

export class ResultLeases {
  readonly #store: OpenedStore;

  constructor(store: OpenedStore) {
    this.#store = store;
  }

  /** The right to compute a result; `undefined` while another process or thread has it. */
  tryAcquire(address: Address): Lease | undefined {
    const ask = (leases: Leases) => ({ lease: leases.tryAcquire(address) });
    return this.#attempt(ask, { lease: NO_LEASE }).lease;
  }

  /** The right to extend a result that grows; `undefined` while anybody has it, this thread too. */
  tryAcquireAlone(address: Address): Lease | undefined {
    const ask = (leases: Leases) => ({ lease: leases.tryAcquireAlone(address) });
    return this.#attempt(ask, { lease: NO_LEASE }).lease;
  }

  /** Whether another process or thread computes a promise of it. */
  isAsyncElsewhere(address: Address): boolean {
    return this.#attempt((leases) => leases.isAsyncElsewhere(address), false);
  }

  /** Whether others may be waiting for what this thread is to compute when it has time. */
  get isOwedHere(): boolean {
    return this.#attempt((leases) => leases.isOwedHere, false);
  }

  #attempt<T>(ask: (leases: Leases) => T, otherwise: T): T {
    try {
      const leases = this.#store.forWriting()?.leases();
      return leases === undefined ? otherwise : ask(leases);
    } catch (error) {
      // It may be for now only, such as too many open files: the next call tries again.
      const message = `Leases cannot be kept: ${messageOf(error)}. Several processes may compute the same result.`;
      warnOnce(this.#store.location, "LEASES_UNAVAILABLE", message);
      return otherwise;
    }
  }
}
