/**
 * Series of other machines, for a caller who must not be harmed: what others have committed to the
 * shared tier is stored here and continued, and what is committed here is sent, now and then.
 *
 * REQUIRES: who asks for a series has its lock on this machine.
 */
import type { Address } from "../store/address.ts";
import { lengthOf } from "../store/series-row.ts";
import type { NewSeries } from "../store/series-store.ts";
import type { SeriesWriter } from "../store/series-writer.ts";
import type { FoundSeries, TierLease } from "../tier/shared-tier.ts";
import type { FunctionIdentity } from "./identity.ts";
import { asksForLease, type Looking, pause, pauseBefore } from "./looking.ts";
import type { SeriesResults } from "./series-results.ts";
import type { SharedResults } from "./shared-results.ts";

/** What a call asks for. */
export interface SeriesWish {
  readonly address: Address;
  readonly identity: FunctionIdentity;
  readonly series: NewSeries;
  /** Number of the item that is missing here. */
  readonly at: number;
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
  /** Told when another machine extends the series, and the call waits for it. */
  readonly onWait: () => void;
  /** Told when plain bytes are stored here that others have computed. */
  readonly onFetch: (bytes: number) => void;
}

/** The right to extend a series, and what becomes of it. */
export interface SeriesTurn {
  /** So many plain bytes are committed here. */
  committed(bytes: number): void;
  /** Nothing more is committed. */
  end(): void;
}

/** When so much was committed, or so long after the last time, it is sent. */
const SEND_BYTES = 8 * 1024 * 1024;
const SEND_MS = 10_000;

export class SharedSeries {
  readonly #shared: SharedResults;
  readonly #stored: SeriesResults;

  constructor(shared: SharedResults, stored: SeriesResults) {
    this.#shared = shared;
    this.#stored = stored;
  }

  /**
   * Brings the item that is missing here, with all that others have committed, or else the right to
   * compute it.
   *
   * @returns `"grown"` when it is in the cache now
   * @throws the reason of the signal, and nothing else
   */
  async bring(wish: SeriesWish): Promise<"grown" | SeriesTurn> {
    const end = performance.now() + wish.waitMs;
    const looking: Looking = { looks: 0, heldUntil: 0 };
    try {
      for (;;) {
        const outcome = await this.#attempt(wish, looking);
        if (outcome !== "held") return outcome;
        const leftMs = end - performance.now();
        if (leftMs <= 0) return this.#turn(wish, undefined);
        await pause(Math.min(leftMs, pauseBefore(looking)), wish.signal);
        looking.looks++;
      }
    } catch (error) {
      wish.signal?.throwIfAborted();
      this.#shared.warn(error);
      return this.#turn(wish, undefined);
    }
  }

  /** Looks what there is, and now and then whether it is anybody's to extend. */
  async #attempt(wish: SeriesWish, looking: Looking): Promise<"grown" | "held" | SeriesTurn> {
    const { address, signal } = wish;
    if (!(await this.#fetch(wish))) return this.#turn(wish, undefined);
    if (this.#isThere(wish)) return "grown";
    if (!asksForLease(looking)) return "held";
    const wasHeld = looking.heldUntil > 0;
    const lease = await this.#shared.attached().tryAcquire(address, signal, wasHeld);
    if (lease === "unavailable") return this.#turn(wish, undefined);
    if (!("heldForMs" in lease)) return this.#unlessGrown(wish, lease);
    looking.heldUntil = performance.now() + lease.heldForMs;
    if (looking.looks === 0) wish.onWait();
    return "held";
  }

  /** Who had the lease before may have sent more since the last look. */
  async #unlessGrown(wish: SeriesWish, lease: TierLease): Promise<"grown" | SeriesTurn> {
    const turn = this.#turn(wish, lease);
    // Nobody can have sent anything since.
    if (lease.fence === 1) return turn;
    try {
      await this.#fetch(wish);
    } catch (error) {
      if (wish.signal?.aborted === true) turn.end();
      wish.signal?.throwIfAborted();
      this.#shared.warn(error);
    }
    if (!this.#isThere(wish)) return turn;
    turn.end();
    return "grown";
  }

  #isThere({ address, at }: SeriesWish): boolean {
    return this.#stored.length(address) > at;
  }

  /** Stores what others have and this machine has not. @returns `false` when it cannot be stored */
  async #fetch(wish: SeriesWish): Promise<boolean> {
    const { address, identity, series, signal } = wish;
    const found = await this.#shared.attached().series.look(address, series, signal);
    if (found === undefined) return true;
    if ("refused" in found) {
      this.#shared.warnOfRefusal(address, found);
      return true;
    }
    const length = this.#stored.length(address);
    if (found.length <= length) return true;
    const writer = await this.#stored.write(address, identity, series);
    if (writer === undefined) return false;
    try {
      // Somebody may have forgotten it just now.
      return lengthOf(writer.row) === length && (await this.#takeOver(wish, found, writer));
    } finally {
      writer.close();
    }
  }

  async #takeOver(wish: SeriesWish, found: FoundSeries, writer: SeriesWriter): Promise<boolean> {
    const { address, identity, signal } = wish;
    // What it took is known of all items together.
    const durationMs = Math.max(0, found.durationMs - writer.row.durationMs);
    let bytes = 0;
    try {
      for await (const stretch of found.stretches(lengthOf(writer.row), signal)) {
        if ("refused" in stretch) {
          this.#shared.warnOfRefusal(address, stretch);
          return true;
        }
        const share = bytes === 0 ? durationMs : 0;
        const increment = { ...stretch, durationMs: share };
        if (!(await this.#stored.commit(writer, increment, identity))) return false;
        bytes += stretch.plain.byteLength;
      }
      return true;
    } finally {
      if (bytes > 0) wish.onFetch(bytes);
    }
  }

  #turn({ address }: SeriesWish, lease: TierLease | undefined): SeriesTurn {
    let unsent = 0;
    let sent = performance.now();
    const send = () => {
      unsent = 0;
      sent = performance.now();
      this.#shared.send(address, (tier) => tier.series.extend(address));
    };
    return {
      committed: (bytes) => {
        unsent += bytes;
        if (unsent >= SEND_BYTES || performance.now() - sent >= SEND_MS) send();
      },
      end: () => {
        if (unsent > 0) send();
        this.#shared.release(address, lease);
      },
    };
  }

  /** Has others forget a series, in the background. */
  remove(address: Address): void {
    this.#shared.send(address, (tier) => tier.series.remove(address));
  }
}
