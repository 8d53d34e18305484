/** What a cache does, for whoever wants to know: a callback, and Node's `diagnostics_channel`. */
import { channel } from "node:diagnostics_channel";
import { messageOf } from "../errors.ts";
import type { EvictionReason } from "../store/eviction.ts";
import { warnOnce } from "./warning.ts";

/** Why a call had to be computed. */
export type MissReason = "absent" | "incomplete" | "expired" | "rejected" | "unreadable";

/** Why a call is computed although another process or thread computes it. */
export type DuplicateReason = "waited" | "owing";

/**
 * What became of one call: `id` is the function's, `key` the call's, 32 hexadecimal digits. A `wait`
 * is for another process or thread, which computes the result. A hit follows; or a miss, and before
 * it `takeover` when the other one has ended without storing anything, having died, thrown or decided
 * so, and `duplicate` when it goes on and the work is done twice: `waitMs` are over (`waited`), or
 * somebody may be waiting for what the thread owes, which must not block then (`owing`). `savedMs`
 * and `durationMs` are what computing the result took; a result is `declined` by `shouldCache`, and
 * else unstored because it could not be stored. What is removed to keep the cache within its limits
 * is told as `evict`, by the process that removes it; `bytes` is what it took on disk. A result that
 * turns out damaged is told as `damage`, and then computed again as if it had never been there. A
 * result that the shared tier had is told as `fetch` when it is stored here, `bytes` of it, and then
 * as a hit; a `wait` may be for another machine.
 */
export type CacheEvent = { readonly id: string; readonly key: string } & (
  | { readonly type: "hit"; readonly savedMs: number }
  | { readonly type: "fetch"; readonly bytes: number }
  | { readonly type: "wait" }
  | { readonly type: "takeover" }
  | { readonly type: "duplicate"; readonly reason: DuplicateReason }
  | { readonly type: "miss"; readonly reason: MissReason }
  | { readonly type: "store"; readonly durationMs: number }
  | { readonly type: "unstored"; readonly declined: boolean }
  | { readonly type: "invalidate" }
  | { readonly type: "damage"; readonly reason: string }
  | { readonly type: "evict"; readonly reason: EvictionReason; readonly bytes: number }
);

/** Every event of every cache of the process is published on this channel. */
const EVENT_CHANNEL = "bloscache:event";

const published = channel(EVENT_CHANNEL);

export class Events {
  readonly #listeners: readonly ((event: CacheEvent) => void)[];

  constructor(listeners: readonly ((event: CacheEvent) => void)[]) {
    this.#listeners = listeners;
  }

  /** Whether anybody listens: an event that nobody hears need not be made. */
  get isHeard(): boolean {
    return this.#listeners.length > 0 || published.hasSubscribers;
  }

  /** A listener that throws does not harm the call. */
  emit(event: CacheEvent): void {
    for (const listener of this.#listeners) {
      try {
        const returned: unknown = listener(event);
        if (returned instanceof Promise) returned.catch((error) => warnOfListener(event, error));
      } catch (error) {
        warnOfListener(event, error);
      }
    }
    if (published.hasSubscribers) published.publish(event);
  }
}

function warnOfListener({ id }: CacheEvent, error: unknown): void {
  warnOnce(id, "LISTENER_FAILED", `A listener of events threw: ${messageOf(error)}`);
}
