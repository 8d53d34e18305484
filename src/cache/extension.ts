/** One run of a user's `extend`: asks for items, keeps those that come, commits them now and then. */
import type { TypedArray } from "../format/dtype.ts";
import { isTypedArray } from "../format/ndarray.ts";
import type { SeriesNote } from "../store/series-row.ts";
import type { SeriesItems } from "./series-items.ts";
import { NO_NOTE, noteOf } from "./series-note.ts";

/** What `extend` is told. */
export interface Extending<Args = unknown, Items extends TypedArray = TypedArray, State = unknown> {
  readonly args: Args;
  /** Number of the first item that is missing. */
  readonly from: number;
  /** Number of the item at which to stop; more may be given, and is kept. */
  readonly to: number;
  /** The last items before `from`: as many as option `tail` says, fewer where there are fewer. */
  readonly tail: Items;
  /** What was given together with the last of them; `undefined` at the start. */
  readonly state: State | undefined;
  /** Of the call that needs the items. */
  readonly signal: AbortSignal | undefined;
}

/** Items, and perhaps what is needed to go on behind them. */
export type SeriesPiece<Items extends TypedArray = TypedArray, State = unknown> =
  | Items
  | { readonly data: Items; readonly state?: State };

type Pieces<Items extends TypedArray, State> =
  | SeriesPiece<Items, State>
  | Iterable<SeriesPiece<Items, State>>
  | AsyncIterable<SeriesPiece<Items, State>>;

/** What `extend` gives: some items, or an iterable of such, of promises or not. */
export type Extended<Items extends TypedArray = TypedArray, State = unknown> =
  | Pieces<Items, State>
  | PromiseLike<Pieces<Items, State>>;

/** So much is committed at once, where it comes faster than time passes, plain bytes. */
const COMMIT_BYTES = 4 * 1024 * 1024;

/** Where a run begins. */
export interface Start {
  /** Items that there are. */
  readonly length: number;
  readonly tail: TypedArray;
  readonly state: unknown;
}

/** What a run is of. */
export interface Work {
  readonly id: string;
  readonly args: unknown;
  readonly signal: AbortSignal | undefined;
  readonly items: SeriesItems;
  /** Items of {@link Extending.tail}. */
  readonly tail: number;
  readonly commitMs: number;
  readonly extend: (call: never) => unknown;
  /** Takes over items that come, in their order; what it throws ends the run. */
  readonly commit: (increment: {
    readonly plain: Uint8Array;
    readonly note: SeriesNote;
    readonly durationMs: number;
  }) => Promise<void>;
}

export class Extension {
  readonly #work: Work;
  #length: number;
  #tail: TypedArray;
  #state: unknown;
  /** What was given and is not committed. */
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #note: SeriesNote = NO_NOTE;
  /** Time in the user's code since the last commit, ms. */
  #computedMs = 0;
  #committed = performance.now();

  constructor(work: Work, { length, tail, state }: Start) {
    this.#work = work;
    this.#length = length;
    this.#tail = tail;
    this.#state = state;
  }

  /**
   * Items from the start on until there are `to`, or some more. Leaving commits what has come, as
   * does everything that ends it.
   *
   * @throws what `extend` throws; {@link TypeError}, {@link RangeError} for what are no items; the
   *   signal's reason
   */
  async *pieces(to: number): AsyncGenerator<TypedArray, void, undefined> {
    const { id } = this.#work;
    try {
      while (this.#length < to) {
        const before = this.#length;
        yield* this.#round(to);
        if (this.#length > before) continue;
        throw new RangeError(`extend of "${id}" gave no items: there are ${before}, of ${to}`);
      }
    } finally {
      await this.#commit();
    }
  }

  async *#round(to: number): AsyncGenerator<TypedArray, void, undefined> {
    const { args, signal, extend } = this.#work;
    const call: Extending = {
      ...{ args, to, signal },
      ...{ from: this.#length, tail: this.#tail.slice(), state: this.#state },
    };
    let resumed = performance.now();
    for await (const piece of piecesOf(extend(call as never))) {
      this.#computedMs += performance.now() - resumed;
      const data = this.#take(piece);
      if (this.#isDue()) await this.#commit();
      yield data;
      signal?.throwIfAborted();
      if (this.#length >= to) return;
      resumed = performance.now();
    }
  }

  /** A copy of the items: the user may use the memory again. */
  #take(piece: unknown): TypedArray {
    const { id, items, tail } = this.#work;
    const { data, state } = isTypedArray(piece) ? { data: piece } : partsOf(piece);
    const count = items.count(data, id);
    const own = (data as TypedArray).slice();
    // As it is now: a generator goes on with the same object.
    this.#note = noteOf(state);
    this.#state = state;
    this.#pending.push(bytesOf((data as TypedArray).slice()));
    this.#pendingBytes += own.byteLength;
    this.#length += count;
    this.#tail = lastOf(this.#tail, own, tail * items.elements);
    return own;
  }

  #isDue(): boolean {
    if (this.#pendingBytes >= COMMIT_BYTES) return true;
    return performance.now() - this.#committed >= this.#work.commitMs;
  }

  async #commit(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const increment = {
      plain:
        this.#pending.length === 1
          ? (this.#pending[0] as Uint8Array)
          : Buffer.concat(this.#pending),
      note: this.#note,
      durationMs: this.#computedMs,
    };
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#computedMs = 0;
    await this.#work.commit(increment);
    this.#committed = performance.now();
  }
}

function partsOf(piece: unknown): { data?: unknown; state?: unknown } {
  return typeof piece === "object" && piece !== null ? piece : { data: piece };
}

function bytesOf({ buffer, byteOffset, byteLength }: TypedArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The last elements of two arrays behind one another. */
function lastOf(before: TypedArray, after: TypedArray, count: number): TypedArray {
  if (count === 0) return after.slice(0, 0);
  if (after.length >= count) return after.slice(-count);
  const kept = before.slice(Math.max(0, before.length + after.length - count));
  const both = new (after.constructor as new (length: number) => TypedArray)(
    kept.length + after.length,
  );
  both.set(kept as never);
  both.set(after as never, kept.length);
  return both;
}

/** What `extend` gave, one after another. */
async function* piecesOf(given: unknown): AsyncGenerator<unknown, void, undefined> {
  const awaited = await given;
  if (isTypedArray(awaited) || typeof awaited !== "object" || awaited === null) {
    yield awaited;
  } else if (Symbol.asyncIterator in awaited || Symbol.iterator in awaited) {
    yield* awaited as AsyncIterable<unknown>;
  } else {
    yield awaited;
  }
}
