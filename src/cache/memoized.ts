/** One memoized function: looks its calls up, computes them, stores their results. */
import type { Address } from "../store/array-store.ts";
import { CallAddress, rowPrefix } from "./address.ts";
import type { Flights, Landing } from "./flights.ts";
import type { FunctionIdentity } from "./identity.ts";
import { callKey } from "./key.ts";
import type { Receiver } from "./receiver.ts";
import type { Results } from "./results.ts";
import { warnOnce } from "./warning.ts";

// biome-ignore lint/suspicious/noExplicitAny: a function of any signature, as TypeScript spells it
export type AnyFunction = (this: any, ...args: any[]) => any;

/** What all memoized functions of a cache share. */
export interface Shared {
  readonly results: Results;
  readonly flights: Flights;
}

/** How one function is told from others, and its calls from one another. */
export interface Naming {
  /** Asked once, at the first call: a method learns the name of its class from its first `this`. */
  readonly identify: (self: unknown) => FunctionIdentity;
  /** What stands for `this` in keys; `undefined` when it does not count. */
  readonly receiver: (self: unknown) => Receiver | undefined;
}

/** A call whose function has returned a promise. */
interface AsyncCall {
  readonly address: Address;
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** By the performance clock, ms. */
  readonly started: number;
}

const AsyncFunction = (async () => undefined).constructor;

export class Memoized {
  readonly #fn: AnyFunction;
  readonly #shared: Shared;
  readonly #naming: Naming;
  readonly #isAsync: boolean;
  #identity: FunctionIdentity | undefined;
  #prefix: Uint8Array | undefined;

  constructor(fn: AnyFunction, shared: Shared, naming: Naming) {
    this.#fn = fn;
    this.#shared = shared;
    this.#naming = naming;
    this.#isAsync = fn instanceof AsyncFunction;
  }

  /**
   * Calls through the cache. A function declared `async` does all its work off the main thread;
   * any other is looked up at once, and if it turns out to return a promise, so does every hit.
   */
  call(self: unknown, args: readonly unknown[]): unknown {
    if (this.#isAsync) return this.#callAsync(self, args);
    const { results, flights } = this.#shared;
    const address = this.#addressOf(self, args);
    if (flights.of(address) !== undefined) return this.#replay(address, self, args);
    const entry = results.find(address);
    if (entry?.isAsync === true) return this.#replay(address, self, args);
    const hit = entry === undefined ? undefined : results.readSync(address, entry);
    return hit === undefined ? this.#compute(address, self, args) : hit.value;
  }

  /** What an `async` function throws is a rejection, a {@link KeyError} too. */
  async #callAsync(self: unknown, args: readonly unknown[]): Promise<unknown> {
    const { results, flights } = this.#shared;
    const address = this.#addressOf(self, args);
    // A miss starts the function before the first await, as a call of the function itself would,
    // which may read its arguments before the caller goes on and changes them.
    if (flights.of(address) === undefined && results.find(address) === undefined) {
      return this.#compute(address, self, args);
    }
    return this.#replay(address, self, args);
  }

  /**
   * Waits for the computation under way, if there is one, and reads what is stored: every caller
   * gets a value of its own, which it may change. Only a value that was not stored is shared.
   */
  async #replay(address: Address, self: unknown, args: readonly unknown[]): Promise<unknown> {
    const { results, flights } = this.#shared;
    for (;;) {
      const landing = await flights.of(address);
      if (landing?.stored === false) return landing.value;
      const entry = results.find(address);
      const hit = entry === undefined ? undefined : await results.read(address, entry);
      if (hit !== undefined) return hit.value;
      // Somebody else may have begun while this one was reading.
      if (flights.of(address) === undefined) break;
    }
    // The arguments may have changed meanwhile; their result must not get the old ones' key.
    return this.#compute(this.#addressOf(self, args), self, args);
  }

  /** Computes and stores; of a promise, what it resolves to. */
  #compute(address: Address, self: unknown, args: readonly unknown[]): unknown {
    const started = performance.now();
    const result: unknown = Reflect.apply(this.#fn, self, args);
    if (isThenable(result)) {
      const landing = () => this.#land({ address, self, args, started }, result);
      return this.#shared.flights.lead(address, landing);
    }
    const durationMs = performance.now() - started;
    this.#shared.results.writeSync(address, this.#identify(self), {
      result,
      isAsync: false,
      durationMs,
    });
    return result;
  }

  async #land(call: AsyncCall, running: PromiseLike<unknown>): Promise<Landing> {
    const value = await running;
    const durationMs = performance.now() - call.started;
    const identity = this.#identify(call.self);
    if (!this.#isUnchanged(call)) {
      const message = `Arguments of "${identity.id}" changed while it ran, so its result may be of either: it is not cached.`;
      warnOnce(identity.id, "ARGUMENTS_CHANGED", message);
      return { value, stored: false };
    }
    const computed = { result: value, isAsync: true, durationMs };
    return { value, stored: await this.#shared.results.write(call.address, identity, computed) };
  }

  #isUnchanged({ address, self, args }: AsyncCall): boolean {
    try {
      return Buffer.compare(this.#addressOf(self, args).row, address.row) === 0;
    } catch {
      return false;
    }
  }

  #addressOf(self: unknown, args: readonly unknown[]): Address {
    const identity = this.#identify(self);
    this.#prefix ??= rowPrefix(identity);
    const key = callKey(identity, args, this.#naming.receiver(self));
    return new CallAddress(this.#prefix, key, identity.slug);
  }

  #identify(self: unknown): FunctionIdentity {
    this.#identity ??= this.#naming.identify(self);
    return this.#identity;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
  } catch {
    return false; // a getter of the result's own that throws
  }
}
