/** `bloscache tail`: the end of a result that grows, and what comes behind it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Shelved } from "../../cache/shelved.ts";
import type { StoredSeries } from "../../cache/stored-series.ts";
import type { TypedArray } from "../../format/dtype.ts";
import { CliError } from "../failure.ts";
import type { Session } from "../session.ts";
import { chooseResult } from "./choice.ts";
import { itemJson, itemText, realShape, sizeOf } from "./item-text.ts";
import { openCache } from "./open-cache.ts";
import { Output } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { shortKey } from "./words.ts";

/** Where to begin: so many items before the end, or with the item of a number, from 0. */
export type TailStart = { readonly last: number } | { readonly first: number };

interface TailOptions extends GlobalOptions {
  readonly items?: TailStart;
  readonly follow?: true;
  /** How often to look for more, ms. */
  readonly interval?: number;
}

const LAST = 10;
/** As often as a series is committed, more or less. */
const INTERVAL_MS = 200;
/** Plain bytes that are read at a time. */
const BATCH_BYTES = 1024 * 1024;

export async function tail(
  { signal }: Session,
  [key]: [string],
  { items = { last: LAST }, follow, interval = INTERVAL_MS, ...options }: TailOptions,
): Promise<void> {
  const { memory } = openCache(options);
  const growing = new Growing(chooseResult(memory, key));
  let length = growing.length();
  let at = "first" in items ? items.first : Math.max(0, length - items.last);
  const output = new Output();
  for (;;) {
    while (at < length) {
      const stop = Math.min(length, at + growing.batch);
      const values = await growing.read(at, stop);
      const lines = growing.lines(values, at, options.json === true);
      await unlessAborted(output.lines(lines), signal);
      at = stop;
    }
    await unlessAborted(output.end(), signal);
    if (follow !== true) return;
    await unlessAborted(sleep(interval), signal);
    length = growing.length();
  }
}

/** A pipe that nobody reads takes for ever. @throws the signal's reason */
function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener("abort", leave);
    const stay = () => signal.removeEventListener("abort", leave);
    work.finally(stay).then(resolve, reject);
  });
}

/** A series while it is followed. */
class Growing {
  /** Items that are read at a time. */
  readonly batch: number;
  readonly #key: string;
  readonly #series: StoredSeries;
  readonly #shape: readonly number[];
  /** How long it has been. */
  #longest = 0;

  /** @throws {CliError} for a result that does not grow */
  constructor(handle: Shelved) {
    const series = handle.series();
    this.#key = shortKey(handle.key);
    if (series === undefined) {
      throw new CliError(`the result ${this.#key} is no series: bloscache show prints it`);
    }
    this.#series = series;
    this.#shape = realShape(series.dtype, series.itemShape);
    this.batch = Math.max(1, Math.floor(BATCH_BYTES / series.itemBytes));
  }

  /** Items that are committed. @throws {CliError} when it was forgotten meanwhile, or begun anew */
  length(): number {
    const length = this.#series.length();
    if (length === undefined) throw new CliError(`the series ${this.#key} is gone`);
    if (length < this.#longest) throw new CliError(`the series ${this.#key} was begun anew`);
    this.#longest = length;
    return length;
  }

  /** REQUIRES: `stop` is not beyond the length. @throws {CliError} when they cannot be read */
  async read(start: number, stop: number): Promise<TypedArray> {
    const values = await this.#series.read(start, stop);
    if (values?.length === (stop - start) * sizeOf(this.#shape)) return values;
    this.length(); // it may be gone
    throw new CliError(`the series ${this.#key} cannot be read: bloscache verify tells why`);
  }

  /** @param first number of the first item */
  *lines(values: TypedArray, first: number, isJson: boolean): Generator<string, void, undefined> {
    const items = { values, shape: this.#shape };
    const count = values.length / sizeOf(this.#shape);
    for (let n = 0; n < count; n++) {
      yield isJson ? `{"item":${first + n},"value":${itemJson(items, n)}}` : itemText(items, n);
    }
  }
}
