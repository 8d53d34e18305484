/** The series of one `incremental`: what is stored of them is given, what is missing computed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import { lengthOf, type SeriesRow } from "../store/series-row.ts";
import type { SeriesWriter } from "../store/series-writer.ts";
import { isUnchanged, REST_UNSTORED, warnOfChange } from "./changed-arguments.ts";
import type { CacheEvent, Events, MissReason } from "./events.ts";
import { Extension, type Start, type Work } from "./extension.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { Packing } from "./packing.ts";
import type { SeriesItems } from "./series-items.ts";
import { noteValue } from "./series-note.ts";
import type { SeriesLock, SeriesResults } from "./series-results.ts";
import type { SeriesTurn, SharedSeries } from "./shared-series.ts";
import type { Counters } from "./stats.ts";

/** What all series of one `incremental` share. */
export interface SeriesPlan extends Pick<Work, "tail" | "commitMs" | "extend"> {
  readonly identity: FunctionIdentity;
  readonly items: SeriesItems;
  readonly packing: Packing | undefined;
  readonly waitMs: number;
  /** `undefined` where the cache is disabled. */
  readonly stored: SeriesResults | undefined;
  /** What other machines have; `undefined` without a shared tier. */
  readonly shared: SharedSeries | undefined;
  readonly counters: Counters;
  readonly events: Events;
}

/** One request. */
export interface SeriesCall {
  readonly address: Address;
  /** The address that the arguments make now. */
  readonly addressNow: () => Address;
  readonly args: unknown;
  readonly signal: AbortSignal | undefined;
  /** As rows keep them. */
  readonly summary: string;
  readonly tags: string;
}

/** The right to extend, on this machine and of all that share its tier. */
interface Right extends SeriesLock, Partial<Pick<SeriesTurn, "committed">> {}

/** Plain bytes that are read at a time. */
const BATCH_BYTES = 8 * 1024 * 1024;
/** So late is noticed, at most, what another process committed, ms. */
const LONGEST_PAUSE_MS = 10;

export class Series {
  readonly #plan: SeriesPlan;

  constructor(plan: SeriesPlan) {
    this.#plan = plan;
  }

  /** The first `length` items, in memory of their own. */
  async whole(call: SeriesCall, length: number): Promise<TypedArray> {
    const { stored, items } = this.#plan;
    call.signal?.throwIfAborted();
    this.#count(call, length);
    if ((stored?.length(call.address) ?? 0) >= length) {
      const plain = await stored?.read(call.address, 0, length);
      const isThere = typeof plain === "object" && plain.byteLength === length * items.nbytes;
      if (isThere) return items.view(plain);
    }
    const whole = items.allocate(length);
    let at = 0;
    for await (const part of this.#feed(call, 0, length)) {
      whole.set(part as never, at);
      at += part.length;
    }
    return whole;
  }

  /** Items from `start` to `stop`, part by part, each in memory of its own. */
  stream(
    call: SeriesCall,
    start: number,
    stop: number,
  ): AsyncGenerator<TypedArray, void, undefined> {
    this.#count(call, stop);
    return this.#feed(call, start, stop);
  }

  /** Has `length` items stored; how many are. */
  async extend(call: SeriesCall, length: number): Promise<number> {
    call.signal?.throwIfAborted();
    this.#count(call, length);
    const lengthNow = () => this.#plan.stored?.length(call.address) ?? 0;
    const from = lengthNow();
    if (from < length) {
      for await (const _part of this.#feed(call, from, length)) {
        // They are stored, and nobody wants them now.
      }
    }
    return lengthNow();
  }

