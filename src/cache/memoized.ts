/** One memoized function: looks its calls up, computes them, stores their results. */
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { Audience } from "./audience.ts";
import type { Call, Made } from "./call.ts";
import { Calling } from "./calling.ts";
import { Computing } from "./computing.ts";
import type { Flights } from "./flights.ts";
import { type AnyFunction, isDeclaredAsync, isThenable } from "./function-kind.ts";
import { FunctionResults, type Keeping } from "./function-results.ts";
import type { Policy } from "./policy.ts";
import type { Hit, Results } from "./results.ts";
import { Shelved } from "./shelved.ts";

/** What all memoized functions of a cache share. */
export interface Shared extends Keeping {
  readonly flights: Flights;
}

/** What there is where the cache is not disabled. */
interface Cached {
  readonly results: Results;
  readonly computing: Computing;
  readonly calling: Calling;
}

export class Memoized {
  readonly fn: AnyFunction;
  /** Whether it is declared `async`; other functions may return promises as well. */
  readonly isAsync: boolean;
  readonly stored: FunctionResults;
  readonly #flights: Flights;
  /** `undefined` where the cache is disabled. */
  readonly #cached: Cached | undefined;

  constructor(fn: AnyFunction, shared: Shared, policy: Policy) {
    const { results, flights, shared: others } = shared;
    this.fn = fn;
    this.isAsync = isDeclaredAsync(fn);
    this.stored = new FunctionResults(shared, policy);
    this.#flights = flights;
    if (results === undefined) return;
    const computing = new Computing(
      fn,
      this.stored,
      { results, flights, shared: others },
      policy.waitMs,
    );
    const calling = new Calling(this.stored, { results, flights }, computing);
    this.#cached = { results, computing, calling };
  }

  get #results(): Results | undefined {
    return this.#cached?.results;
  }

  /** Calls through the cache. Where it is disabled, every call is computed. */
  call(call: Call): unknown {
    return this.#cached === undefined ? this.compute(call) : this.#cached.calling.call(call);
  }

  /** Calls the function itself. */
  compute({ self, args }: Call): unknown {
    return Reflect.apply(this.fn, self, args);
  }

  /** Computes and stores, whatever is there: of a promise, what it resolves to. */
  refresh(call: Call): unknown {
    if (this.#cached === undefined) return this.compute(call);
    const { computing } = this.#cached;
    const compute = () => computing.anew(this.stored.addressOf(call), call);
    // An async function throws nothing at the call.
    return this.isAsync ? (async () => compute())() : compute();
  }

  /** Stores a result that was come by elsewhere: whether it is stored now. */
  set(call: Call, value: unknown): boolean | Promise<boolean> {
    if (this.isAsync || isThenable(value)) return this.#setLater(call, value);
    const address = this.stored.addressOf(call);
    this.#flights.supersede(address);
    return this.stored.putSync(address, call.self, this.#given(call, value));
  }

  #given(call: Call, result: unknown): Made {
    return { result, threw: false, durationMs: 0, notes: this.stored.notesOf(call, "anything") };
  }

  /** Whoever calls meanwhile waits for the value, as for one that is computed. */
  async #setLater(call: Call, value: unknown): Promise<boolean> {
    const address = this.stored.addressOf(call);
    const audience = new Audience();
    const lead = { tags: this.stored.notesOf(call).tags ?? [], audience, seat: audience.join([]) };
    let isStored = false;
    await this.#flights.lead(address, lead, async (course) => {
      const result = await value;
      if (course.isCurrent)
        isStored = await this.stored.put(address, call.self, this.#given(call, result));
      return { value: result, threw: false, use: isStored ? "stored" : "own" };
    });
    return isStored;
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
