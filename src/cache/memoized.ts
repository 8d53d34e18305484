/** One memoized function: looks its calls up, computes them, stores their results. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/array-store.ts";
import type { Entry } from "../store/entry.ts";
import { CallAddress, rowPrefix } from "./address.ts";
import type { CallArguments } from "./call-arguments.ts";
import { type CallSummary, summarize } from "./call-summary.ts";
import type { EntryInfo } from "./entry-info.ts";
import type { Events, MissReason } from "./events.ts";
import { type Explanation, explainAbsent, explainStored } from "./explain.ts";
import type { Flights, Landing } from "./flights.ts";
import type { Freshness } from "./freshness.ts";
import type { FunctionIdentity } from "./identity.ts";
import { callKey } from "./key.ts";
import type { packingOf } from "./packing.ts";
import type { Receiver } from "./receiver.ts";
import type { Hit, Results } from "./results.ts";
import { Shelved } from "./shelved.ts";
import { Counters } from "./stats.ts";
import { warnOnce } from "./warning.ts";

// biome-ignore lint/suspicious/noExplicitAny: a function of any signature, as TypeScript spells it
export type AnyFunction = (this: any, ...args: any[]) => any;

/** What all memoized functions of a cache share. */
export interface Shared {
  /** `undefined` when the cache is disabled: then every call is computed. */
  readonly results: Results | undefined;
  readonly flights: Flights;
  readonly events: Events;
  /** By function id; of functions that are gone as well. */
  readonly counters: Map<string, Counters>;
}

/** How one function is told from others, its calls from one another, and what is kept of them. */
export interface Policy {
  /** Asked once, at the first call: a method learns the name of its class from its first `this`. */
  readonly identify: (self: unknown) => FunctionIdentity;
  /** What stands for `this` in keys; `undefined` when it does not count. */
  readonly receiver: (self: unknown) => Receiver | undefined;
  readonly counting: CallArguments;
  readonly freshness: Freshness;
  readonly packing: ReturnType<typeof packingOf>;
  readonly shouldCache: ((result: never, call: { durationMs: number }) => boolean) | undefined;
}

/** One call: on what, with what, and how old its result may be. */
export interface Call {
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** Infinite where the call sets no limit. */
  readonly maxAgeMs: number;
}

/** A call whose function has returned a promise. */
interface Running {
  readonly call: Call;
  readonly address: Address;
  readonly summary: CallSummary;
  /** By the performance clock, ms. */
  readonly started: number;
}

const AsyncFunction = (async () => undefined).constructor;

export class Memoized {
  readonly fn: AnyFunction;
  /** Whether it is declared `async`; other functions may return promises as well. */
  readonly isAsync: boolean;
  readonly counters: Counters = new Counters();
  readonly #shared: Shared;
  readonly #policy: Policy;
  #identity: FunctionIdentity | undefined;
  #prefix: Uint8Array | undefined;

  constructor(fn: AnyFunction, shared: Shared, policy: Policy) {
    this.fn = fn;
    this.isAsync = fn instanceof AsyncFunction;
    this.#shared = shared;
    this.#policy = policy;
  }

  /**
   * Calls through the cache. A function declared `async` does all its work off the main thread;
   * any other is looked up at once, and if it turns out to return a promise, so does every hit.
   */
  call(call: Call): unknown {
    const { results, flights } = this.#shared;
    if (results === undefined) return this.compute(call);
    if (this.isAsync) return this.#callAsync(call, results);
    const address = this.addressOf(call);
    if (flights.of(address) !== undefined) return this.#replay(address, call, results);
    const entry = this.lookUp(address, call);
    if (entry?.isAsync === true) return this.#replay(address, call, results);
    const hit = entry && results.readSync(address, entry);
    if (hit !== undefined) return this.#hit(address, entry as Entry, hit);
    if (entry !== undefined) this.#miss(address, call.self, "unreadable");
    return this.#store(address, call);
  }

