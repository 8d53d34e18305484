/**
 * The store of a cache, as it is now: opened when it is first needed, and again when somebody has
 * deleted the folder since.
 */
import { messageOf, StoreError } from "../errors.ts";
import { ArrayStore } from "../store/array-store.ts";
import type { StoreOptions } from "../store/draft.ts";
import type { Evicted } from "../store/eviction.ts";
import { findIndex, openIndex } from "../store/index-db.ts";
import { findLocation, openLocation } from "../store/location.ts";
import { addressOfRow } from "./address.ts";
import { warnOnce } from "./warning.ts";

export class OpenedStore {
  /** Absolute path of the folder. */
  readonly location: string;
  /** Nothing is made, stored or removed, damaged results neither. */
  readonly readOnly: boolean;
  readonly options: StoreOptions;
  /** Told of what is removed to keep the cache within its limits. */
  readonly evicted: (evicted: Evicted) => void;
  /** `null` when the location cannot be used; it is not tried again. */
  #store: ArrayStore | null | undefined;

  constructor(location: string, options: StoreOptions, evicted: (evicted: Evicted) => void) {
    this.location = location;
    this.readOnly = options.readOnly;
    this.options = options;
    this.evicted = evicted;
  }

  /** `null` when the location cannot be used, which is told by a warning. */
  forReading(): ArrayStore | null {
    if (this.#store === undefined) this.#store = this.#tryOpen();
    return this.#store;
  }

  /**
   * {@link forReading}; `null` as well when nothing is to be written. What is written into a cache
   * that was deleted is lost; so a new one is made.
   */
  forWriting(): ArrayStore | null {
    if (this.readOnly) return null;
    const store = this.forReading();
    if (store?.isCurrent() === false) {
      store.end();
      this.#store = this.#tryOpen();
    }
    return this.forReading();
  }

  /** For questions about the folder. @throws {StoreError} when the location cannot be used */
  orThrow(): ArrayStore {
    if (this.#store === null || this.#store === undefined) this.#store = this.#open();
    return this.#store;
  }

  /** For changes of the folder. @throws {StoreError} as well when it is not to be changed */
  toChange(action: string): ArrayStore {
    if (!this.readOnly) return this.forWriting() ?? this.orThrow();
    throw new StoreError(action, this.location, new Error("it was opened with { readOnly: true }"));
  }

  /** Has the store do what is left to do, and lets go of it: the next call opens it again. */
  end(): void {
    this.#store?.end();
    this.#store = undefined;
  }

  /** {@link end}, with what takes time done between other work. */
  async endLater(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    await store?.endLater();
  }

  #tryOpen(): ArrayStore | null {
    try {
      return this.#open();
    } catch (error) {
      const message = `${messageOf(error)}. Memoized functions run uncached.`;
      warnOnce(this.location, "CACHE_UNUSABLE", message);
      return null;
    }
  }

  #open(): ArrayStore {
    const { durability } = this.options;
    const layout = this.readOnly ? findLocation(this.location) : openLocation(this.location);
    const index = this.readOnly
      ? findIndex(layout, durability)
      : openIndex(layout, durability, this.#warnOfLoss);
    const residents = { addressOf: addressOfRow, onEvicted: this.evicted };
    return new ArrayStore(layout, index, this.options, residents);
  }

  readonly #warnOfLoss = (fault: string): void => {
    const message = `The index of ${this.location} is damaged: ${fault}. It is set aside, and results are computed again; memory.rebuild() finds those that have files of their own.`;
    warnOnce(this.location, "INDEX_DAMAGED", message);
  };
}
