/** One memoized function: looks its calls up, computes them, stores their results. */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Flights, Landing } from "./flights.ts";
import {
  type Call,
  FunctionResults,
  type Keeping,
  type Made,
  type Notes,
  type Policy,
} from "./function-results.ts";
import type { Hit, Results } from "./results.ts";
import { Shelved } from "./shelved.ts";
import { warnOnce } from "./warning.ts";

// biome-ignore lint/suspicious/noExplicitAny: a function of any signature, as TypeScript spells it
export type AnyFunction = (this: any, ...args: any[]) => any;

/** What all memoized functions of a cache share. */
export interface Shared extends Keeping {
  readonly flights: Flights;
}

/** A call whose function has returned a promise. */
interface Running {
  readonly call: Call;
  readonly address: Address;
  readonly notes: Notes;
  /** By the performance clock, ms. */
  readonly started: number;
  /** Whether nothing newer has come to be known of the result. */
  readonly isCurrent: () => boolean;
}

const AsyncFunction = (async () => undefined).constructor;

export class Memoized {
  readonly fn: AnyFunction;
  /** Whether it is declared `async`; other functions may return promises as well. */
  readonly isAsync: boolean;
  readonly stored: FunctionResults;
  readonly #results: Results | undefined;
  readonly #flights: Flights;

  constructor(fn: AnyFunction, shared: Shared, policy: Policy) {
    this.fn = fn;
    this.isAsync = fn instanceof AsyncFunction;
    this.stored = new FunctionResults(shared, policy);
    this.#results = shared.results;
    this.#flights = shared.flights;
  }

  /**
   * Calls through the cache. A function declared `async` does all its work off the main thread;
   * any other is looked up at once, and if it turns out to return a promise, so does every hit.
   * Where the cache is disabled, every call is computed.
   */
  call(call: Call): unknown {
    const results = this.#results;
    if (results === undefined) return this.compute(call);
    if (this.isAsync) return this.#callAsync(call, results);
    const address = this.stored.addressOf(call);
    if (this.#flights.of(address) !== undefined) return this.#replay(address, call, results);
    const stale = this.stored.servable(address, call);
    if (stale?.isAsync === true) return this.#serveStale(address, stale, call, results);
    const entry = this.stored.lookUp(address, call);
    if (entry?.isAsync === true) return this.#replay(address, call, results);
    const hit = entry && results.readSync(address, entry);
    if (hit !== undefined) return this.stored.hit(address, entry as Entry, hit);
    if (entry !== undefined) this.stored.missed(address, call.self, "unreadable");
    return this.#store(address, call);
  }

  /** What an `async` function throws is a rejection, a {@link KeyError} too. */
  async #callAsync(call: Call, results: Results): Promise<unknown> {
    const address = this.stored.addressOf(call);
    // A miss starts the function before the first await, as a call of the function itself would,
    // which may read its arguments before the caller goes on and changes them.
    const entry = results.find(address);
    if (entry === undefined && this.#flights.of(address) === undefined) {
      this.stored.missed(address, call.self, "absent");
      return this.#store(address, call);
    }
    const stale = this.stored.servable(address, call);
    return stale === undefined
      ? this.#replay(address, call, results)
      : this.#serveStale(address, stale, call, results);
  }

