/**
 * Computing results: of the processes and threads of the machine one at a time, as far as it can be
 * had without harm to a caller. Whoever comes meanwhile waits, and reads what was stored.
 */
import { messageOf } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { type Lease, NO_LEASE } from "../store/leases.ts";
import type { Replaces } from "../tier/shared-tier.ts";
import { Audience } from "./audience.ts";
import { type Call, type InVain, type Made, type Miss, madeOf } from "./call.ts";
import { signalsOf } from "./caller-signals.ts";
import { warnOfChange } from "./changed-arguments.ts";
import type { Flights, Landing } from "./flights.ts";
import { type AnyFunction, isDeclaredAsync, isThenable } from "./function-kind.ts";
import type { FunctionResults } from "./function-results.ts";
import { givenOf, isLeft } from "./given.ts";
import { endOf, unlessStored } from "./in-vain.ts";
import type { Results } from "./results.ts";
import type { Manner, Running } from "./running.ts";
import { Share } from "./share.ts";
import type { SharedResults, Turn } from "./shared-results.ts";
import { waitLater, waitSync } from "./waiting.ts";
import { warnOnce } from "./warning.ts";

/** A right to compute, and why that was not left to others. */
type OwnTurn = Omit<Turn, "inVain"> & { readonly inVain: InVain | undefined };

interface Surroundings {
  readonly results: Results;
  readonly flights: Flights;
  readonly shared: SharedResults | undefined;
}

export class Computing {
  readonly fn: AnyFunction;
  /** Whether it is declared `async`; other functions may return promises as well. */
  readonly isAsync: boolean;
  readonly #stored: FunctionResults;
  readonly #results: Results;
  readonly #flights: Flights;
  readonly #shared: SharedResults | undefined;
  readonly #waitMs: number;

  /** @param waitMs how long to wait for others, at most */
  constructor(
    fn: AnyFunction,
    stored: FunctionResults,
    { results, flights, shared }: Surroundings,
    waitMs: number,
  ) {
    this.fn = fn;
    this.isAsync = isDeclaredAsync(fn);
    this.#stored = stored;
    this.#results = results;
    this.#flights = flights;
    this.#shared = shared;
    this.#waitMs = waitMs;
  }

  /** Computes and stores what a look found missing, or takes it from whoever does so already. */
  once(address: Address, call: Call, miss: Miss): unknown {
    if (this.isAsync) for (const signal of signalsOf(call)) signal.throwIfAborted();
    const lease = this.#results.leases.tryAcquire(address);
    if (lease === undefined) return this.#wait(address, call, miss);
    if (this.isAsync && this.#shared !== undefined) return this.#later(address, call, miss, lease);
    return this.#unlessFound(address, call, miss, lease);
  }

  /** Computes and stores, whatever is there: others may be computing too. */
  anew(address: Address, call: Call): unknown {
    const share = new Share(this.#results.leases.tryAcquire(address) ?? NO_LEASE);
    try {
      return this.#run(address, call, share, { replaces: "anything" });
    } finally {
      share.releaseUnlessKept();
    }
  }

  /** {@link once} in the background, for a result that is too old; nothing if others do it. */
  behind(address: Address, call: Call, old: Entry): void {
    const lease = this.#results.leases.tryAcquire(address);
    if (lease === undefined) return;
    if (this.#results.find(address)?.stamp !== old.stamp) {
      lease.release();
      return;
    }
    const share = new Share(lease);
    const run = async () => {
      this.#stored.missed(address, call.self, "expired");
      try {
        return await this.#run(address, call, share, { leaveBy: NO_SIGNALS });
      } finally {
        share.releaseUnlessKept();
      }
    };
    const isShared = this.isAsync && this.#shared !== undefined;
    const expired: Miss = { reason: "expired", seen: old };
    const running = isShared ? this.#later(address, call, expired, lease, NO_SIGNALS) : run();
    // Nobody waits for it, so that nobody else would hear of a failure.
    running.catch((error: unknown) => {
      const { id } = this.#stored.identify(call.self);
      const message = `Computing "${id}" again failed: ${messageOf(error)}. The old result is used meanwhile.`;
      warnOnce(`${id} ${address.name}`, "REVALIDATION_FAILED", message);
    });
  }

  /**
   * Others may have stored it between the look and the lease.
   *
   * @param inVain what it is to the call when they have stored nothing, if it waited for them
   */
  #unlessFound(address: Address, call: Call, miss: Miss, lease: Lease, inVain?: InVain): unknown {
    const share = new Share(lease);
    try {
      const newer = this.#newer(address, miss);
      let found = newer && this.#foundSync(address, call);
      if (found !== undefined) return found.give();
      const turn = this.#bringSync(address, call);
      if (turn === "stored") found = this.#foundSync(address, call);
      if (found !== undefined) return found.give();
      const own = turn === "stored" ? undefined : turn;
      share.holdUntilReleased(own);
      const why = unlessStored(inVain, newer) ?? own?.inVain;
      this.#stored.missed(address, call.self, miss.reason, why);
      return this.#run(address, call, share, { replaces: own?.replaces });
    } finally {
      share.releaseUnlessKept();
    }
  }

  /** What others have stored, and how to give it; `give` throws what was thrown. */
  #foundSync(address: Address, call: Call): { give(): unknown } | undefined {
    const entry = this.#stored.peekAt(address, call);
    if (entry === undefined) return undefined;
    if (entry.isAsync) return { give: () => this.#read(address, call, entry) };
    const hit = this.#results.readSync(address, entry);
    return hit && { give: () => this.#stored.hit(address, entry, hit) };
  }

  /** What other machines have, for a call that cannot wait by promises. */
  #bringSync(address: Address, call: Call): "stored" | OwnTurn | undefined {
    if (this.#shared === undefined) return undefined;
    // Who waits for this thread may be the one whom this call would wait for: it looks, and no more.
    const isOwed = this.#results.leases.isOwedHere;
    const waitMs = isOwed ? 0 : this.#waitMs;
    const turn = this.#shared.bringSync(address, this.#stored.wishOf(address, call, waitMs));
    if (turn === undefined || turn === "stored") return turn;
    return isOwed && turn.inVain === "waited" ? { ...turn, inVain: "owing" } : turn;
  }

  /** A row that is another than the look has seen; it may be of no use to the call. */
  #newer(address: Address, { seen }: Miss): Entry | undefined {
    const entry = this.#results.find(address);
    return entry?.stamp === seen?.stamp ? undefined : entry;
  }

  /** A result of others that is given by promises. */
  async #read(address: Address, call: Call, entry: Entry): Promise<unknown> {
    const hit = await this.#results.read(address, entry);
    if (hit !== undefined) return this.#stored.hit(address, entry, hit);
    return this.once(address, call, { reason: "unreadable", seen: entry });
  }

