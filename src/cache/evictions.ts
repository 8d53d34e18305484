/** Results that this process has removed to keep the cache within its limits. */
import type { Address } from "../store/address.ts";
import type { Evicted } from "../store/eviction.ts";
import { keyOfRow } from "./address.ts";
import type { Events } from "./events.ts";
import { Counters } from "./stats.ts";

/** Keys that are remembered, the latest ones. */
const MOST = 10_000;

export class Evictions {
  readonly #events: Events;
  /** By function id. */
  readonly #counters: Map<string, Counters>;
  readonly #keys = new Set<string>();
  /** Goes on where it was: one that begins anew passes over thousands that are deleted. */
  readonly #oldest = this.#keys.keys();

  constructor(events: Events, counters: Map<string, Counters>) {
    this.#events = events;
    this.#counters = counters;
  }

  readonly note = ({ row, functionId: id, bytes, reason }: Evicted): void => {
    let counters = this.#counters.get(id);
    if (counters === undefined) {
      counters = new Counters();
      this.#counters.set(id, counters);
    }
    counters.evicted();
    const key = keyOfRow(row);
    if (this.#keys.size === MOST) this.#keys.delete(this.#oldest.next().value as string);
    this.#keys.add(key);
    if (this.#events.isHeard) this.#events.emit({ type: "evict", id, key, reason, bytes });
  };

  /** Whether it is known of a result that it was removed. */
  has(address: Address): boolean {
    return this.#keys.size > 0 && this.#keys.has(address.name);
  }

  /** The result was stored anew. */
  forget(address: Address): void {
    if (this.#keys.size > 0) this.#keys.delete(address.name);
  }
}
