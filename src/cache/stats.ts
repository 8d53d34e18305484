/** Counts of what a memoized function did in this process. */
import type { MissReason } from "./events.ts";

export interface FunctionStats {
  readonly hits: number;
  readonly misses: { readonly [reason in MissReason]: number };
  /** Results that were stored. */
  readonly stores: number;
  /** Results that this process removed to keep the cache within its limits. */
  readonly evictions: number;
  /** Time that computing took, ms. */
  readonly computedMs: number;
  /** Time that computing the hits had taken once, ms. */
  readonly savedMs: number;
}

export class Counters {
  #hits = 0;
  #savedMs = 0;
  #stores = 0;
  #evictions = 0;
  #computedMs = 0;
  readonly #misses = noMisses();

  hit(savedMs: number): void {
    this.#hits++;
    this.#savedMs += savedMs;
  }

  miss(reason: MissReason): void {
    this.#misses[reason]++;
  }

  computed(durationMs: number): void {
    this.#computedMs += durationMs;
  }

  stored(): void {
    this.#stores++;
  }

  evicted(): void {
    this.#evictions++;
  }

  read(): FunctionStats {
    return {
      hits: this.#hits,
      misses: { ...this.#misses },
      stores: this.#stores,
      evictions: this.#evictions,
      computedMs: this.#computedMs,
      savedMs: this.#savedMs,
    };
  }
}

function noMisses(): { [reason in MissReason]: number } {
  return { absent: 0, incomplete: 0, expired: 0, rejected: 0, unreadable: 0 };
}

/** The sums of all fields. */
export function sumStats(all: Iterable<FunctionStats>): FunctionStats {
  const sum = { hits: 0, misses: noMisses(), stores: 0, evictions: 0, computedMs: 0, savedMs: 0 };
  for (const one of all) {
    for (const field of ["hits", "stores", "evictions", "computedMs", "savedMs"] as const) {
      sum[field] += one[field];
    }
    for (const reason of Object.keys(sum.misses) as MissReason[]) {
      sum.misses[reason] += one.misses[reason];
    }
  }
  return sum;
}
