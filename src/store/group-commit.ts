/**
 * Group commit: rows that become ready in one turn of the event loop go into the index in one
 * transaction. A commit writes every page that it changes, and in strict durability it waits for the
 * disk: that is paid once for all of them.
 */
import type { IndexDb } from "./index-db.ts";
import {
  type Arrival,
  arePlaced,
  type BegunStore,
  type Outcomes,
  type Replaced,
  type Rows,
} from "./rows.ts";
import type { Upkeep } from "./upkeep.ts";

/** Rows of one transaction, at most: others that write wait for it, some milliseconds. */
const MOST_ROWS = 128;
/** Bytes after which there are no more of them. */
const MOST_BYTES = 1024 * 1024;
/** Transactions that are handed over at once: while one is written, the next are made ready. */
const MOST_UNDERWAY = 8;

/** Who changes rows, and who is told. */
export interface Keeper {
  readonly rows: Rows;
  readonly upkeep: Upkeep;
}

/** A row that is not committed yet. */
interface Waiting {
  readonly arrival: Arrival;
  readonly keeper: Keeper;
  readonly onStored: (replaced: Replaced) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Rows that are being committed. */
interface Underway {
  readonly group: readonly Waiting[];
  readonly begun: BegunStore;
}

/** Of this thread: several caches of one folder have one index. */
const byIndex = new WeakMap<IndexDb, GroupCommit>();

export class GroupCommit {
  readonly #waitsForDisk: boolean;
  #waiting: Waiting[] = [];
  /** Of the rows that wait. */
  #bytes = 0;
  readonly #underway = new Set<Underway>();
  #isDue = false;

  /** The one of an index. */
  static of(index: IndexDb): GroupCommit {
    const known = byIndex.get(index) ?? new GroupCommit(index);
    byIndex.set(index, known);
    return known;
  }

  private constructor({ waitsForDisk }: IndexDb) {
    this.#waitsForDisk = waitsForDisk;
  }

  /**
   * Stores a row with those that are ready by the time when other work has been done; resolves when
   * it is committed.
   *
   * @param onStored told before that what it took the place of
   * @throws {StoreError} when the index refuses this row, whatever becomes of the others
   */
  store(keeper: Keeper, arrival: Arrival, onStored: (replaced: Replaced) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ arrival, keeper, onStored, resolve, reject });
      this.#bytes += arrival.row.byteLength;
      // The other thread need not wait until this one has nothing else to do.
      if (this.#isFull && this.#underway.size < MOST_UNDERWAY) this.#begin(this.#take());
      if (this.#isDue || this.#waiting.length === 0) return;
      this.#isDue = true;
      setImmediate(this.#commitSome);
    });
  }

  get #isFull(): boolean {
    return this.#waiting.length >= MOST_ROWS || this.#bytes >= MOST_BYTES;
  }

  /**
   * Commits at once all that wait. To be called before rows are changed in any other way: changes
   * are made in the order in which they were asked for.
   */
  flush(): void {
    for (const underway of this.#underway) {
      this.#underway.delete(underway);
      settle(underway.group, attempt(underway.begun.finish));
    }
    while (this.#waiting.length > 0) commitNow(this.#take());
  }

  readonly #commitSome = (): void => {
    this.#isDue = false;
    while (this.#waiting.length > 0 && this.#underway.size < MOST_UNDERWAY) {
      const group = this.#take();
      if (this.#takesTime(group)) this.#begin(group);
      else commitNow(group);
    }
  };

  /** Whether other work is not to wait for it: a few rows are committed sooner than handed over. */
  #takesTime(group: readonly Waiting[]): boolean {
    return this.#waitsForDisk || arePlaced(group.length) || this.#underway.size > 0;
  }

  #begin(group: readonly Waiting[]): void {
    const begun = attempt(() => rowsOf(group).beginStore(arrivalsOf(group)));
    if (begun === undefined) {
      settle(group, undefined);
      return;
    }
    const underway = { group, begun };
    this.#underway.add(underway);
    const end = (outcomes: Outcomes | undefined) => {
      // Somebody may have waited for it meanwhile.
      if (!this.#underway.delete(underway)) return;
      settle(group, outcomes);
      this.#commitSome();
    };
    begun.done.then(end, () => end(undefined));
  }

  /** The first ones of one keeper: mostly there is no other. REQUIRES: some wait. */
  #take(): readonly Waiting[] {
    const first = this.#waiting[0]?.keeper;
    let [count, bytes] = [0, 0];
    for (const { arrival, keeper } of this.#waiting) {
      const isFull = count === MOST_ROWS || bytes >= MOST_BYTES;
      if (isFull || keeper !== first) break;
      bytes += arrival.row.byteLength;
      count++;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}

function commitNow(group: readonly Waiting[]): void {
  settle(
    group,
    attempt(() => rowsOf(group).tryStore(arrivalsOf(group))),
  );
}

function rowsOf(group: readonly Waiting[]): Rows {
  return (group[0] as Waiting).keeper.rows;
}

function arrivalsOf(group: readonly Waiting[]): Arrival[] {
  return group.map(({ arrival }) => arrival);
}

/** `undefined` when the index refuses all of a group, perhaps for one of it. */
function attempt<T>(store: () => T): T | undefined {
  try {
    return store();
  } catch {
    return undefined;
  }
}

/** @param outcomes what is missing there is stored by itself: the row, or all */
function settle(group: readonly Waiting[], outcomes: Outcomes | undefined): void {
  const { upkeep } = (group[0] as Waiting).keeper;
  for (const [i, waiting] of group.entries()) {
    const outcome = outcomes?.[i];
    if (outcome === undefined) storeAlone(waiting);
    else settleOne(waiting, outcome);
  }
  if (outcomes !== undefined) upkeep.stored(arePlaced(group.length) ? 0 : group.length);
}

function settleOne({ onStored, resolve }: Waiting, replaced: Replaced): void {
  onStored(replaced);
  resolve();
}

function storeAlone(waiting: Waiting): void {
  const { arrival, keeper, reject } = waiting;
  try {
    settleOne(waiting, keeper.rows.store(arrival));
    keeper.upkeep.stored();
  } catch (error) {
    reject(error);
  }
}
