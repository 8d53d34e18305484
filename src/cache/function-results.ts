/** The stored results of one memoized function: which are its own, which may be used, what became of them. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Replaces } from "../tier/shared-tier.ts";
import { CallAddress, rowPrefix } from "./address.ts";
import type { Call, InVain, Made, Miss, Notes } from "./call.ts";
import { type CallSummary, summarize } from "./call-summary.ts";
import { areFixed, isUnchanged } from "./changed-arguments.ts";
import type { EntryInfo } from "./entry-info.ts";
import type { CacheEvent, Events, MissReason } from "./events.ts";
import type { Evictions } from "./evictions.ts";
import { type Explanation, explainAbsent, explainEvicted, explainStored } from "./explain.ts";
import type { Staleness } from "./freshness.ts";
import type { FunctionIdentity } from "./identity.ts";
import { callKey } from "./key.ts";
import type { Policy } from "./policy.ts";
import type { Computed } from "./result-draft.ts";
import type { Hit, Results } from "./results.ts";
import type { SharedResults, Wish } from "./shared-results.ts";
import { Counters } from "./stats.ts";
import { warnOnce } from "./warning.ts";

/** What the functions of a cache share of it. */
export interface Keeping {
  /** `undefined` when the cache is disabled. */
  readonly results: Results | undefined;
  readonly events: Events;
  /** By function id; of functions that are gone as well. */
  readonly counters: Map<string, Counters>;
  readonly evictions: Evictions;
  /** What other machines have; `undefined` without a shared tier. */
  readonly shared: SharedResults | undefined;
}

/** An event without what tells whose it is. */
type OwnEvent = CacheEvent extends infer E
  ? E extends unknown
    ? Omit<E, "id" | "key">
    : never
  : never;

const UNSTORED = { type: "unstored", declined: false } as const;

export class FunctionResults {
  /** Those of the function's id: it may be memoized more than once. */
  counters: Counters = new Counters();
  readonly #keeping: Keeping;
  readonly #policy: Policy;
  #identity: FunctionIdentity | undefined;
  #prefix: Uint8Array | undefined;

  constructor(keeping: Keeping, policy: Policy) {
    this.#keeping = keeping;
    this.#policy = policy;
  }

  identify(self: unknown): FunctionIdentity {
    if (this.#identity === undefined) {
      this.#identity = this.#policy.identify(self);
      const { counters } = this.#keeping;
      this.counters = counters.get(this.#identity.id) ?? this.counters;
      counters.set(this.#identity.id, this.counters);
    }
    return this.#identity;
  }

  /** @throws {KeyError} for an argument that cannot be hashed */
  addressOf(call: Pick<Call, "self" | "args">): Address {
    return this.#addressUnder(this.identify(call.self), call);
  }

  /** Whether the arguments make the same key as when the call began. */
  isUnchanged(address: Address, call: Call): boolean {
    const { counting, receiver } = this.#policy;
    // What the options make of them, and of the receiver, may be another.
    const isFixed = counting.mark === "" && areFixed(call.args);
    if (isFixed && receiver(call.self) === undefined) return true;
    return isUnchanged(address, () => this.addressOf(call));
  }

  #addressUnder(identity: FunctionIdentity, { self, args }: Pick<Call, "self" | "args">): Address {
    const counting = this.#policy.counting.of(args);
    const key = callKey(identity, counting, this.#policy.receiver(self));
    return new CallAddress(this.#prefixOf(self), key, identity);
  }

  /** What the keys of the function's rows begin with. */
  #prefixOf(self: unknown): Uint8Array {
    this.#prefix ??= rowPrefix(this.identify(self));
    return this.#prefix;
  }

  notesOf(call: Call, replaces: Replaces = "nothing"): Notes {
    return { summary: this.#summaryOf(call), tags: this.#tagsOf(call), replaces };
  }

  /** The arguments that count, in brief. Nothing depends on it, so nothing fails for it. */
  #summaryOf({ args }: Call): CallSummary {
    try {
      return summarize(this.#policy.counting.of(args));
    } catch {
      return [];
    }
  }

  #tagsOf({ self, args }: Call): readonly string[] | undefined {
    try {
      return this.#policy.tags(args);
    } catch (error) {
      const { id } = this.identify(self);
      const message = `Tags of "${id}" cannot be told: ${messageOf(error)}. Results are not cached.`;
      warnOnce(id, "TAGS_FAILED", message);
      return undefined;
    }
  }

  /** The row of a stored result that this call may use, or why there is none. */
  lookUp(address: Address, call: Call): Entry | Miss {
    const entry = this.#keeping.results?.find(address);
    if (entry === undefined) return { reason: "absent", seen: undefined };
    const reason = this.#staleness(address, entry, call);
    return reason === undefined ? entry : { reason, seen: entry };
  }

  /** The row of a stored result that this call may use. */
  peekAt(address: Address, call: Call): Entry | undefined {
    const found = this.lookUp(address, call);
    return "reason" in found ? undefined : found;
  }

  /** The row of a result that is too old, but may be given once more while a new one is computed. */
  servable(address: Address, call: Call): Entry | undefined {
    const { freshness } = this.#policy;
    if (!freshness.hasGrace) return undefined;
    const entry = this.#keeping.results?.find(address);
    if (entry === undefined || !freshness.isInGrace(entry, call.maxAgeMs)) return undefined;
    return freshness.accepts(this.#infoOf(address, entry)) ? entry : undefined;
  }

  /** What this call asks of the shared tier. */
  wishOf(address: Address, call: Call, waitMs: number): Wish {
    return {
      waitMs,
      isPinned: this.#policy.isPinned,
      isFresh: (entry) => this.#staleness(address, entry, call) === undefined,
      onWait: () => this.waits(address, call.self),
      onFetch: (bytes) => this.#fetched(address, call.self, bytes),
    };
  }

  #fetched(address: Address, self: unknown, bytes: number): void {
    this.counters.fetched();
    this.#keeping.evictions.forget(address);
    this.#emit(address, self, { type: "fetch", bytes });
  }

  #staleness(address: Address, entry: Entry, { maxAgeMs }: Call): Staleness | undefined {
    return this.#policy.freshness.staleness(entry, this.#infoOf(address, entry), maxAgeMs);
  }

  #infoOf(address: Address, entry: Entry): () => EntryInfo {
    return () => this.#keeping.results?.infoOf(address, entry) as EntryInfo;
  }

