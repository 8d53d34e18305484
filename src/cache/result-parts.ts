/**
 * Parts of a result that is one typed array in a file, for a caller who must not be harmed: what
 * cannot be read is not there, and only a reading that has begun can fail.
 */
import type { TypedArray } from "../format/dtype.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Damage } from "./damage.ts";
import type { OpenedStore } from "./opened-store.ts";
import { restore } from "./result-arrays.ts";

export class ResultParts {
  readonly #store: OpenedStore;
  readonly #damage: Damage;

  constructor(store: OpenedStore, damage: Damage) {
    this.#store = store;
    this.#damage = damage;
  }

  /** Elements from `start` to `stop`; `undefined` when they cannot be read. */
  sliceSync(address: Address, entry: Entry, start?: number, stop?: number): TypedArray | undefined {
    try {
      const part = this.#store.forReading()?.sliceSync(address, entry, 0, start, stop);
      return part && restorePart(entry, part.buffer as ArrayBuffer);
    } catch (error) {
      this.#damage.found(address, entry, error);
      return undefined;
    }
  }

  /** {@link sliceSync} off the main thread. */
  async slice(
    address: Address,
    entry: Entry,
    start?: number,
    stop?: number,
  ): Promise<TypedArray | undefined> {
    try {
      const part = await this.#store.forReading()?.slice(address, entry, 0, start, stop);
      return part && restorePart(entry, part.buffer as ArrayBuffer);
    } catch (error) {
      this.#damage.found(address, entry, error);
      return undefined;
    }
  }

  /**
   * All of it, chunk by chunk; returns whether it could be opened.
   *
   * @throws {StoreError} while it is read, for damage
   */
  *chunksSync(address: Address, entry: Entry): Generator<TypedArray, boolean, undefined> {
    let opened = false;
    try {
      const chunks = this.#store.forReading()?.chunksSync(address, entry, 0);
      opened = chunks !== undefined;
      for (const plain of chunks ?? []) yield restorePart(entry, plain);
    } catch (error) {
      this.#damage.found(address, entry, error);
      if (opened) throw error;
    }
    return opened;
  }

  /** {@link chunksSync} off the main thread. */
  async *chunks(address: Address, entry: Entry): AsyncGenerator<TypedArray, boolean, undefined> {
    let opened = false;
    try {
      const chunks = await this.#store.forReading()?.chunks(address, entry, 0);
      opened = chunks !== undefined;
      for await (const plain of chunks ?? []) yield restorePart(entry, plain);
    } catch (error) {
      this.#damage.found(address, entry, error);
      if (opened) throw error;
    }
    return opened;
  }
}

/** Some elements of the first array of a result, which is a typed one. */
function restorePart({ arrays }: Entry, plain: ArrayBuffer): TypedArray {
  // A Float16Array before Node 24 is given as its bits.
  return (restore(arrays[0]?.kind as number, plain) ?? new Uint16Array(plain)) as TypedArray;
}