  /** What an `async` function throws is a rejection, a {@link KeyError} too. */
  async #callAsync(call: Call, results: Results): Promise<unknown> {
    const { flights } = this.#shared;
    const address = this.addressOf(call);
    // A miss starts the function before the first await, as a call of the function itself would,
    // which may read its arguments before the caller goes on and changes them.
    const entry = results.find(address);
    if (entry === undefined && flights.of(address) === undefined) {
      this.#miss(address, call.self, "absent");
      return this.#store(address, call);
    }
    const stale = entry && (await this.#revalidate(address, entry, call));
    return stale === undefined ? this.#replay(address, call, results) : stale.value;
  }

  /** An expired result, if it may be given once more; then a new one is being computed. */
  async #revalidate(address: Address, entry: Entry, call: Call): Promise<Hit | undefined> {
    const { results, flights } = this.#shared;
    const isStale = this.#staleness(address, entry, call) === "expired";
    if (!isStale || !this.#policy.freshness.isServable(entry, call.maxAgeMs)) return undefined;
    const reading = results?.read(address, entry);
    if (flights.of(address) === undefined) {
      this.#miss(address, call.self, "expired");
      // Nobody waits for it, so that nobody else would hear of a failure.
      Promise.resolve(this.#store(address, call)).catch((error: unknown) => {
        const { id } = this.identify(call.self);
        const message = `Computing "${id}" again failed: ${messageOf(error)}. The old result is used meanwhile.`;
        warnOnce(`${id} ${address.name}`, "REVALIDATION_FAILED", message);
      });
    }
    const hit = await reading;
    if (hit !== undefined) this.#hit(address, entry, hit);
    return hit;
  }

  /**
   * Waits for the computation under way, if there is one, and reads what is stored: every caller
   * gets a value of its own, which it may change. Only a value that was not stored is shared.
   */
  async #replay(address: Address, call: Call, results: Results): Promise<unknown> {
    const { flights } = this.#shared;
    for (;;) {
      const landing = await flights.of(address);
      if (landing?.stored === false) return landing.value;
      // What was computed while this call waited is as fresh as can be.
      const entry = landing === undefined ? this.lookUp(address, call) : results.find(address);
      const hit = entry && (await results.read(address, entry));
      if (hit !== undefined) return this.#hit(address, entry as Entry, hit);
      if (entry !== undefined) this.#miss(address, call.self, "unreadable");
      // Somebody else may have begun while this one was reading.
      if (flights.of(address) === undefined) break;
    }
    // The arguments may have changed meanwhile; their result must not get the old ones' key.
    return this.#store(this.addressOf(call), call);
  }

  /** The row of a stored result that this call may use; counts the miss where there is none. */
  lookUp(address: Address, call: Call): Entry | undefined {
    const entry = this.#shared.results?.find(address);
    const reason = entry === undefined ? "absent" : this.#staleness(address, entry, call);
    if (reason === undefined) return entry;
    this.#miss(address, call.self, reason);
    return undefined;
  }

  /** {@link lookUp} for who only asks: nothing is counted. */
  peekAt(address: Address, call: Call): Entry | undefined {
    const entry = this.#shared.results?.find(address);
    const isStale = entry !== undefined && this.#staleness(address, entry, call) !== undefined;
    return isStale ? undefined : entry;
  }

  #staleness(address: Address, entry: Entry, { maxAgeMs }: Call) {
    const info = () => this.#shared.results?.infoOf(address, entry) as EntryInfo;
    return this.#policy.freshness.staleness(entry, info, maxAgeMs);
  }

  /** Why this call has to be computed, or need not be. */
  explain(call: Call): Explanation {
    const address = this.addressOf(call);
    const { results } = this.#shared;
    const entry = results?.find(address);
    if (results !== undefined && entry !== undefined) {
      const info = results.infoOf(address, entry);
      const staleness = this.#staleness(address, entry, call);
      return explainStored(info, staleness, results.missingFiles(address, entry));
    }
    const stored = Array.from(results?.entries(this.prefixOf(call.self)) ?? []);
    const identity = this.identify(call.self);
    const keyIn = (other: string) => this.#addressUnder({ ...identity, version: other }, call).name;
    return explainAbsent({
      key: address.name,
      identity,
      summary: this.summaryOf(call),
      stored,
      keyIn,
    });
  }

  /** What is known of a stored result, stale ones too. */
  info(address: Address): EntryInfo | undefined {
    const { results } = this.#shared;
    const entry = results?.find(address);
    return entry && results?.infoOf(address, entry);
  }

  #hit(address: Address, entry: Entry, hit: Hit): unknown {
    const { events } = this.#shared;
    this.#watchCode(entry);
    this.counters.hit(entry.durationMs);
    if (events.isHeard) {
      const savedMs = entry.durationMs;
      events.emit({ type: "hit", id: entry.functionId, key: address.name, savedMs });
    }
    return hit.value;
  }

  /** With `code: "warn"` the row tells which source made the result. */
  #watchCode({ functionVersion }: Entry): void {
    const { id, recorded } = this.#identity as FunctionIdentity;
    if (recorded === undefined || functionVersion === recorded) return;
    const message = `The code of "${id}" has changed since some of its results were stored; they are used all the same.`;
    warnOnce(id, "CODE_CHANGED", message);
  }

  #miss(address: Address, self: unknown, reason: MissReason): void {
    const { events } = this.#shared;
    this.counters.miss(reason);
    if (!events.isHeard) return;
    events.emit({ type: "miss", id: this.identify(self).id, key: address.name, reason });
  }

  /** Calls the function itself. */
  compute({ self, args }: Call): unknown {
    return Reflect.apply(this.fn, self, args);
  }

  /** Computes and stores, whatever is there: of a promise, what it resolves to. */
  refresh(call: Call): unknown {
    if (this.#shared.results === undefined) return this.compute(call);
    // An async function throws nothing at the call.
    if (this.isAsync) return (async () => this.#store(this.addressOf(call), call))();
    return this.#store(this.addressOf(call), call);
  }

  /** {@link call}, but for a handle of the result: of a promise, a promise of the handle. */
  shelve(call: Call): Shelved | Promise<Shelved> {
    if (this.isAsync) return this.#shelveAsync(call);
    const address = this.addressOf(call);
    const stored = this.peekAt(address, call);
    // Neither a result that is there nor one that was just made has to be read.
    if (stored !== undefined) return this.#handle(address, stored.isAsync, call.self);
    const value = this.call(call);
    if (!isThenable(value)) return this.#handle(address, false, call.self, { value });
    return (async () => this.#handle(address, true, call.self, { value: await value }))();
  }

  async #shelveAsync(call: Call): Promise<Shelved> {
    const address = this.addressOf(call);
    const isStored = this.peekAt(address, call) !== undefined;
    const made = isStored ? undefined : { value: await this.call(call) };
    return this.#handle(address, true, call.self, made);
  }

  /** @param made the result, which the handle keeps if it could not be stored */
  #handle(address: Address, isAsync: boolean, self: unknown, made?: { value: unknown }): Shelved {
    const { results } = this.#shared;
    const row = Buffer.from(address.row).toString("hex");
    const isStored = results?.find(address) !== undefined;
    const token = { id: this.identify(self).id, row, isAsync };
    return new Shelved(results, token, isStored ? undefined : made);
  }

  #store(address: Address, call: Call): unknown {
    // Before the function may change its arguments.
    const summary = this.summaryOf(call);
    const started = performance.now();
    const result = this.compute(call);
    if (isThenable(result)) {
      const landing = () => this.#land({ call, address, summary, started }, result);
      return this.#shared.flights.lead(address, landing);
    }
    const durationMs = performance.now() - started;
    const made = { result, durationMs, summary };
    this.counters.computed(durationMs);
    if (!this.#isDeclined(address, call.self, made)) this.putSync(address, call.self, made);
    return result;
  }

  async #land({ call, address, summary, started }: Running, promise: PromiseLike<unknown>) {
    const result = await promise;
    const durationMs = performance.now() - started;
    this.counters.computed(durationMs);
    if (!this.#isUnchanged(address, call)) {
      const { id } = this.identify(call.self);
      const message = `Arguments of "${id}" changed while it ran, so its result may be of either: it is not cached.`;
      warnOnce(id, "ARGUMENTS_CHANGED", message);
      return { value: result, stored: false } satisfies Landing;
    }
    const made = { result, durationMs, summary };
    const stored =
      !this.#isDeclined(address, call.self, made) && (await this.put(address, call.self, made));
    return { value: result, stored } satisfies Landing;
  }

  /** Stores what a synchronous function has given: whether it is stored now. */
  putSync(address: Address, self: unknown, made: Made): boolean {
    const computed = { ...made, isAsync: false, packing: this.#policy.packing };
    const stored = this.#shared.results?.writeSync(address, this.identify(self), computed);
    if (stored === true) this.#stored(address, self, made);
    else this.#unstored(address, self, false);
    return stored === true;
  }

  /** {@link putSync} off the main thread, for a function that gives promises. */
  async put(address: Address, self: unknown, made: Made): Promise<boolean> {
    const computed = { ...made, isAsync: true, packing: this.#policy.packing };
    const stored = await this.#shared.results?.write(address, this.identify(self), computed);
    if (stored === true) this.#stored(address, self, made);
    else this.#unstored(address, self, false);
    return stored === true;
  }

  /** The arguments that count, in brief. */
  summaryOf({ args }: Call): CallSummary {
    return summarize(this.#policy.counting.of(args));
  }

  /** Forgets a result; whether it was there. */
  delete(address: Address, self: unknown): boolean {
    const { results, events } = this.#shared;
    const wasThere = results?.delete(address) === true;
    if (wasThere && events.isHeard) {
      events.emit({ type: "invalidate", id: this.identify(self).id, key: address.name });
    }
    return wasThere;
  }

  /** Forgets all results, in all versions of the function: how many. */
  clear(self: unknown): number {
    return this.#shared.results?.clear(this.prefixOf(self)) ?? 0;
  }

  /** A result that {@link peekAt} has found; `undefined` when it cannot be read. */
  read(address: Address, entry: Entry): Promise<Hit | undefined> | Hit | undefined {
    const { results } = this.#shared;
    const isAsync = this.isAsync || entry.isAsync;
    return isAsync ? results?.read(address, entry) : results?.readSync(address, entry);
  }

  #isDeclined(address: Address, self: unknown, { result, durationMs }: Made): boolean {
    if (this.#policy.shouldCache?.(result as never, { durationMs }) !== false) return false;
    this.#unstored(address, self, true);
    return true;
  }

  #stored(address: Address, self: unknown, { durationMs }: Made): void {
    const { events } = this.#shared;
    this.counters.stored();
    if (!events.isHeard) return;
    events.emit({ type: "store", id: this.identify(self).id, key: address.name, durationMs });
  }

  #unstored(address: Address, self: unknown, declined: boolean): void {
    const { events } = this.#shared;
    if (!events.isHeard) return;
    events.emit({ type: "unstored", id: this.identify(self).id, key: address.name, declined });
  }

  #isUnchanged(address: Address, call: Call): boolean {
    try {
      return Buffer.compare(this.addressOf(call).row, address.row) === 0;
    } catch {
      return false;
    }
  }

  /** @throws {KeyError} for an argument that cannot be hashed */
  addressOf(call: Pick<Call, "self" | "args">): Address {
    return this.#addressUnder(this.identify(call.self), call);
  }

  #addressUnder(identity: FunctionIdentity, { self, args }: Pick<Call, "self" | "args">): Address {
    const counting = this.#policy.counting.of(args);
    const key = callKey(identity, counting, this.#policy.receiver(self));
    return new CallAddress(this.prefixOf(self), key, identity.slug);
  }

  /** What the keys of the function's rows begin with. */
  prefixOf(self: unknown): Uint8Array {
    this.#prefix ??= rowPrefix(this.identify(self));
    return this.#prefix;
  }

  identify(self: unknown): FunctionIdentity {
    if (this.#identity === undefined) {
      this.#identity = this.#policy.identify(self);
      this.#shared.counters.set(this.#identity.id, this.counters);
    }
    return this.#identity;
  }
}

/** What a function has given. */
export interface Made {
  readonly result: unknown;
  /** How long that took, ms. */
  readonly durationMs: number;
  /** Of the arguments that it was given. */
  readonly summary: CallSummary;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
  } catch {
    return false; // a getter of the result's own that throws
  }
}
