/**
 * Who computes which result: of all processes and threads of the machine, one at a time. A lease is
 * a lock on one byte of a file, at a place that the result's key gives. The system holds it, so that
 * nothing has to be cleaned up after whoever is killed, and nobody has to judge by clocks and pids
 * whether a holder is still there.
 */
import { RangeLock } from "../blosc/range-lock.ts";
import type { Address } from "./address.ts";

/** Places: two bytes for each, and offsets are below 2^53. Two results that share one wait in vain. */
const PLACES = 2 ** 51;

/** Behind those of the results. */
const UPKEEP_PLACE = PLACES;

export class Leases {
  readonly #lock: RangeLock;
  /** Holders of this thread by place: the system does not tell them apart. */
  readonly #held = new Map<number, number>();
  /** Leases of this thread whose computation needs its event loop. */
  #asynchronous = 0;

  /** @throws an `Error` when the file cannot be opened, or the system has no such locks */
  constructor(path: string) {
    this.#lock = new RangeLock(path);
  }

  /**
   * `undefined` when another process or thread has it. This thread may have it several times.
   *
   * @throws an `Error` when the system refuses
   */
  tryAcquire({ row }: Address): Lease | undefined {
    return this.#tryAcquire(placeOf(row));
  }

  /** The right to make the cache smaller. @throws as {@link tryAcquire} */
  tryAcquireUpkeep(): Lease | undefined {
    return this.#tryAcquire(UPKEEP_PLACE);
  }

  #tryAcquire(place: number): Lease | undefined {
    const count = this.#held.get(place) ?? 0;
    if (count === 0 && !this.#lock.tryLock(2 * place)) return undefined;
    this.#held.set(place, count + 1);
    let isAsync = false;
    return {
      markAsync: () => {
        if (isAsync) return;
        isAsync = true;
        this.#asynchronous++;
        this.#lock.tryLock(2 * place + 1);
      },
      release: () => {
        if (isAsync) this.#asynchronous--;
        this.#release(place);
      },
    };
  }

  #release(place: number): void {
    const count = (this.#held.get(place) ?? 0) - 1;
    if (count > 0) {
      this.#held.set(place, count);
      return;
    }
    this.#held.delete(place);
    this.#lock.unlock(2 * place + 1);
    this.#lock.unlock(2 * place);
  }

  /** Whether somebody else has it, and what is computed is a promise. */
  isAsyncElsewhere({ row }: Address): boolean {
    return this.#lock.isHeldByOthers(2 * placeOf(row) + 1);
  }

  /** Whether blocking this thread would keep others waiting for what it is about to compute. */
  get isOwedHere(): boolean {
    return this.#asynchronous > 0;
  }
}

/** One holder's share. */
export interface Lease {
  /** Tells those who wait that they will get a promise. */
  markAsync(): void;
  /** To be called once. */
  release(): void;
}

/** From the end of the row's key, which is a hash. */
function placeOf(row: Uint8Array): number {
  const view = new DataView(row.buffer, row.byteOffset + row.byteLength - 8, 8);
  return (view.getUint32(0) * 2 ** 19 + (view.getUint32(4) >>> 13)) % PLACES;
}
