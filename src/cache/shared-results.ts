/**
 * Results of other machines, for a caller who must not be harmed: what the shared tier cannot give is
 * computed, and what it does not take is told by a warning.
 */
import { messageOf, StoreError } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type {
  AttachedTier,
  Found,
  Home,
  Parcel,
  Replaces,
  SharedTier,
  TierLease,
} from "../tier/shared-tier.ts";
import { addressOfRow } from "./address.ts";
import type { OpenedStore } from "./opened-store.ts";
import { isTypedKind, restore } from "./result-arrays.ts";
import { type SharedAgent, startAgent } from "./shared-agent.ts";
import { warnOnce } from "./warning.ts";

/** What a call asks for. */
export interface Wish {
  /** How long it may wait for another machine. */
  readonly waitMs: number;
  /** Whether the call may use this result. */
  readonly isFresh: (entry: Entry) => boolean;
  readonly isPinned: boolean;
  /** Told when another machine computes the result, and the call waits for it. */
  readonly onWait: () => void;
  /** Told when the result is stored here. */
  readonly onFetch: (bytes: number) => void;
}

/** A {@link Wish} of a caller who waits by promises. */
export interface LeavableWish extends Omit<Wish, "isFresh"> {
  readonly isFresh: (entry: Entry) => boolean | Promise<boolean>;
  readonly signal: AbortSignal;
}

/** The right to compute a result, and what becomes of it. */
export interface Turn {
  /** What the result takes the place of in the tier. */
  readonly replaces: Replaces;
  /** Whether somebody else had it before and has come to nothing, or is still at it. */
  readonly inVain: "takeover" | "waited" | undefined;
  /** The result is computed, and perhaps about to be sent. Resolves when nobody has the right. */
  end(): Promise<void>;
}

/** How far a call has come that looks for a result. */
interface Course {
  looks: number;
  replaces: Replaces;
  /** Until then the lease is somebody's, unless it is given back; by the performance clock, ms. */
  heldUntil: number;
}

/** Pauses between two looks at what another machine computes, ms. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;
/** Of so many looks one is at the lease. */
const LOOKS = 4;

export class SharedResults {
  readonly #tier: SharedTier;
  readonly #store: OpenedStore;
  readonly #inlineBytes: number;
  #attached: AttachedTier | undefined;
  /** What is being sent, by the name of the result. */
  readonly #sent = new Map<string, Promise<void>>();
  readonly #ending = new Set<Promise<void>>();
  /** For callers that are blocked; `null` when there can be none. */
  #agent: SharedAgent | null | undefined;

  constructor(tier: SharedTier, store: OpenedStore, inlineBytes: number) {
    this.#tier = tier;
    this.#store = store;
    this.#inlineBytes = inlineBytes;
    // An earlier process may have left something to be sent.
    setImmediate(() => this.#attach()).unref();
  }

  #attach(): AttachedTier {
    this.#attached ??= this.#tier.attach(this.#home());
    return this.#attached;
  }

