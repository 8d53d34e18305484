/**
 * Results by address, for a caller who must not be harmed: whatever goes wrong while one is read
 * is a miss, whatever goes wrong while one is stored is a warning. Nothing here throws.
 */
import { BloscacheError, messageOf, StoreError, ValueError } from "../errors.ts";
import { type Address, ArrayStore, type Draft, type StoreOptions } from "../store/array-store.ts";
import type { Entry } from "../store/entry.ts";
import { openIndex } from "../store/index-db.ts";
import { openLocation } from "../store/location.ts";
import type { FunctionIdentity } from "./identity.ts";
import { putTogether } from "./result-reader.ts";
import { takeApart } from "./result-writer.ts";
import { warnOnce } from "./warning.ts";

/** A stored result; its value is in memory of its own and may be changed. */
export interface Hit {
  readonly value: unknown;
}

/** What is to be remembered of a call that was computed. */
export interface Computed {
  readonly result: unknown;
  readonly isAsync: boolean;
  readonly durationMs: number;
}

export class Results {
  readonly #location: string;
  readonly #options: StoreOptions;
  /** `null` when the location cannot be used; it is not tried again. */
  #store: ArrayStore | null | undefined;

  constructor(location: string, options: StoreOptions) {
    this.#location = location;
    this.#options = options;
  }

  /** The row of a result. */
  find(address: Address): Entry | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      return store.find(address);
    } catch (error) {
      this.#discard(store, address, undefined, error);
      return undefined;
    }
  }

  readSync(address: Address, entry: Entry): Hit | undefined {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      const { skeleton, plains } = store.readSync(address, entry);
      return putTogether(skeleton, kindsOf(entry), plains);
    } catch (error) {
      this.#discard(store, address, entry, error);
      return undefined;
    }
  }

  /** {@link readSync} off the main thread. */
  async read(address: Address, entry: Entry): Promise<Hit | undefined> {
    const store = this.#opened();
    if (store === null) return undefined;
    try {
      const { skeleton, plains } = await store.read(address, entry);
      return putTogether(skeleton, kindsOf(entry), plains);
    } catch (error) {
      this.#discard(store, address, entry, error);
      return undefined;
    }
  }

  /** Whether the result is stored now. */
  writeSync(address: Address, identity: FunctionIdentity, computed: Computed): boolean {
    const store = this.#openedForWriting();
    if (store === null) return false;
    try {
      store.writeSync(address, draftOf(identity, computed));
      return true;
    } catch (error) {
      this.#reportUnstored(identity, error);
      return false;
    }
  }

  /** {@link writeSync} off the main thread. */
  async write(address: Address, identity: FunctionIdentity, computed: Computed): Promise<boolean> {
    const store = this.#openedForWriting();
    if (store === null) return false;
    try {
      await store.write(address, draftOf(identity, computed));
      return true;
    } catch (error) {
      this.#reportUnstored(identity, error);
      return false;
    }
  }

  #opened(): ArrayStore | null {
    if (this.#store === undefined) this.#store = this.#open();
    return this.#store;
  }

  /** What is written into a cache that was deleted is lost; so a new one is made. */
  #openedForWriting(): ArrayStore | null {
    const store = this.#opened();
    if (store?.isCurrent() === false) this.#store = this.#open();
    return this.#opened();
  }

  #open(): ArrayStore | null {
    try {
      const layout = openLocation(this.#location);
      const index = openIndex(layout, this.#options.durability);
      return new ArrayStore(layout, index, this.#options);
    } catch (error) {
      const message = `${messageOf(error)}. Memoized functions run uncached.`;
      warnOnce(this.#location, "CACHE_UNUSABLE", message);
      return null;
    }
  }

  /**
   * Forgets a result that cannot be read, if the reason is in the result. That its files are gone
   * is no damage: somebody chose so.
   */
  #discard(store: ArrayStore, address: Address, entry: Entry | undefined, error: unknown): void {
    const code = errnoOf(error);
    if (code !== undefined && code !== "ENOENT" && code !== "EISDIR") {
      // Too many open files, no memory, no permission: the result may be as good as ever.
      const message = `${messageOf(error)}. Results are computed again meanwhile.`;
      warnOnce(this.#location, "CACHE_UNREADABLE", message);
      return;
    }
    if (code !== "ENOENT") {
      const message = `${messageOf(error)}. The result is computed again.`;
      warnOnce(`${this.#location} ${address.name}`, "CACHE_DAMAGED", message);
    }
    try {
      store.setAside(address, entry);
    } catch {
      // The index refuses too; the next store of this result replaces the row.
    }
  }

  #reportUnstored(identity: FunctionIdentity, error: unknown): void {
    const about = error instanceof ValueError ? identity.id : this.#location;
    const code = error instanceof BloscacheError ? error.code : "STORE_FAILED";
    const message = `${messageOf(error)}. Results of "${identity.id}" are returned but not cached.`;
    warnOnce(about, code, message);
  }
}

function draftOf(identity: FunctionIdentity, { result, isAsync, durationMs }: Computed): Draft {
  const { id: functionId, version: functionVersion } = identity;
  return { functionId, functionVersion, isAsync, durationMs, ...takeApart(result) };
}

function kindsOf(entry: Entry): number[] {
  return entry.arrays.map((array) => array.kind);
}

/** The name of the system's error behind a failure, `undefined` when it was the content. */
function errnoOf(error: unknown): string | undefined {
  const source = error instanceof StoreError ? error.cause : error;
  if (source instanceof RangeError) return "ENOMEM";
  const { code } = source as NodeJS.ErrnoException;
  return source instanceof BloscacheError || code?.startsWith("MDB_CORRUPTED") ? undefined : code;
}
