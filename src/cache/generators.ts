/**
 * Memoized generators. What one yields is stored as it comes; a later call replays it, and goes on
 * from there: by the user's `resume`, or by the generator itself, begun again, of which as many
 * yields are passed over.
 */
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import { encodeSeries, type SeriesRow } from "../store/series-row.ts";
import type { Call } from "./call.ts";
import { asyncDisposable, disposable } from "./disposable.ts";
import type { AnyFunction } from "./function-kind.ts";
import type { FunctionResults } from "./function-results.ts";
import type { Packing } from "./packing.ts";
import { Recording } from "./recording.ts";
import type { SeriesResults } from "./series-results.ts";
import { Yields } from "./yields.ts";

/** What a generator is resumed behind. */
export interface StoredYields<Yield = unknown> {
  /** How many arrays. */
  readonly count: number;
  /** Elements of all of them. */
  readonly length: number;
  /** The last one. */
  readonly last: Yield;
}

const GeneratorFunction = function* () {}.constructor;
const AsyncGeneratorFunction = async function* () {}.constructor;

export function isGeneratorFunction(fn: AnyFunction): boolean {
  return fn instanceof GeneratorFunction || fn instanceof AsyncGeneratorFunction;
}

/** Elements that are read at a time. */
const BATCH_LENGTH = 128 * 1024;

/** How far a call has come. */
interface Position {
  count: number;
  length: number;
  last: TypedArray | undefined;
}

/** Some stored yields, or the end of them. */
interface Stretch {
  readonly row: SeriesRow;
  readonly yields: Yields;
  /** Lengths. */
  readonly lengths: readonly number[];
  /** Elements of all. */
  readonly total: number;
}

export class Generators {
  readonly fn: AnyFunction;
  readonly stored: FunctionResults;
  readonly #series: SeriesResults | undefined;
  readonly #packing: Packing | undefined;
  readonly #resume: AnyFunction | undefined;

  constructor(
    fn: AnyFunction,
    stored: FunctionResults,
    series: SeriesResults | undefined,
    options: { readonly packing: Packing | undefined; readonly resume: AnyFunction | undefined },
  ) {
    this.fn = fn;
    this.stored = stored;
    this.#series = series;
    this.#packing = options.packing;
    this.#resume = options.resume;
  }

  /** A generator as the function's own, which replays what is stored. */
  call(call: Call): unknown {
    const { self, args } = call;
    if (this.#series === undefined) return this.#bare(Reflect.apply(this.fn, self, args));
    const address = this.stored.addressOf(call);
    const recording = this.#recordingOf(call, address, this.#series);
    return this.fn instanceof AsyncGeneratorFunction
      ? asyncDisposable(this.#replayLater(call, address, recording))
      : disposable(this.#replay(call, address, recording));
  }

  /** The function's own generator, where nothing is stored. */
  #bare(generator: unknown): unknown {
    return this.fn instanceof AsyncGeneratorFunction
      ? asyncDisposable(generator as AsyncGenerator)
      : disposable(generator as Generator);
  }

  *#replay(
    call: Call,
    address: Address,
    recording: Recording,
  ): Generator<unknown, unknown, undefined> {
    const position: Position = { count: 0, length: 0, last: undefined };
    try {
      let end = yield* this.#storedYields(address, position);
      if (end === undefined) {
        recording.lock();
        // What somebody else has stored until now.
        end = yield* this.#storedYields(address, position);
      }
      this.#count(address, call, position, end);
      if (end !== undefined) return end.yields.returned;
      recording.openSync(position.count);
      return yield* this.#compute(call, position, recording);
    } finally {
      recording.closeSync();
    }
  }

  /** {@link #replay} off the main thread, as far as files go. */
  async *#replayLater(
    call: Call,
    address: Address,
    recording: Recording,
  ): AsyncGenerator<unknown, unknown, undefined> {
    const position: Position = { count: 0, length: 0, last: undefined };
    try {
      let end = yield* this.#storedYieldsLater(address, position);
      if (end === undefined) {
        recording.lock();
        end = yield* this.#storedYieldsLater(address, position);
      }
      this.#count(address, call, position, end);
      if (end !== undefined) return end.yields.returned;
      await recording.open(position.count);
      return yield* this.#computeLater(call, position, recording);
    } finally {
      await recording.close();
    }
  }

