/** A call through the cache: the stored result, or else what is computed. */
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Call, Miss } from "./call.ts";
import { signalsOf } from "./caller-signals.ts";
import type { Computing } from "./computing.ts";
import type { Flights, Landing } from "./flights.ts";
import type { FunctionResults } from "./function-results.ts";
import type { Results } from "./results.ts";

const ABSENT: Miss = { reason: "absent", seen: undefined };

export class Calling {
  readonly #stored: FunctionResults;
  readonly #results: Results;
  readonly #flights: Flights;
  readonly #computing: Computing;

  constructor(
    stored: FunctionResults,
    { results, flights }: { readonly results: Results; readonly flights: Flights },
    computing: Computing,
  ) {
    this.#stored = stored;
    this.#results = results;
    this.#flights = flights;
    this.#computing = computing;
  }

  /**
   * A function declared `async` does all its work off the main thread; any other is looked up at
   * once, and if it turns out to return a promise, so does every hit.
   */
  call(call: Call): unknown {
    if (this.#computing.isAsync) return this.#callAsync(call);
    const address = this.#stored.addressOf(call);
    if (this.#flights.of(address) !== undefined) return this.#replay(address, call);
    const stale = this.#stored.servable(address, call);
    if (stale?.isAsync === true) return this.#serveStale(address, stale, call);
    const found = this.#stored.lookUp(address, call);
    if ("reason" in found) return this.#computing.once(address, call, found);
    if (found.isAsync) return this.#replay(address, call);
    const hit = this.#results.readSync(address, found);
    if (hit !== undefined) return this.#stored.hit(address, found, hit);
    return this.#computing.once(address, call, { reason: "unreadable", seen: found });
  }

  /** What an `async` function throws is a rejection, a {@link KeyError} too. */
  async #callAsync(call: Call): Promise<unknown> {
    const address = this.#stored.addressOf(call);
    // A miss starts the function before the first await, as a call of the function itself would,
    // which may read its arguments before the caller goes on and changes them.
    if (this.#results.find(address) === undefined && this.#flights.of(address) === undefined) {
      return this.#computing.once(address, call, ABSENT);
    }
    const stale = this.#stored.servable(address, call);
    return stale === undefined
      ? this.#replay(address, call)
      : this.#serveStale(address, stale, call);
  }

  /** Gives a result that is too old once more, while a new one is computed. */
  async #serveStale(address: Address, entry: Entry, call: Call) {
    const reading = this.#results.read(address, entry);
    if (this.#flights.of(address) === undefined) this.#computing.behind(address, call, entry);
    const hit = await reading;
    if (hit !== undefined) return this.#stored.hit(address, entry, hit);
    return this.#replay(address, call);
  }

  /**
   * Waits for the computation under way, if there is one, and reads what is stored: every caller
   * gets a value of its own, which it may change. Only a value that was not stored is shared.
   */
  async #replay(address: Address, call: Call): Promise<unknown> {
    let miss: Miss;
    do {
      const landing = await this.#landingOf(address, call);
      if (landing !== undefined && this.#isShared(landing, address, call)) {
        if (landing.threw) throw landing.value;
        return landing.value;
      }
      const found = this.#foundAfter(landing, address, call);
      if ("reason" in found) {
        miss = found;
      } else {
        const hit = await this.#results.read(address, found);
        if (hit !== undefined) return this.#stored.hit(address, found, hit);
        miss = { reason: "unreadable", seen: found };
      }
      // Somebody else may have begun while this one was reading.
    } while (this.#flights.of(address) !== undefined);
    // The arguments may have changed meanwhile; their result must not get the old ones' key.
    return this.#computing.once(this.#stored.addressOf(call), call, miss);
  }

  /** Whether this caller has to take what the first one got. */
  #isShared({ use, threw }: Landing, address: Address, call: Call): boolean {
    if (use !== "shared") return false;
    // A failure is none where a result is stored.
    return !threw || this.#stored.peekAt(address, call) === undefined;
  }

  #foundAfter(landing: Landing | undefined, address: Address, call: Call): Entry | Miss {
    // What was computed while this call waited is as fresh as can be.
    const isNew = landing?.use === "stored";
    return isNew ? (this.#results.find(address) ?? ABSENT) : this.#stored.lookUp(address, call);
  }

  /** How the computation under way ends, unless this caller leaves before. */
  async #landingOf(address: Address, call: Call): Promise<Landing | undefined> {
    const flight = this.#flights.of(address);
    return flight?.audience.join(signalsOf(call)).until(flight.landing);
  }
}
