/**
 * Series by address, for a caller who must not be harmed: what cannot be read is not there, what
 * cannot be stored is a warning. And the right to extend one, which one caller has at a time.
 */
import type { Address } from "../store/address.ts";
import { NO_LEASE } from "../store/leases.ts";
import { encodeSeries, lengthOf, type SeriesRow } from "../store/series-row.ts";
import type { NewSeries } from "../store/series-store.ts";
import type { Increment, SeriesWriter } from "../store/series-writer.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { Results } from "./results.ts";

/** A file that others write anew and anew is read at one of so many attempts, or not. */
const ATTEMPTS = 5;

/** Some items, none, or some that are not to be had. */
type Read = ArrayBuffer | "unreadable" | undefined;

/** The right to extend a series. */
export interface SeriesLock {
  release(): void;
}

export class SeriesResults {
  readonly #results: Results;

  constructor(results: Results) {
    this.#results = results;
  }

  /** What is committed. */
  find(address: Address): SeriesRow | undefined {
    try {
      return this.#results.series()?.find(address);
    } catch (error) {
      this.#results.damage.found(address, undefined, error);
      return undefined;
    }
  }

  /** Somebody asks for some of it. */
  used(address: Address): void {
    this.#results.series()?.used(address);
  }

  /** Items committed. */
  length(address: Address): number {
    const row = this.find(address);
    return row === undefined ? 0 : lengthOf(row);
  }

  /**
   * The plain bytes of items from `start` to `stop`, or as far as they are committed; `undefined`
   * when none are, as of a series that turns out damaged; `"unreadable"` when they are there and
   * cannot be read.
   */
  async read(address: Address, start: number, stop: number): Promise<Read> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const row = this.find(address);
      if (row === undefined || lengthOf(row) <= start) return undefined;
      const [from, to] = rangeOf(row, start, stop);
      try {
        const part = await this.#results.series()?.read(address, row, from, to);
        if (part?.isShown === false) await this.#mend(address);
        return part?.plain;
      } catch (error) {
        if (!this.#isReplaced(address, row)) {
          this.#results.damage.found(address, encodeSeries(row), error);
          return this.find(address) === undefined ? undefined : "unreadable";
        }
      }
    }
    return "unreadable";
  }

  /** {@link read}, synchronously. */
  readSync(address: Address, start: number, stop: number): Read {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const row = this.find(address);
      if (row === undefined || lengthOf(row) <= start) return undefined;
      const [from, to] = rangeOf(row, start, stop);
      try {
        return this.#results.series()?.readSync(address, row, from, to).plain;
      } catch (error) {
        if (!this.#isReplaced(address, row)) {
          this.#results.damage.found(address, encodeSeries(row), error);
          return this.find(address) === undefined ? undefined : "unreadable";
        }
      }
    }
    return "unreadable";
  }

  /** Whether the row is another by now: what was read may have been taken away meanwhile. */
  #isReplaced(address: Address, row: SeriesRow): boolean {
    const now = this.find(address);
    return now?.stamp !== row.stamp || now.createdMs !== row.createdMs;
  }

  /** The right to extend; `undefined` while somebody else has it, `null` where nobody can be kept out. */
  tryLock(address: Address): SeriesLock | null | undefined {
    const lease = this.#results.leases.tryAcquireAlone(address);
    return lease === NO_LEASE ? null : lease;
  }

  /** A writer of the series, or of what there is of it. REQUIRES: the caller has its lock. */
  async write(
    address: Address,
    identity: FunctionIdentity,
    series: NewSeries,
  ): Promise<SeriesWriter | undefined> {
    const row = this.find(address);
    try {
      return await this.#results.series(true)?.write(address, series, row);
    } catch (error) {
      if (row === undefined) this.#results.reportUnstored(identity, error);
      else this.#results.damage.found(address, encodeSeries(row), error);
      return undefined;
    }
  }

  /** {@link write}, synchronously. */
  writeSync(
    address: Address,
    identity: FunctionIdentity,
    series: NewSeries,
  ): SeriesWriter | undefined {
    const row = this.find(address);
    try {
      return this.#results.series(true)?.writeSync(address, series, row);
    } catch (error) {
      if (row === undefined) this.#results.reportUnstored(identity, error);
      else this.#results.damage.found(address, encodeSeries(row), error);
      return undefined;
    }
  }

  /** Whether the items are committed now. */
  async commit(
    writer: SeriesWriter,
    increment: Increment,
    identity: FunctionIdentity,
  ): Promise<boolean> {
    try {
      await writer.commit(increment);
      return true;
    } catch (error) {
      this.#results.reportUnstored(identity, error);
      return false;
    }
  }

  /** {@link commit}, synchronously. */
  commitSync(writer: SeriesWriter, increment: Increment, identity: FunctionIdentity): boolean {
    try {
      writer.commitSync(increment);
      return true;
    } catch (error) {
      this.#results.reportUnstored(identity, error);
      return false;
    }
  }

  /** Has the file show what is committed, if nobody is about to do so. */
  async #mend(address: Address): Promise<void> {
    const lock = this.tryLock(address);
    if (lock === undefined || lock === null) return;
    try {
      const row = this.find(address);
      if (row !== undefined) await this.#results.series(true)?.mend(address, row);
    } catch {
      // Those who read by the row miss nothing.
    } finally {
      lock.release();
    }
  }

  /** Warns that the rest of a series is not stored. */
  report(identity: FunctionIdentity, error: unknown): void {
    this.#results.reportUnstored(identity, error);
  }

  /** Absolute path of the file; `undefined` while the series is in its row. */
  fileOf(address: Address, row: SeriesRow): string | undefined {
    return this.#results.series()?.fileOf(address, row);
  }
}

/** Plain bytes. */
function rangeOf(row: SeriesRow, start: number, stop: number): [number, number] {
  const { itemBytes } = row.kind;
  return [start * itemBytes, Math.min(stop, lengthOf(row)) * itemBytes];
}