  /** Stored yields from the position on; returns the row of a generator that has ended. */
  *#storedYields(
    address: Address,
    position: Position,
  ): Generator<TypedArray, Stretch | undefined, undefined> {
    for (;;) {
      const stretch = this.#stretch(address, position);
      if (stretch === undefined || stretch.lengths.length === 0) return ended(stretch);
      const stop = position.length + stretch.total;
      const plain =
        stretch.total === 0 ? EMPTY : this.#series?.readSync(address, position.length, stop);
      const parts = partsOf(stretch, plain);
      if (parts === undefined) return undefined;
      for (const part of parts) yield passed(position, part);
    }
  }

  async *#storedYieldsLater(
    address: Address,
    position: Position,
  ): AsyncGenerator<TypedArray, Stretch | undefined, undefined> {
    for (;;) {
      const stretch = this.#stretch(address, position);
      if (stretch === undefined || stretch.lengths.length === 0) return ended(stretch);
      const stop = position.length + stretch.total;
      const plain =
        stretch.total === 0 ? EMPTY : await this.#series?.read(address, position.length, stop);
      const parts = partsOf(stretch, plain);
      if (parts === undefined) return undefined;
      for (const part of parts) yield passed(position, part);
    }
  }

  /** The next stored yields: none where they end, `undefined` where nothing can go on from there. */
  #stretch(address: Address, { count, length }: Position): Stretch | undefined {
    const row = this.#series?.find(address);
    if (row === undefined) return undefined;
    const yields = Yields.of(row.note);
    const lengths: number[] = [];
    let total = 0;
    for (const span of yields.spans(count)) {
      // Forgotten and begun anew, with other yields.
      if (lengths.length === 0 && span.start !== length) return undefined;
      lengths.push(span.length);
      total += span.length;
      if (total >= BATCH_LENGTH) break;
    }
    return yields.count < count ? undefined : { row, yields, lengths, total };
  }

  /** What goes on behind the position, and how many yields of it are to be passed over. */
  #sourceOf({ self, args }: Call, { count, length, last }: Position) {
    if (this.#resume === undefined || count === 0) {
      return { source: Reflect.apply(this.fn, self, args) as unknown, skip: count };
    }
    const stored: StoredYields = { count, length, last: last?.slice() };
    return { source: Reflect.apply(this.#resume, self, [stored, ...args]) as unknown, skip: 0 };
  }

  *#compute(
    call: Call,
    position: Position,
    recording: Recording,
  ): Generator<unknown, unknown, undefined> {
    const { source, skip } = this.#sourceOf(call, position);
    const iterator = (source as Iterable<unknown>)[Symbol.iterator]();
    let isOver = false;
    try {
      for (let n = 0; ; n++) {
        recording.begin();
        isOver = true;
        const { done, value } = iterator.next();
        if (done === true) {
          recording.endSync(value);
          return value;
        }
        isOver = false;
        if (n < skip) continue;
        recording.addSync(value);
        yield value;
      }
    } finally {
      // One that threw, or has ended, has closed itself.
      if (!isOver) iterator.return?.();
    }
  }

  async *#computeLater(
    call: Call,
    position: Position,
    recording: Recording,
  ): AsyncGenerator<unknown, unknown, undefined> {
    const { source, skip } = this.#sourceOf(call, position);
    const iterator = (source as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    let isOver = false;
    try {
      for (let n = 0; ; n++) {
        recording.begin();
        isOver = true;
        const { done, value } = await iterator.next();
        if (done === true) {
          await recording.end(value);
          return value;
        }
        isOver = false;
        if (n < skip) continue;
        await recording.add(value);
        yield value;
      }
    } finally {
      if (!isOver) await iterator.return?.();
    }
  }

  #recordingOf(call: Call, address: Address, series: SeriesResults): Recording {
    const { stored } = this;
    return new Recording({
      ...{ series, address, packing: this.#packing },
      addressNow: () => stored.addressOf(call),
      identity: stored.identify(call.self),
      notes: stored.notesOf(call),
      note: (isStored, durationMs) => stored.noteYields(address, call.self, isStored, durationMs),
    });
  }

  #count(address: Address, { self }: Call, position: Position, end: Stretch | undefined): void {
    this.#series?.used(address);
    if (end === undefined) {
      this.stored.missed(address, self, position.count === 0 ? "absent" : "incomplete");
    } else {
      this.stored.hit(address, encodeSeries(end.row), { value: undefined });
    }
  }
}

const EMPTY = new ArrayBuffer(0);

function ended(stretch: Stretch | undefined): Stretch | undefined {
  return stretch?.yields.isDone === true ? stretch : undefined;
}

/** The arrays of a stretch, each in memory of its own; `undefined` when they cannot be read. */
function partsOf(
  { yields, lengths, total, row }: Stretch,
  plain: ArrayBuffer | string | undefined,
): TypedArray[] | undefined {
  const isWhole = typeof plain === "object" && plain.byteLength === total * row.kind.itemBytes;
  if (!isWhole) return undefined;
  const all = yields.view(plain);
  let at = 0;
  return lengths.map((length) => {
    const start = at;
    at += length;
    return all.slice(start, at);
  });
}

function passed(position: Position, part: TypedArray): TypedArray {
  position.count++;
  position.length += part.length;
  // The consumer may change what it is given.
  position.last = part.slice();
  return part;
}