  #home(): Home {
    const { location } = this.#store;
    return {
      folder: `${location}/shared`,
      inlineBytes: this.#inlineBytes,
      elementsOf: (kind, plain) =>
        isTypedKind(kind) ? (restore(kind, plain.slice().buffer) as never) : undefined,
      parcelOf: (row) => this.#parcelOf(row),
      warn: (code, message) => warnOnce(`${location} ${this.#tier.url}`, code, message),
    };
  }

  #parcelOf(row: Uint8Array): Parcel | undefined {
    const store = this.#store.forReading();
    const entry = store?.findRow(row);
    if (store === null || entry === undefined) return undefined;
    const address = addressOfRow(row, entry);
    return { address, entry, files: store.filesOf(address, entry) };
  }

  /**
   * Brings a result of others here, or else the right to compute it.
   *
   * @returns `"stored"` when it is in the cache now
   * @throws the reason of the signal, and nothing else
   */
  async bring(address: Address, wish: LeavableWish): Promise<"stored" | Turn> {
    const end = performance.now() + wish.waitMs;
    const course: Course = { looks: 0, replaces: "nothing", heldUntil: 0 };
    if (this.#agent?.isRemoving(address)) return this.#turn(address, course);
    try {
      for (;;) {
        const outcome = await this.#attempt(address, wish, course);
        if (outcome !== "held") return outcome;
        const leftMs = end - performance.now();
        if (leftMs <= 0) return this.#turn(address, { ...course, inVain: "waited" });
        await pause(Math.min(leftMs, pauseBefore(course.looks)), wish.signal);
        course.looks++;
      }
    } catch (error) {
      wish.signal.throwIfAborted();
      this.#warn(error);
      return this.#turn(address, course);
    }
  }

  /** Looks whether the result is there, and now and then whether it is anybody's to compute. */
  async #attempt(
    address: Address,
    wish: LeavableWish,
    course: Course,
  ): Promise<"stored" | "held" | Turn> {
    const found = await this.#look(address, wish);
    if (found === "stored") return found;
    course.replaces = found;
    if (course.looks % LOOKS !== 0 && performance.now() < course.heldUntil) return "held";
    const lease = await this.#attach().tryAcquire(address, wish.signal);
    if (lease === "unavailable") return this.#turn(address, course);
    if (!("heldForMs" in lease)) return this.#unlessStored(address, wish, { ...course, lease });
    course.heldUntil = performance.now() + lease.heldForMs;
    if (course.looks === 0) wish.onWait();
    return "held";
  }

  /** Who had the lease before may have sent the result since the last look. */
  async #unlessStored(
    address: Address,
    wish: LeavableWish,
    { replaces, lease, looks }: Course & { lease: TierLease },
  ): Promise<"stored" | Turn> {
    const inVain = lease.takenOver || looks > 0 ? ("takeover" as const) : undefined;
    const turn = this.#turn(address, { replaces, lease, inVain });
    // Nobody can have sent it since it was looked for.
    if (lease.fence === 1) return turn;
    try {
      const found = await this.#look(address, wish);
      if (found !== "stored") return { ...turn, replaces: found };
      turn.end();
      return found;
    } catch (error) {
      if (wish.signal.aborted) turn.end();
      wish.signal.throwIfAborted();
      this.#warn(error);
      return turn;
    }
  }

  /** @returns what a result would replace, if there is none that can be used */
  async #look(
    address: Address,
    { isFresh, isPinned, onFetch, signal }: LeavableWish,
  ): Promise<"stored" | Replaces> {
    const found = await this.#attach().look(address, signal);
    if (found === undefined) return "nothing";
    const { etag } = found;
    if ("refused" in found) {
      const message = `${address.name} in ${this.#tier.url} is refused: ${found.refused}. It is computed again.`;
      warnOnce(`${this.#tier.url} ${address.name}`, "SHARED_REFUSED", message);
      return { etag };
    }
    if (!(await isFresh(found.entry))) return { etag };
    const isStored = await this.#storeHere(address, found, isPinned);
    if (!isStored) return "nothing";
    onFetch(sizeOf(found.entry));
    return "stored";
  }

  async #storeHere(address: Address, { entry, files }: Found, isPinned: boolean): Promise<boolean> {
    const store = this.#store.forWriting();
    if (store === null) return false;
    await store.storing.adopt(address, entry, files, isPinned);
    return true;
  }

  #turn(
    { name }: Address,
    { replaces, lease, inVain }: { replaces: Replaces; lease?: TierLease; inVain?: Turn["inVain"] },
  ): Turn {
    const end = async () => {
      if (lease === undefined) return;
      const ending = (this.#sent.get(name) ?? Promise.resolve()).then(() => lease.release());
      this.#ending.add(ending);
      await ending.finally(() => this.#ending.delete(ending));
    };
    return { replaces, inVain, end };
  }

  /**
   * {@link bring} with the thread blocked, by an agent, which has the right then and renews it.
   *
   * @returns `undefined` where nobody can ask: the result may be computed then
   */
  bringSync(address: Address, wish: Wish): "stored" | Turn | undefined {
    if (this.isRemoving(address)) return undefined;
    if (this.#agent === undefined) this.#agent = startAgent(this.#tier, this.#store);
    return this.#agent?.bring(address, wish);
  }

  /** Has a stored result sent, in the background. */
  publish(address: Address, replaces: Replaces): Promise<void> {
    if (this.#agent?.publish(address, replaces)) return SENT_BY_AGENT;
    return this.#send(address, (tier) => tier.publish(address, replaces));
  }

  /** Has others forget a result, in the background. */
  remove(address: Address): Promise<void> {
    if (this.#agent?.remove(address)) return SENT_BY_AGENT;
    return this.#send(address, (tier) => tier.remove(address));
  }

  /** Resolves when it is sent, given up or put off. */
  async #send({ name }: Address, send: (tier: AttachedTier) => Promise<void>): Promise<void> {
    if (this.#store.readOnly) return;
    try {
      const sent = send(this.#attach());
      this.#sent.set(name, sent);
      await sent.finally(() => {
        if (this.#sent.get(name) === sent) this.#sent.delete(name);
      });
    } catch (error) {
      this.#warn(error);
    }
  }

  /** Whether news that a result is none any more is yet to be sent. */
  isRemoving(address: Address): boolean {
    return this.#attached?.isRemoving(address) ?? false;
  }

  /** Resolves when what was to be sent is sent, or cannot be for now: whether nothing is left. */
  async settled(): Promise<boolean> {
    await this.#attached?.settled();
    await Promise.all(this.#ending);
    return this.#attached?.isAllSent ?? true;
  }

  /** No timer does anything after that, until the next call. */
  rest(): void {
    this.#agent?.rest();
  }

  /** {@link settled}, and the agent has ended; the next call that needs one starts another. */
  async end(): Promise<void> {
    await Promise.all([this.settled(), this.#agent?.end()]);
    if (this.#agent?.isGone) this.#agent = undefined;
  }

  #warn(error: unknown): void {
    const code = error instanceof StoreError ? "SHARED_UNREACHABLE" : "SHARED_FAILED";
    const message = `${messageOf(error)}. Results are computed here meanwhile.`;
    warnOnce(`${this.#store.location} ${this.#tier.url}`, code, message);
  }
}

/** It tells itself when that is done. */
const SENT_BY_AGENT = Promise.resolve();

function sizeOf({ arrays }: Entry): number {
  return arrays.reduce(
    (sum, array) => sum + ("plain" in array ? array.plain.byteLength : array.cbytes),
    0,
  );
}

/** With jitter: many may be waiting for the same result. */
function pauseBefore(looks: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 1.5 ** looks) * (0.5 + Math.random());
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, ms);
    signal.addEventListener("abort", leave, { once: true });
  });
}