  /** Gives a result that is too old once more, while a new one is computed. */
  async #serveStale(address: Address, entry: Entry, call: Call, results: Results) {
    const reading = results.read(address, entry);
    if (this.#flights.of(address) === undefined) {
      this.stored.missed(address, call.self, "expired");
      // Nobody waits for it, so that nobody else would hear of a failure.
      (async () => this.#store(address, call))().catch((error: unknown) => {
        const { id } = this.stored.identify(call.self);
        const message = `Computing "${id}" again failed: ${messageOf(error)}. The old result is used meanwhile.`;
        warnOnce(`${id} ${address.name}`, "REVALIDATION_FAILED", message);
      });
    }
    const hit = await reading;
    if (hit !== undefined) return this.stored.hit(address, entry, hit);
    return this.#replay(address, call, results);
  }

  /**
   * Waits for the computation under way, if there is one, and reads what is stored: every caller
   * gets a value of its own, which it may change. Only a value that was not stored is shared.
   */
  async #replay(address: Address, call: Call, results: Results): Promise<unknown> {
    for (;;) {
      const landing = await this.#landingOf(address, call);
      if (landing?.stored === false) return landing.value;
      // What was computed while this call waited is as fresh as can be.
      const isNew = landing !== undefined;
      const entry = isNew ? results.find(address) : this.stored.lookUp(address, call);
      const hit = entry && (await results.read(address, entry));
      if (hit !== undefined) return this.stored.hit(address, entry as Entry, hit);
      if (entry !== undefined) this.stored.missed(address, call.self, "unreadable");
      // Somebody else may have begun while this one was reading.
      if (this.#flights.of(address) === undefined) break;
    }
    // The arguments may have changed meanwhile; their result must not get the old ones' key.
    return this.#store(this.stored.addressOf(call), call);
  }

  /** How the computation under way ends; one that fails is none, where a result is stored. */
  async #landingOf(address: Address, call: Call): Promise<Landing | undefined> {
    try {
      return await this.#flights.of(address);
    } catch (error) {
      if (this.stored.peekAt(address, call) === undefined) throw error;
      return undefined;
    }
  }

  /** Calls the function itself. */
  compute({ self, args }: Call): unknown {
    return Reflect.apply(this.fn, self, args);
  }

  /** Computes and stores, whatever is there: of a promise, what it resolves to. */
  refresh(call: Call): unknown {
    if (this.#results === undefined) return this.compute(call);
    // An async function throws nothing at the call.
    if (this.isAsync) return (async () => this.#store(this.stored.addressOf(call), call))();
    return this.#store(this.stored.addressOf(call), call);
  }

  #store(address: Address, call: Call): unknown {
    // Before the function may change its arguments.
    const notes = this.stored.notesOf(call);
    const started = performance.now();
    let result: unknown;
    try {
      result = this.compute(call);
    } catch (error) {
      this.#storeSync(address, call, { ...timed(started), result: error, threw: true, notes });
      throw error;
    }
    if (isThenable(result)) {
      return this.#flights.lead(address, notes.tags ?? [], (isCurrent) =>
        this.#land({ call, address, notes, started, isCurrent }, result),
      );
    }
    this.#storeSync(address, call, { ...timed(started), result, threw: false, notes });
    return result;
  }

  #storeSync(address: Address, call: Call, made: Made): void {
    this.#flights.supersede(address);
    this.stored.counters.computed(made.durationMs);
    if (this.stored.isDeclined(address, call, made)) return;
    this.stored.putSync(address, call.self, made);
  }

  async #land(running: Running, promise: PromiseLike<unknown>): Promise<Landing> {
    const { notes, started } = running;
    let result: unknown;
    try {
      result = await promise;
    } catch (error) {
      await this.#settle(running, { ...timed(started), result: error, threw: true, notes });
      throw error;
    }
    const made = { ...timed(started), result, threw: false, notes };
    return { value: result, stored: await this.#settle(running, made) };
  }

  /** Stores what a promise came to, if that is wanted and right: whether it is stored now. */
  async #settle({ call, address, isCurrent }: Running, made: Made): Promise<boolean> {
    const { self } = call;
    this.stored.counters.computed(made.durationMs);
    if (this.stored.isDeclined(address, call, made)) return false;
    if (!this.#isUnchanged(address, call)) {
      const { id } = this.stored.identify(self);
      const message = `Arguments of "${id}" changed while it ran, so its result may be of either: it is not cached.`;
      warnOnce(id, "ARGUMENTS_CHANGED", message);
      return false;
    }
    if (!isCurrent()) return false;
    return this.stored.put(address, self, made);
  }

  #isUnchanged(address: Address, call: Call): boolean {
    try {
      return Buffer.compare(this.stored.addressOf(call).row, address.row) === 0;
    } catch {
      return false;
    }
  }

  /** Stores a result that was come by elsewhere: whether it is stored now. */
  set(call: Call, value: unknown): boolean | Promise<boolean> {
    const madeOf = (result: unknown): Made => {
      return { result, threw: false, durationMs: 0, notes: this.stored.notesOf(call) };
    };
    const addressOf = () => {
      const address = this.stored.addressOf(call);
      this.#flights.supersede(address);
      return address;
    };
    if (!this.isAsync && !isThenable(value)) {
      return this.stored.putSync(addressOf(), call.self, madeOf(value));
    }
    return (async () => {
      const address = addressOf();
      return this.stored.put(address, call.self, madeOf(await value));
    })();
  }

  /** Forgets the stored result, and has what is being computed not stored; whether there was one. */
  invalidate(call: Call): boolean {
    const address = this.stored.addressOf(call);
    this.#flights.supersede(address);
    return this.stored.delete(address, call.self);
  }

  /** {@link invalidate} for all results of the function, in all its versions: how many. */
  clear(self: unknown): number {
    this.#flights.supersedeAll({ slug: this.stored.identify(self).slug });
    return this.stored.clear(self);
  }

  /** The stored result, if it may be used and is no error; never computes. */
  peek(call: Call): unknown {
    if (this.isAsync) return this.#peekAsync(call);
    const address = this.stored.addressOf(call);
    const entry = this.#valueAt(address, call);
    if (entry?.isAsync === true) return this.#read(address, entry);
    return entry && this.#results?.readSync(address, entry)?.value;
  }

  async #peekAsync(call: Call): Promise<unknown> {
    const address = this.stored.addressOf(call);
    const entry = this.#valueAt(address, call);
    return entry && this.#read(address, entry);
  }

  /** The row of a result that may be used, and that the function has returned. */
  #valueAt(address: Address, call: Call): Entry | undefined {
    const entry = this.stored.peekAt(address, call);
    return entry?.threw === true ? undefined : entry;
  }

  async #read(address: Address, entry: Entry): Promise<unknown> {
    const hit: Hit | undefined = await this.#results?.read(address, entry);
    return hit?.value;
  }

  /** {@link call}, but for a handle of the result: of a promise, a promise of the handle. */
  shelve(call: Call): Shelved | Promise<Shelved> {
    if (this.isAsync) return this.#shelveAsync(call);
    const address = this.stored.addressOf(call);
    const entry = this.#valueAt(address, call);
    // Neither a result that is there nor one that was just made has to be read.
    if (entry !== undefined) {
      const handle = this.#handle(address, entry.isAsync, call);
      return entry.isAsync ? Promise.resolve(handle) : handle;
    }
    const value = this.call(call);
    if (!isThenable(value)) return this.#handle(address, false, call, { value });
    return (async () => this.#handle(address, true, call, { value: await value }))();
  }

  async #shelveAsync(call: Call): Promise<Shelved> {
    const address = this.stored.addressOf(call);
    const isStored = this.#valueAt(address, call) !== undefined;
    const made = isStored ? undefined : { value: await this.call(call) };
    return this.#handle(address, true, call, made);
  }

  /** @param made the result, which the handle keeps if it could not be stored */
  #handle(address: Address, isAsync: boolean, call: Call, made?: { value: unknown }): Shelved {
    const row = Buffer.from(address.row).toString("hex");
    // A row that may not be used is of an earlier result.
    const isStored = this.#valueAt(address, call) !== undefined;
    const token = { id: this.stored.identify(call.self).id, row, isAsync };
    return new Shelved(this.#results, token, isStored ? undefined : made);
  }
}

/** By the performance clock, ms. */
function timed(started: number): Pick<Made, "durationMs"> {
  return { durationMs: performance.now() - started };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
  } catch {
    return false; // a getter of the result's own that throws
  }
}
