/**
 * Who computes which result: of all machines that share a bucket, one at a time.
 *
 * A lease is a small object that says who holds it. It is created if it is absent, and from then on
 * replaced only where it is still the one that was seen, so that of several who want it one gets it.
 * Whose put is not answered reads who holds it: a lost answer, and a put that was sent twice and
 * then refused, are told from a defeat by the owner. It is never deleted by a holder, for there are
 * stores that delete whatever the condition says; who gives it back puts it as released.
 *
 * A holder that has died stops renewing it. When it is over is told by its age by the store's clock
 * alone, and the holder knows by a clock that nobody sets when it may be.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { StoreError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";
import {
  encodeLease,
  heldForMs,
  type LeaseRecord,
  MAX_TTL_MS,
  readLease,
  type StoredLease,
} from "./lease-record.ts";

export const DEFAULT_TTL_MS = 30_000;

/** Less would be lost to a few slow requests, and to stores that count in seconds. */
const MIN_TTL_MS = 5_000;

/** How often to try where answers are lost, or a lease is gone when it is looked at. */
const ATTEMPTS = 5;

/** Before a second try, at most, ms. */
const PAUSE_MS = 100;

/** What a user may ask for. @throws {RangeError} when it is too short to be kept */
export function checkTtl(ttlMs: number): number {
  if (Number.isSafeInteger(ttlMs) && ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS) return ttlMs;
  throw new RangeError(
    `Option leaseMs must be whole milliseconds, at least ${MIN_TTL_MS} and at most ${MAX_TTL_MS}: got ${String(ttlMs)}`,
  );
}

/**
 * Somebody else has it, and has so for so long if it is never renewed again; 0 when it went from one
 * to the next faster than it could be had.
 */
export interface HeldLease {
  readonly heldForMs: number;
}

export class TierLeases {
  readonly #bucket: Bucket;
  readonly #ttlMs: number;

  /** REQUIRES: a bucket whose conditions are atomic. @param options.ttlMs see {@link checkTtl} */
  constructor(bucket: Bucket, { ttlMs = DEFAULT_TTL_MS }: { readonly ttlMs?: number } = {}) {
    this.#bucket = bucket;
    this.#ttlMs = ttlMs;
  }

  /**
   * @param name of its object
   * @param wasHeld whether somebody had it a moment ago: a look takes one request then, and not two
   * @returns the lease, which renews itself until it is released or lost
   * @throws {StoreError} when the store does not tell who has it
   */
  async tryAcquire(
    name: string,
    signal?: AbortSignal,
    wasHeld = false,
  ): Promise<TierLease | HeldLease> {
    signal?.throwIfAborted();
    const acquiring = this.#tryAcquire(name, wasHeld);
    if (signal === undefined) return acquiring;
    return new Promise((resolve, reject) => {
      // A put that is under way is not called back: it is waited for, and the lease given back.
      const leave = () => {
        reject(signal.reason);
        acquiring.then((answer) => (answer as Partial<TierLease>).release?.()).catch(nobodyWaits);
      };
      signal.addEventListener("abort", leave, { once: true });
      const done = () => signal.removeEventListener("abort", leave);
      acquiring.then(resolve, reject).finally(done);
    });
  }

  async #tryAcquire(name: string, wasHeld: boolean): Promise<TierLease | HeldLease> {
    const owner = randomUUID();
    let found = wasHeld ? await readLease(this.#bucket, name, this.#ttlMs) : undefined;
    const heldMs = found === undefined ? 0 : heldForMs(found);
    if (heldMs > 0) return { heldForMs: heldMs };
    const sinceMs = performance.now();
    let cause: unknown;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const last = found;
      const put = await this.#tryPut(name, this.#next(last, owner), last);
      cause = put.cause;
      found = put.found;
      if (found?.record.owner === owner) {
        const takenOver = last?.record.state === "held";
        return new TierLease(this.#bucket, { name, ...found, sinceMs, takenOver });
      }
      const leftMs = found && heldForMs(found);
      if (leftMs) return { heldForMs: leftMs };
      const isOver = found !== undefined && cause === undefined;
      if (!isOver) await pause(PAUSE_MS * Math.random() * attempt);
    }
    if (cause !== undefined) throw this.#failure(name, cause);
    return { heldForMs: 0 };
  }