  /** Whether a request is a hit, and what of it is missing, if not. */
  #count(call: SeriesCall, length: number): void {
    const { stored, counters } = this.#plan;
    stored?.used(call.address);
    const row = stored?.find(call.address);
    if (row !== undefined && (stored?.length(call.address) ?? 0) >= length) {
      counters.hit(row.durationMs);
      this.#emit(call, { type: "hit", savedMs: row.durationMs });
      return;
    }
    const reason: MissReason = row === undefined ? "absent" : "incomplete";
    counters.miss(reason);
    this.#emit(call, { type: "miss", reason });
  }

  async *#feed(
    call: SeriesCall,
    start: number,
    stop: number,
  ): AsyncGenerator<TypedArray, void, undefined> {
    const { items, stored } = this.#plan;
    const batch = Math.max(1, Math.floor(BATCH_BYTES / items.nbytes));
    let at = start;
    while (at < stop) {
      call.signal?.throwIfAborted();
      const plain = await stored?.read(call.address, at, Math.min(stop, at + batch));
      if (typeof plain === "object") {
        at += plain.byteLength / items.nbytes;
        yield items.view(plain);
        continue;
      }
      // What is there and cannot be read may be as good as ever: it is left alone.
      const isUnreadable = plain === "unreadable";
      const right = isUnreadable ? undefined : await this.#turn(call, at);
      if (right === "grown") continue;
      const run = this.#run(call, right, stop, isUnreadable);
      for await (const { from, data } of run) {
        const part = cut(data, (at - from) * items.elements, (stop - from) * items.elements);
        at += part.length / items.elements;
        if (part.length > 0) yield part;
      }
    }
  }

  /** The right to extend; `"grown"` when there is more than `at` by now; `undefined` without either. */
  async #turn(call: SeriesCall, at: number): Promise<Right | "grown" | undefined> {
    const { stored, waitMs } = this.#plan;
    const { address, signal } = call;
    if (stored === undefined) return undefined;
    const start = performance.now();
    for (let isFirst = true; ; isFirst = false) {
      const lock = stored.tryLock(address);
      if (stored.length(address) > at) {
        lock?.release();
        return "grown";
      }
      if (lock === null) return undefined;
      const waitedMs = performance.now() - start;
      if (lock !== undefined) return this.#bring(call, at, lock, Math.max(0, waitMs - waitedMs));
      if (waitedMs >= waitMs) return undefined;
      if (isFirst) this.#emit(call, { type: "wait" });
      await sleep(Math.min(LONGEST_PAUSE_MS, 1 + waitedMs / 20));
      signal?.throwIfAborted();
    }
  }

  /** What other machines have, or else the right to extend of all of them. */
  async #bring(
    call: SeriesCall,
    at: number,
    lock: SeriesLock,
    waitMs: number,
  ): Promise<Right | "grown"> {
    const { shared, identity, counters } = this.#plan;
    const { address, signal } = call;
    if (shared === undefined) return lock;
    let turn: SeriesTurn | "grown" | undefined;
    try {
      const onWait = () => this.#emit(call, { type: "wait" });
      const onFetch = (bytes: number) => {
        counters.fetched();
        this.#emit(call, { type: "fetch", bytes });
      };
      const told = { onWait, onFetch, series: this.#newSeries(call) };
      turn = await shared.bring({ address, identity, at, waitMs, signal, ...told });
    } finally {
      if (typeof turn !== "object") lock.release();
    }
    if (turn === "grown") return turn;
    const { committed, end } = turn;
    const release = () => {
      lock.release();
      end();
    };
    return { committed, release };
  }

  /** Computes from where the series ends until there are `to` items; without a lock nothing is stored. */
  async *#run(call: SeriesCall, right: Right | undefined, to: number, anew: boolean) {
    const { stored, identity } = this.#plan;
    let writer: SeriesWriter | undefined;
    try {
      const row = anew ? undefined : stored?.find(call.address);
      const start = await this.#startAt(call.address, row);
      const hasRow = stored?.find(call.address) !== undefined;
      // What is there and cannot be read may be as good as ever: nothing is put in its place.
      if (right !== undefined && hasRow === start.length > 0) {
        writer = await stored?.write(call.address, identity, this.#newSeries(call));
        // Somebody may have forgotten it just now: what comes is not its beginning.
        if (writer !== undefined && lengthOf(writer.row) !== start.length) {
          writer.close();
          writer = undefined;
        }
      }
      let from = start.length;
      const extension = new Extension(
        this.#workOf(call, right, () => writer),
        start,
      );
      for await (const data of extension.pieces(to)) {
        yield { from, data };
        from += data.length / this.#plan.items.elements;
      }
    } finally {
      writer?.close();
      right?.release();
    }
  }

  async #startAt(address: Address, row: SeriesRow | undefined): Promise<Start> {
    const { items, tail, stored } = this.#plan;
    const nothing = { length: 0, tail: items.allocate(0), state: undefined };
    if (row === undefined) return nothing;
    // Of this very row, as the state is: others may have committed more by now.
    const length = lengthOf(row);
    const state = noteValue(row.note);
    const isLost = state === undefined && row.note.text !== "";
    if (isLost || length === 0) return nothing;
    if (tail === 0) return { ...nothing, length, state };
    const from = Math.max(0, length - tail);
    const plain = await stored?.read(address, from, length);
    const isThere =
      typeof plain === "object" && plain.byteLength === (length - from) * items.nbytes;
    return isThere ? { length, tail: items.view(plain), state } : nothing;
  }

  #workOf(
    call: SeriesCall,
    right: Right | undefined,
    writerNow: () => SeriesWriter | undefined,
  ): Work {
    const { args, signal, address, addressNow } = call;
    const { identity, items, tail, commitMs, extend, stored, counters } = this.#plan;
    let isStoring = true;
    return {
      ...{ id: identity.id, args, signal, items, tail, commitMs, extend },
      commit: async (increment) => {
        const { durationMs } = increment;
        counters.computed(durationMs);
        const writer = isStoring ? writerNow() : undefined;
        if (writer !== undefined && !isUnchanged(address, addressNow)) {
          warnOfChange(identity.id, REST_UNSTORED);
          isStoring = false;
        }
        const done = isStoring && writer && (await stored?.commit(writer, increment, identity));
        isStoring = done === true;
        if (isStoring) {
          counters.stored();
          right?.committed?.(increment.plain.byteLength);
        }
        this.#emit(call, isStoring ? { type: "store", durationMs } : UNSTORED);
      },
    };
  }

  #newSeries({ summary, tags }: SeriesCall) {
    const { identity, items, packing } = this.#plan;
    const { id: functionId, version, recorded: functionVersion = version } = identity;
    const { dtype, shape: itemShape } = items;
    return { dtype, itemShape, functionId, functionVersion, summary, tags, packing };
  }

  #emit({ address }: SeriesCall, event: OwnEvent): void {
    const { events, identity } = this.#plan;
    if (events.isHeard) events.emit({ id: identity.id, key: address.name, ...event } as CacheEvent);
  }
}

type OwnEvent = CacheEvent extends infer E
  ? E extends unknown
    ? Omit<E, "id" | "key">
    : never
  : never;

const UNSTORED = { type: "unstored", declined: false } as const;

/** Elements of an array, which all of it is if it can be. */
function cut(data: TypedArray, start: number, stop: number): TypedArray {
  const [from, to] = [Math.max(0, start), Math.min(data.length, Math.max(0, stop))];
  if (from === 0 && to === data.length) return data;
  return data.slice(Math.min(from, to), to);
}