  /** Counts a result that was read, and gives its value. @throws a result that was thrown */
  hit(address: Address, entry: Entry, { value }: Hit): unknown {
    const { durationMs: savedMs, functionVersion } = entry;
    this.#watchCode(functionVersion);
    this.counters.hit(savedMs);
    this.#emit(address, undefined, { type: "hit", savedMs });
    if (entry.threw) throw value;
    return value;
  }

  /** With `code: "warn"` the row tells which source made the result. */
  #watchCode(functionVersion: string): void {
    const { id, recorded } = this.#identity as FunctionIdentity;
    if (recorded === undefined || functionVersion === recorded) return;
    const message = `The code of "${id}" has changed since some of its results were stored; they are used all the same.`;
    warnOnce(id, "CODE_CHANGED", message);
  }

  /** Notes that a call waits for somebody else, who computes its result. */
  waits(address: Address, self: unknown): void {
    this.#emit(address, self, { type: "wait" });
  }

  /** @param inVain why the call is computed although it waited for somebody else */
  missed(address: Address, self: unknown, reason: MissReason, inVain?: InVain): void {
    if (inVain === "takeover") {
      this.counters.takenOver();
      this.#emit(address, self, { type: "takeover" });
    } else if (inVain !== undefined) {
      this.#emit(address, self, { type: "duplicate", reason: inVain });
    }
    this.counters.miss(reason);
    this.#emit(address, self, { type: "miss", reason });
  }

  /** Stores what a synchronous function has given: whether it is stored now. */
  putSync(address: Address, self: unknown, made: Made): boolean {
    const computed = this.#computed(made, false);
    const stored =
      computed && this.#keeping.results?.writeSync(address, this.identify(self), computed);
    return this.#note(address, self, made, stored === true);
  }

  /** {@link putSync} off the main thread, for a function that gives promises. */
  async put(address: Address, self: unknown, made: Made): Promise<boolean> {
    const computed = this.#computed(made, true);
    const stored =
      computed && (await this.#keeping.results?.write(address, this.identify(self), computed));
    return this.#note(address, self, made, stored === true);
  }

  /** `undefined` for what is not to be stored: nobody could forget it by its tags. */
  #computed({ notes, result, threw, durationMs }: Made, isAsync: boolean): Computed | undefined {
    const { tags, summary } = notes;
    const { packing, isPinned } = this.#policy;
    return tags && { result, threw, durationMs, tags, summary, isAsync, isPinned, packing };
  }

  #note(address: Address, self: unknown, made: Made, stored: boolean): boolean {
    const { durationMs, notes, threw } = made;
    if (stored) {
      this.counters.stored();
      this.#keeping.evictions.forget(address);
      // A failure is of this machine.
      if (!threw) this.#keeping.shared?.publish(address, notes.replaces);
    }
    this.#emit(address, self, stored ? { type: "store", durationMs } : UNSTORED);
    return stored;
  }

  /** Counts what a generator has yielded, and whether it is stored. */
  noteYields(address: Address, self: unknown, isStored: boolean, durationMs: number): void {
    this.counters.computed(durationMs);
    if (isStored) this.counters.stored();
    const outcome = isStored ? { type: "store" as const, durationMs } : UNSTORED;
    this.#emit(address, self, outcome);
  }

  /** Whether the user does not want this result to be stored. */
  isDeclined(address: Address, call: Call, made: Made): boolean {
    return made.threw
      ? !this.#keepsError(address, call, made)
      : this.#declinesValue(address, call, made);
  }

  /** Errors take the place of no result that may be given once more. */
  #keepsError(address: Address, call: Call, { result }: Made): boolean {
    try {
      if (!this.#policy.freshness.keepsError(result)) return false;
      const entry = this.peekAt(address, call) ?? this.servable(address, call);
      return entry === undefined || entry.threw;
    } catch (error) {
      const { id } = this.identify(call.self);
      const message = `cacheErrors of "${id}" failed: ${messageOf(error)}. Errors are not cached.`;
      warnOnce(id, "CACHE_ERRORS_FAILED", message);
      return false;
    }
  }

  #declinesValue(address: Address, { self }: Call, { result, durationMs }: Made): boolean {
    try {
      if (this.#policy.shouldCache?.(result as never, { durationMs }) !== false) return false;
    } catch (error) {
      // The result is there, and is the caller's whatever else is wrong.
      const { id } = this.identify(self);
      const message = `shouldCache of "${id}" failed: ${messageOf(error)}. Results are not cached.`;
      warnOnce(id, "SHOULD_CACHE_FAILED", message);
    }
    this.#emit(address, self, { type: "unstored", declined: true });
    return true;
  }

  /** Forgets a result; whether it was there. */
  delete(address: Address, self: unknown): boolean {
    const wasThere = this.#keeping.results?.delete(address) === true;
    // Else the next call would bring it back.
    this.#keeping.shared?.remove(address);
    if (wasThere) this.#emit(address, self, { type: "invalidate" });
    return wasThere;
  }

  /** Keeps a stored result from being removed, or no longer; whether that is so now. */
  pin(address: Address, isPinned: boolean): boolean {
    return this.#keeping.results?.sizes.pin(address, isPinned) ?? false;
  }

  /** Forgets all results, in all versions of the function: how many. */
  clear(self: unknown): number {
    return this.#keeping.results?.clear(this.#prefixOf(self)) ?? 0;
  }

  /** What is known of a stored result, stale ones too. */
  info(address: Address): EntryInfo | undefined {
    const { results } = this.#keeping;
    const entry = results?.find(address);
    return entry && results?.infoOf(address, entry);
  }

  /** Why this call has to be computed, or need not be. */
  explain(call: Call): Explanation {
    const address = this.addressOf(call);
    const { results } = this.#keeping;
    const entry = results?.find(address);
    if (results !== undefined && entry !== undefined) {
      const staleness = this.#staleness(address, entry, call);
      const gone = results.missingFiles(address, entry);
      return explainStored(results.infoOf(address, entry), staleness, gone);
    }
    const identity = this.identify(call.self);
    if (this.#keeping.evictions.has(address)) return explainEvicted(address.name);
    return explainAbsent({
      key: address.name,
      identity,
      summary: this.#summaryOf(call),
      stored: Array.from(results?.entries(this.#prefixOf(call.self)) ?? []),
      keyIn: (version) => this.#addressUnder({ ...identity, version }, call).name,
    });
  }

  #emit(address: Address, self: unknown, event: OwnEvent): void {
    const { events } = this.#keeping;
    if (!events.isHeard) return;
    events.emit({ id: this.identify(self).id, key: address.name, ...event } as CacheEvent);
  }
}
