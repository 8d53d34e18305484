/** What becomes of a result that cannot be read, and who is told. */
import { BloscacheError, messageOf, StoreError } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import type { Events } from "./events.ts";
import type { OpenedStore } from "./opened-store.ts";
import { warnOnce } from "./warning.ts";

export class Damage {
  readonly #store: OpenedStore;
  readonly #events: Events;

  constructor(store: OpenedStore, events: Events) {
    this.#store = store;
    this.#events = events;
  }

  /**
   * Forgets a result that cannot be read, if the reason is in the result. That its files are gone
   * is no damage: somebody chose so.
   *
   * @param entry its row; `undefined` when that is what cannot be read
   */
  found(address: Address, entry: Entry | undefined, error: unknown): void {
    const code = errnoOf(error);
    if (code !== undefined && code !== "ENOENT" && code !== "EISDIR") {
      // Too many open files, no memory, no permission: the result may be as good as ever.
      const message = `${messageOf(error)}. Results are computed again meanwhile.`;
      warnOnce(this.#store.location, "CACHE_UNREADABLE", message);
      return;
    }
    if (code !== "ENOENT") this.#tell(address, error);
    if (this.#store.readOnly) return;
    try {
      this.#store.forReading()?.removal.setAside(address, entry);
    } catch {
      // The index refuses too; the next store of this result replaces the row.
    }
  }

  #tell({ name: key, functionId: id }: Address, error: unknown): void {
    const reason = messageOf(error);
    const { location } = this.#store;
    warnOnce(`${location} ${key}`, "CACHE_DAMAGED", `${reason}. The result is computed again.`);
    if (this.#events.isHeard) this.#events.emit({ type: "damage", id, key, reason });
  }
}

/** The name of the system's error behind a failure, `undefined` when it was the content. */
function errnoOf(error: unknown): string | undefined {
  const source = error instanceof StoreError ? error.cause : error;
  if (source instanceof RangeError) return "ENOMEM";
  const { code } = source as NodeJS.ErrnoException;
  return source instanceof BloscacheError || code?.startsWith("MDB_CORRUPTED") ? undefined : code;
}
