/**
 * Results of other machines, for a caller who must not be harmed: what the shared tier cannot give is
 * computed, and what it does not take is told by a warning.
 */
import { messageOf, StoreError } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { decodeSeries } from "../store/series-row.ts";
import {
  type AttachedTier,
  type Found,
  type Home,
  type Parcel,
  type Refused,
  type Replaces,
  type SharedTier,
  type StoredItems,
  type TierLease,
  UnusableObject,
} from "../tier/shared-tier.ts";
import { addressOfRow } from "./address.ts";
import { asksForLease, type Looking, pause, pauseBefore } from "./looking.ts";
import type { OpenedStore } from "./opened-store.ts";
import { isTypedKind, restore } from "./result-arrays.ts";
import type { SeriesResults } from "./series-results.ts";
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
  /** Whether nothing newer is known of the result than what others may have. */
  readonly isCurrent: () => boolean;
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
interface Course extends Looking {
  replaces: Replaces;
}

export class SharedResults {
  readonly #tier: SharedTier;
  readonly #store: OpenedStore;
  readonly #series: SeriesResults;
  readonly #inlineBytes: number;
  #attached: AttachedTier | undefined;
  #hasBegun = false;
  /** What is being sent, by the name of the result. */
  readonly #sent = new Map<string, Promise<void>>();
  readonly #ending = new Set<Promise<void>>();
  /** For callers that are blocked; `null` when there can be none. */
  #agent: SharedAgent | null | undefined;

  constructor(tier: SharedTier, store: OpenedStore, series: SeriesResults, inlineBytes: number) {
    this.#tier = tier;
    this.#store = store;
    this.#series = series;
    this.#inlineBytes = inlineBytes;
    // Not unref'ed: a process that finds all it wants in its folder is to send it all the same.
    setImmediate(() => this.#begin());
  }

  /** Has sent what an earlier process may have left. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    void this.#tell(async () => undefined);
  }

  /** The tier, in use. */
  attached(): AttachedTier {
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
      seriesOf: (row) => this.#seriesOf(row),
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

  #seriesOf(key: Uint8Array): StoredItems | undefined {
    const entry = this.#store.forReading()?.findRow(key);
    const row = entry && decodeSeries(entry);
    if (entry === undefined || row === undefined) return undefined;
    const address = addressOfRow(key, entry);
    const read = async (start: number, stop: number) => {
      const plain = await this.#series.read(address, start, stop);
      return plain === "unreadable" ? undefined : plain;
    };
    return { address, row, read };
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
        await pause(Math.min(leftMs, pauseBefore(course)), wish.signal);
        course.looks++;
      }
    } catch (error) {
      wish.signal.throwIfAborted();
      this.warn(error);
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
    if (!asksForLease(course)) return "held";
    const wasHeld = course.heldUntil > 0;
    const lease = await this.attached().tryAcquire(address, wish.signal, wasHeld);
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
      this.warn(error);
      return turn;
    }
  }

  /** @returns what a result would replace, if there is none that can be used */
  async #look(address: Address, wish: LeavableWish): Promise<"stored" | Replaces> {
    const { isFresh, onFetch, signal } = wish;
    const found = await this.attached().look(address, signal);
    if (found === undefined) return "nothing";
    const { etag } = found;
    if ("refused" in found) return this.#refuse(address, found);
    if (!(await isFresh(found.entry))) return { etag };
    try {
      if (!(await this.#storeHere(address, found, wish))) return "nothing";
    } catch (error) {
      if (!(error instanceof UnusableObject)) throw error;
      return this.#refuse(address, { refused: error.message, etag });
    }
    onFetch(sizeOf(found.entry));
    return "stored";
  }

  #refuse(address: Address, refused: Refused): Replaces {
    this.warnOfRefusal(address, refused);
    return { etag: refused.etag };
  }

  async #storeHere(
    address: Address,
    { entry, files }: Found,
    { isPinned, isCurrent }: LeavableWish,
  ): Promise<boolean> {
    const store = this.#store.forWriting();
    if (store === null) return false;
    return store.storing.adopt(address, entry, files, { isPinned, isWanted: isCurrent });
  }

  #turn(
    address: Address,
    { replaces, lease, inVain }: { replaces: Replaces; lease?: TierLease; inVain?: Turn["inVain"] },
  ): Turn {
    return { replaces, inVain, end: () => this.release(address, lease) };
  }

  /** Lets others compute, as soon as they can find what was computed here. */
  async release({ name }: Address, lease: TierLease | undefined): Promise<void> {
    if (lease === undefined) return;
    const ending = (this.#sent.get(name) ?? Promise.resolve()).then(() => lease.release());
    this.#ending.add(ending);
    await ending.finally(() => this.#ending.delete(ending));
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
    return this.send(address, (tier) => tier.publish(address, replaces));
  }

  /** Has others forget a result, in the background. */
  remove(address: Address): Promise<void> {
    if (this.#agent?.remove(address)) return SENT_BY_AGENT;
    return this.send(address, (tier) => tier.remove(address));
  }

  /**
   * Has something sent in the background, which who releases a lease waits for; resolves when it is
   * sent, given up or put off.
   */
  async send({ name }: Address, send: (tier: AttachedTier) => Promise<void>): Promise<void> {
    if (this.#store.readOnly) return;
    const sent = this.#tell(send);
    this.#sent.set(name, sent);
    await sent.finally(() => {
      if (this.#sent.get(name) === sent) this.#sent.delete(name);
    });
  }

  async #tell(send: (tier: AttachedTier) => Promise<void>): Promise<void> {
    try {
      await send(this.attached());
    } catch (error) {
      this.warn(error);
    }
  }

  /** Whether news that a result is none any more is yet to be sent. */
  isRemoving(address: Address): boolean {
    return this.attached().isRemoving(address);
  }

  /** Resolves when what was to be sent is sent, or cannot be for now. */
  async settled(): Promise<void> {
    this.#begin();
    await this.#attached?.settled();
    await Promise.all(this.#ending);
  }

  /** No timer does anything after that, until the next call. */
  rest(): void {
    this.#agent?.rest();
    this.#detach();
  }

  /** What could not be sent is left on disk, for the next call or the next process. */
  #detach(): void {
    this.#attached?.end();
    this.#attached = undefined;
  }

  /** {@link settled}, and the agent has ended; the next call that needs one starts another. */
  async end(): Promise<void> {
    await Promise.all([this.settled(), this.#agent?.end()]);
    this.#detach();
    if (this.#agent?.isGone) this.#agent = undefined;
  }

  warnOfRefusal({ name }: Address, { refused }: Refused): void {
    const message = `${name} in ${this.#tier.url} is refused: ${refused}. It is computed again.`;
    warnOnce(`${this.#tier.url} ${name}`, "SHARED_REFUSED", message);
  }

  /** Says why a call goes on without the tier. */
  warn(error: unknown): void {
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
