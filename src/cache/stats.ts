/** Counts of what a memoized function did in this process. */
import type { MissReason } from "./events.ts";

export interface FunctionStats {
  readonly hits: number;
  readonly misses: { readonly [reason in MissReason]: number };
  /** Misses after waiting for another process or thread that ended without storing anything. */
  readonly takeovers: number;
  /** Results that the shared tier had, and that are stored here now. */
  readonly fetches: number;
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
  #takeovers = 0;
  #fetches = 0;
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

  takenOver(): void {
    this.#takeovers++;
  }

  computed(durationMs: number): void {
    this.#computedMs += durationMs;
  }

  fetched(): void {
    this.#fetches++;
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
      takeovers: this.#takeovers,
      fetches: this.#fetches,
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

const SUMS = [
  "hits",
  "takeovers",
  "fetches",
  "stores",
  "evictions",
  "computedMs",
  "savedMs",
] as const;

/** The sums of all fields. */
export function sumStats(all: Iterable<FunctionStats>): FunctionStats {
  const none = {
    hits: 0,
    takeovers: 0,
    fetches: 0,
    stores: 0,
    evictions: 0,
    computedMs: 0,
    savedMs: 0,
  };
  const sum = { ...none, misses: noMisses() };
  for (const one of all) {
    for (const field of SUMS) sum[field] += one[field];
    for (const reason of Object.keys(sum.misses) as MissReason[]) {
      sum.misses[reason] += one.misses[reason];
    }
  }
  return sum;
}
