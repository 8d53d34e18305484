/** A result that grows, for who reads what is stored of it and has not the function that extends it. */
import { StoreError } from "../errors.ts";
import { parseSimpleDtype, type TypedArray } from "../format/dtype.ts";
import { halfToFloat32 } from "../format/half.ts";
import type { Ndarray } from "../format/ndarray.ts";
import type { Address } from "../store/address.ts";
import { decodeSeries, lengthOf, type SeriesKind } from "../store/series-row.ts";
import type { Results } from "./results.ts";
import { sliceOf } from "./series-operations.ts";
import { SeriesResults } from "./series-results.ts";
import { gone } from "./unread.ts";

/** Plain bytes that are read at a time. */
const PART_BYTES = 1024 * 1024;

export class StoredSeries {
  /** numpy's name of the items' elements. */
  readonly dtype: string;
  /** Of one item; `[]` for a number. */
  readonly itemShape: readonly number[];
  /** Bytes of an item. */
  readonly itemBytes: number;
  readonly #series: SeriesResults;
  readonly #address: Address;

  private constructor(results: Results, address: Address, kind: SeriesKind) {
    this.dtype = kind.dtype;
    this.itemShape = kind.itemShape;
    this.itemBytes = kind.itemBytes;
    this.#series = new SeriesResults(results);
    this.#address = address;
  }

  /** `undefined` for a result of another kind, and where there is none. */
  static find(results: Results, address: Address): StoredSeries | undefined {
    const entry = results.find(address);
    const row = entry && decodeSeries(entry);
    return row && new StoredSeries(results, address, row.kind);
  }

  /** How many items are committed now; `undefined` when the series was forgotten. */
  length(): number | undefined {
    const row = this.#series.find(this.#address);
    return row && lengthOf(row);
  }

  /**
   * The elements of the items from `start` to `stop`, or as far as they are committed, in memory of
   * their own; halves as single-precision numbers. `undefined` when there are none or they cannot be
   * read.
   */
  async read(start: number, stop: number): Promise<TypedArray | undefined> {
    const values = await this.#read(start, stop);
    return values && this.dtype === "<f2" ? halfToFloat32(values) : values;
  }

  /** All items as one array; `undefined` when they cannot be read. */
  async whole(): Promise<Omit<Ndarray, "order"> | undefined> {
    const { dtype, itemShape } = this;
    const length = this.length() ?? 0;
    const data = await this.#read(0, length);
    return data && { data, dtype, shape: [length, ...itemShape] };
  }

  /**
   * Elements of all items, flat, from `start` to `stop` as of `TypedArray.prototype.slice`, in memory
   * of their own.
   *
   * @throws {StoreError} when the series was forgotten, or cannot be read
   */
  async elements(start = 0, stop: number = Number.POSITIVE_INFINITY): Promise<TypedArray> {
    const length = this.length();
    if (length === undefined) throw gone(this.#address.name);
    const { array } = parseSimpleDtype(this.dtype);
    const perItem = this.itemBytes / array.BYTES_PER_ELEMENT;
    const [from, to] = sliceOf(length * perItem, { start, stop });
    if (from >= to) return new array(new ArrayBuffer(0), 0, 0);
    const first = Math.floor(from / perItem);
    const values = await this.#read(first, Math.ceil(to / perItem));
    if (values === undefined) throw this.#unread();
    return values.slice(from - first * perItem, to - first * perItem);
  }

  /**
   * All items as {@link elements} gives them, some at a time.
   *
   * @param check asked before each part is read
   */
  async *parts(check: () => void): AsyncGenerator<TypedArray, void, undefined> {
    const batch = Math.max(1, Math.floor(PART_BYTES / this.itemBytes));
    for (let at = 0; ; ) {
      check();
      const values = await this.#read(at, at + batch);
      if (values === undefined) {
        if (this.length() !== at) throw this.#unread();
        return;
      }
      at += values.byteLength / this.itemBytes;
      yield values;
    }
  }

  #unread(): StoreError {
    const { name } = this.#address;
    if (this.length() === undefined) return gone(name);
    return new StoreError("read", name, new Error("it is in the cache, but cannot be read"));
  }

  async #read(start: number, stop: number): Promise<TypedArray | undefined> {
    const plain = await this.#series.read(this.#address, start, stop);
    const { array } = parseSimpleDtype(this.dtype);
    return typeof plain === "object"
      ? new array(plain, 0, plain.byteLength / array.BYTES_PER_ELEMENT)
      : undefined;
  }
}
