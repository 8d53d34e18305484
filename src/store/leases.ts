/**
 * Who computes which result: of all processes and threads of the machine, one at a time. A lease is
 * a lock on one byte of a file, at a place that the result's key gives. The system holds it, so that
 * nothing has to be cleaned up after whoever is killed, and nobody has to judge by clocks and pids
 * whether a holder is still there.
 */
import fs from "node:fs";
import { join } from "node:path";
import { RangeLock } from "../blosc/range-lock.ts";
import type { Address } from "./address.ts";

/**
 * Files among which the places are divided: the system keeps the locks of a file in a list, which
 * each call goes through, and a thread may hold thousands at once.
 */
const FILES = 64;

/** Places in each file: two bytes for each, and offsets are below 2^53. */
const PLACES = 2 ** 51;

/** Of this thread, by folder: whoever opens the files a second time is somebody else. */
const opened = new Map<string, Leases>();
/** Behind those of the results. */
const UPKEEP: Place = { file: 0, place: PLACES };

export class Leases {
  readonly #folder: string;
  readonly #inode: bigint;
  readonly #files: (RangeLock | undefined)[] = [];
  /** Holders of this thread, by file and place: the system does not tell them apart. */
  readonly #held = Array.from({ length: FILES }, () => new Map<number, Held>());
  /** Leases of this thread whose computation needs its event loop. */
  #asynchronous = 0;

  /**
   * Those of a cache. When its folder was deleted and made anew, the old ones are worth nothing.
   *
   * @param folder made if it is not there
   * @throws the system's error
   */
  static of(folder: string): Leases {
    const known = opened.get(folder);
    const inode = inodeOf(folder);
    if (known !== undefined && known.#inode === inode) return known;
    if (known !== undefined) known.#close();
    if (inode === undefined) fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const leases = new Leases(folder, inodeOf(folder) ?? 0n);
    opened.set(folder, leases);
    return leases;
  }

  private constructor(folder: string, inode: bigint) {
    this.#folder = folder;
    this.#inode = inode;
  }

  /**
   * `undefined` when another process or thread has it. This thread may have it several times.
   *
   * @throws an `Error` when the system refuses
   */
  tryAcquire(address: Address): Lease | undefined {
    return this.#tryAcquire(placeOf(address));
  }

  /** {@link tryAcquire} for what this thread must not do twice at once either: `undefined` then too. */
  tryAcquireAlone(address: Address): Lease | undefined {
    const at = placeOf(address);
    return this.#heldIn(at).has(at.place) ? undefined : this.#tryAcquire(at);
  }

  /** The right to make the cache smaller. @throws as {@link tryAcquire} */
  tryAcquireUpkeep(): Lease | undefined {
    return this.#tryAcquire(UPKEEP);
  }

  #tryAcquire(at: Place): Lease | undefined {
    const known = this.#heldIn(at).get(at.place);
    if (known === undefined && !this.#file(at).tryLock(2 * at.place)) return undefined;
    const held = known ?? { holders: 0, saysAsync: false };
    held.holders++;
    if (known === undefined) this.#heldIn(at).set(at.place, held);
    return new Leases.#Share(this, at, held);
  }

  /** One holder's share of a lease of this thread. */
  static readonly #Share = class implements Lease {
    readonly #leases: Leases;
    readonly #at: Place;
    readonly #held: Held;
    #isAsync = false;

    constructor(leases: Leases, at: Place, held: Held) {
      this.#leases = leases;
      this.#at = at;
      this.#held = held;
    }

    markAsync(isKnown: boolean): void {
      if (this.#isAsync) return;
      this.#isAsync = true;
      this.#leases.#asynchronous++;
      if (!isKnown) this.#held.saysAsync = this.#leases.#tryMark(this.#at);
    }

    release(): void {
      if (this.#isAsync) this.#leases.#asynchronous--;
      this.#held.holders--;
      if (this.#held.holders === 0) this.#leases.#unlock(this.#at, this.#held);
    }
  };

  /** Who is not told waits as for any other result. */
  #tryMark(at: Place): boolean {
    try {
      return this.#file(at).tryLock(2 * at.place + 1);
    } catch {
      return false;
    }
  }

  #unlock(at: Place, { saysAsync }: Held): void {
    this.#heldIn(at).delete(at.place);
    // Closed when the cache was deleted meanwhile.
    const file = this.#files[at.file];
    try {
      if (saysAsync) file?.unlock(2 * at.place + 1);
      file?.unlock(2 * at.place);
    } catch {
      // A lock that stays would keep others waiting. This costs the other leases in the file: what
      // they are for may be done twice.
      file?.close();
      this.#files[at.file] = undefined;
    }
  }

  /** Whether somebody else has it, and what is computed is a promise. */
  isAsyncElsewhere(address: Address): boolean {
    const at = placeOf(address);
    return this.#file(at).isHeldByOthers(2 * at.place + 1);
  }

  /** Whether blocking this thread would keep others waiting for what it is about to compute. */
  get isOwedHere(): boolean {
    return this.#asynchronous > 0;
  }

  #heldIn({ file }: Place): Map<number, Held> {
    return this.#held[file] as Map<number, Held>;
  }

  #file({ file }: Place): RangeLock {
    this.#files[file] ??= new RangeLock(join(this.#folder, file.toString(16)));
    return this.#files[file];
  }

  #close(): void {
    for (const file of this.#files) file?.close();
    this.#files.length = 0;
  }
}

/** One holder's share. */
export interface Lease {
  /**
   * Tells those who wait that they will get a promise.
   *
   * @param isKnown whether they know that of the function
   */
  markAsync(isKnown: boolean): void;
  /** To be called once. */
  release(): void;
}

/** A lease of this thread. */
interface Held {
  holders: number;
  /** Whether the second byte is locked. */
  saysAsync: boolean;
}

/** Where no lease can be had: everybody may do what is for one at a time, and it is done twice then. */
export const NO_LEASE: Lease = { markAsync() {}, release() {} };

interface Place {
  readonly file: number;
  /** Two results that share one wait for each other in vain: of a million, with odds of 1 to 300,000. */
  readonly place: number;
}

/** From the end of the row's key, which is a hash. */
function placeOf({ row }: Address): Place {
  const view = new DataView(row.buffer, row.byteOffset + row.byteLength - 8, 8);
  const [high, low] = [view.getUint32(0), view.getUint32(4)];
  const place = (high * 2 ** 19 + (low >>> 13)) % PLACES;
  const file = low % FILES;
  return { file, place };
}

function inodeOf(folder: string): bigint | undefined {
  return fs.statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino;
}