  /** What is there after a put in the place of `last`, and why that may be what was there before. */
  async #tryPut(
    name: string,
    record: LeaseRecord,
    last: StoredLease | undefined,
  ): Promise<{ found: StoredLease | undefined; cause?: unknown }> {
    const condition = last === undefined ? "absent" : { etag: last.etag };
    const put = await this.#bucket.put(name, encodeLease(record), { condition });
    if (put.outcome === "written") return { found: { record, etag: put.etag, ageMs: 0 } };
    if (put.outcome === "unsupported") {
      throw this.#failure(name, new Error("the store has no conditions"));
    }
    const found = await readLease(this.#bucket, name, this.#ttlMs);
    return put.outcome === "unknown" ? { found, cause: put.cause } : { found };
  }

  /** What takes the place of a lease that is over, or of none. */
  #next(found: StoredLease | undefined, owner: string): LeaseRecord {
    const fence = (found?.record.fence ?? 0) + 1;
    return { owner, fence, renewal: 0, ttlMs: this.#ttlMs, state: "held" };
  }

  #failure(name: string, cause: unknown): StoreError {
    return cause instanceof StoreError
      ? cause
      : new StoreError("acquire", this.#bucket.url + name, cause);
  }
}

/** Whoever wanted to know has left. */
function nobodyWaits(): void {}

/** What is known of a lease when it is acquired. */
interface Acquired {
  readonly name: string;
  readonly record: LeaseRecord;
  readonly etag: string;
  /** Before it was put, by `performance.now()`. */
  readonly sinceMs: number;
  readonly takenOver: boolean;
}

/** The lease of a result, which is renewed from time to time. It keeps no process running. */
export class TierLease {
  readonly name: string;
  /** Whether its last holder has let it expire: it may have died. */
  readonly takenOver: boolean;
  readonly #bucket: Bucket;
  #record: LeaseRecord;
  #etag: string;
  #sinceMs: number;
  #isTaken = false;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;
  #renewing: Promise<void> = Promise.resolve();

  constructor(bucket: Bucket, { name, record, etag, sinceMs, takenOver }: Acquired) {
    this.name = name;
    this.takenOver = takenOver;
    this.#bucket = bucket;
    this.#record = record;
    this.#etag = etag;
    this.#sinceMs = sinceMs;
    this.#schedule(record.ttlMs / 3);
  }

  /** Grows from holder to holder, for as long as the lease's object is not removed. */
  get fence(): number {
    return this.#record.fence;
  }

  /** Whether somebody else has it, or may have: it could not be renewed in time. */
  get isLost(): boolean {
    return this.#isTaken || performance.now() - this.#sinceMs >= this.#record.ttlMs;
  }

  /** Lets the next one have it at once. Never rejects: at the worst it is over when its time is. */
  async release(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#renewing;
    for (let attempt = 0; attempt < 2 && !this.isLost; attempt++) {
      if (await this.#tryPut("released")) return;
    }
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#renewing = this.#renew();
    }, afterMs);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    const isRenewed = await this.#tryPut("held");
    if (this.#isTaken || this.#isOver) return;
    this.#schedule(this.#record.ttlMs / (isRenewed ? 3 : 10));
  }

  /** Whether it is now so; when not, somebody else may have it, or the store does not say. */
  async #tryPut(state: LeaseRecord["state"]): Promise<boolean> {
    const { ttlMs, owner } = this.#record;
    const sinceMs = performance.now();
    // Each one is another, also than those that were sent and of which no more was heard.
    const record = { ...this.#record, renewal: this.#record.renewal + 1, state };
    this.#record = { ...this.#record, renewal: record.renewal };
    const signal = AbortSignal.timeout(ttlMs / 2);
    try {
      const condition = { etag: this.#etag };
      const put = await this.#bucket.put(this.name, encodeLease(record), { condition, signal });
      if (put.outcome === "written") {
        this.#etag = put.etag;
      } else {
        const found = await readLease(this.#bucket, this.name, ttlMs, signal);
        this.#isTaken = found?.record.owner !== owner;
        this.#etag = found?.etag ?? this.#etag;
        if (found?.record.renewal !== record.renewal || this.#isTaken) return false;
      }
      this.#sinceMs = sinceMs;
      return true;
    } catch {
      return false;
    }
  }
}