  /** Somebody else computes it. Whether it will be a promise shows as soon as their function returns. */
  #wait(address: Address, call: Call, miss: Miss): unknown {
    this.#stored.waits(address, call.self);
    if (this.isAsync) return this.#later(address, call, miss);
    // Who waits for this thread may be the one whom this call waits for.
    if (this.#results.leases.isOwedHere && !this.#results.leases.isAsyncElsewhere(address)) {
      this.#stored.missed(address, call.self, miss.reason, "owing");
      return this.#run(address, call, new Share(NO_LEASE));
    }
    const lease = waitSync(this.#leaseOf(address), this.#waitMs);
    if (lease === "asynchronous") return this.#later(address, call, miss);
    return this.#unlessFound(address, call, miss, lease ?? NO_LEASE, endOf(lease));
  }

  #leaseOf(address: Address) {
    return {
      tryAcquire: () => this.#results.leases.tryAcquire(address),
      isAsync: () => this.#results.leases.isAsyncElsewhere(address),
    };
  }

  /**
   * Computes when nobody else does, here or elsewhere.
   *
   * @param held the lease, if it was free
   * @param leaveBy signals by which the caller leaves, if not those that it brought
   */
  #later(
    address: Address,
    call: Call,
    miss: Miss,
    held?: Lease,
    leaveBy?: readonly AbortSignal[],
  ): Promise<unknown> {
    const { tags = [] } = this.#stored.notesOf(call);
    const audience = new Audience();
    const given = givenOf(call, audience);
    const seat = audience.join(leaveBy ?? given.signals);
    return this.#flights.lead(address, { tags, audience, seat }, async (course) => {
      const acquired =
        held ?? (await waitLater(this.#leaseOf(address), this.#waitMs, audience.signal));
      const lease = acquired ?? NO_LEASE;
      lease.markAsync(this.isAsync);
      try {
        const newer = this.#newer(address, miss);
        const found = newer && (await this.#found(address, call));
        if (found !== undefined) return found;
        const inVain = held === undefined ? unlessStored(endOf(acquired), newer) : undefined;
        const running = { call, address, audience, given, course };
        return await this.#unlessShared(running, miss, inVain);
      } finally {
        lease.release();
      }
    });
  }

  async #unlessShared(
    running: Omit<Running, "notes" | "started">,
    { reason }: Miss,
    inVain: InVain | undefined,
  ): Promise<Landing> {
    const { call, address, given } = running;
    const turn = this.#shared && (await this.#bring(running));
    if (turn === "stored") {
      const found = await this.#found(address, call);
      if (found !== undefined) return found;
    }
    const own = turn === "stored" ? undefined : turn;
    try {
      this.#stored.missed(address, call.self, reason, inVain ?? own?.inVain);
      const begun = this.#begin(call, own?.replaces);
      const compute = async () => Reflect.apply(this.fn, call.self, given.args);
      return await this.#land({ ...running, ...begun }, compute(), NO_LEASE);
    } finally {
      own?.end();
    }
  }

  async #bring({
    address,
    call,
    audience: { signal },
    course,
  }: Omit<Running, "notes" | "started">): Promise<"stored" | Turn | undefined> {
    const wish = this.#stored.wishOf(address, call, this.#waitMs);
    return this.#shared?.bring(address, { ...wish, signal, isCurrent: () => course.isCurrent });
  }

  /** What others have stored while this call waited. */
  async #found(address: Address, call: Call): Promise<Landing | undefined> {
    const entry = this.#stored.peekAt(address, call);
    const hit = entry && (await this.#results.read(address, entry));
    if (hit === undefined) return undefined;
    try {
      const value = this.#stored.hit(address, entry as Entry, hit);
      return { value, threw: false, use: "stored" };
    } catch (error) {
      return { value: error, threw: true, use: "stored" };
    }
  }

  #begin(call: Call, replaces?: Replaces): Pick<Running, "notes" | "started"> {
    // Before the function may change its arguments.
    const notes = this.#stored.notesOf(call, replaces);
    return { notes, started: performance.now() };
  }

  /**
   * Runs the function, and stores what it gives.
   *
   * @param share kept beyond this call where the function gives a promise
   */
  #run(address: Address, call: Call, share: Share, { leaveBy, replaces }: Manner = {}): unknown {
    const { notes, started } = this.#begin(call, replaces);
    const audience = new Audience();
    const given = givenOf(call, audience);
    const seat = audience.join(leaveBy ?? given.signals);
    let result: unknown;
    try {
      result = Reflect.apply(this.fn, call.self, given.args);
    } catch (error) {
      seat.end();
      const made = madeOf(error, true, started, notes);
      // What is thrown at a caller who has left is for this one.
      if (!isLeft(audience, given)) this.#storeSync(address, call, made);
      throw error;
    }
    if (!isThenable(result)) {
      seat.end();
      const made = madeOf(result, false, started, notes);
      if (!isLeft(audience, given)) this.#storeSync(address, call, made);
      return result;
    }
    const lease = share.keep();
    lease.markAsync(this.isAsync);
    const { tags = [] } = notes;
    return this.#flights.lead(address, { tags, audience, seat }, (course) => {
      const running = { call, address, audience, given, notes, started, course };
      return this.#land(running, result, lease);
    });
  }

  #storeSync(address: Address, call: Call, made: Made): void {
    this.#flights.supersede(address);
    this.#stored.counters.computed(made.durationMs);
    if (this.#stored.isDeclined(address, call, made)) return;
    this.#stored.putSync(address, call.self, made);
  }

  /** Waits for a promise, and stores what it comes to. @param lease that ends with it */
  async #land(running: Running, promise: PromiseLike<unknown>, lease: Lease): Promise<Landing> {
    const { notes, started, address, call } = running;
    try {
      let made: Made;
      try {
        made = madeOf(await promise, false, started, notes);
      } catch (error) {
        made = madeOf(error, true, started, notes);
      }
      let use = this.#useOf(running, made);
      if (use === "stored" && !(await this.#stored.put(address, call.self, made))) use = "shared";
      return { value: made.result, threw: made.threw, use };
    } finally {
      lease.release();
    }
  }

  /** What is to become of what a promise came to. */
  #useOf(running: Running, made: Made): Landing["use"] {
    const { call, address, audience, given, course } = running;
    this.#stored.counters.computed(made.durationMs);
    // It was told to stop, and may have given what it had.
    if (isLeft(audience, given)) return "own";
    if (!this.#stored.isUnchanged(address, call)) {
      const { id } = this.#stored.identify(call.self);
      if (!made.threw) warnOfChange(id, "its result may be of either: it is not cached");
      return "own";
    }
    return this.#stored.isDeclined(address, call, made) || !course.isCurrent ? "shared" : "stored";
  }
}

/** Of a caller who has got something already, and waits for nothing. */
const NO_SIGNALS: readonly AbortSignal[] = [];
