/**
 * What a cache does behind its callers' backs: it notes which results are used, removes results when
 * there are too many, and files whose time has come. On this thread, in slices of a few
 * milliseconds between other work; when the thread gives no time, a slice after a write if the
 * cache is far too large; the rest when the thread ends.
 */
import { Books, type Totals } from "./books.ts";
import { DoomedFiles, GRACE_MS } from "./doomed-files.ts";
import type { StoreOptions } from "./draft.ts";
import { Eviction, type Goal, isWithin, type Residents } from "./eviction.ts";
import type { IndexDb } from "./index-db.ts";
import type { Lease } from "./leases.ts";
import { goalBelow, goalOf, type Limits, type StandingLimits } from "./limits.ts";
import type { Layout } from "./location.ts";
import { Recency } from "./recency.ts";
import type { CacheSize, Reduction, ReductionRequest } from "./reduction.ts";

/** How long other work may have to wait, ms. */
const SLICE_MS = 4;
/** Uses are written so long after they were noted, ms. */
const FLUSH_MS = 5000;
/** So many notes are not left to the timer: the thread may never come to it. */
const MANY_NOTES = 4096;
/** New results get their places so long after they were stored, ms; or when there are so many. */
const PLACE_MS = 500;
const MANY_NEW = 128;
/** A cache so many times its limit is not left to the background. */
const FAR_BEYOND = 1.1;
/** Ages are looked at so often, with the writes and when uses are written, ms. */
const AGES_MS = 1000;
/** What is left at the end of the thread may take so long, ms. */
const EXIT_MS = 1000;
/** A process that wrote nothing else leaves uses out that tell little: the disk would be waited for. */
const RELATIVE_MS = 60 * 60 * 1000;

/** Those of this thread. */
const all = new Set<Upkeep>();

function endAll(): void {
  for (const upkeep of all) upkeep.end();
}

export class Upkeep {
  readonly books: Books;
  readonly #index: IndexDb;
  readonly #eviction: Eviction;
  readonly #doomed: DoomedFiles;
  readonly #recency = new Recency();
  readonly #limits: StandingLimits | undefined;
  readonly #readOnly: boolean;
  readonly #lock: () => Lease | undefined;
  #isSweepDue = false;
  #isFlushDue = false;
  #isRemovalDue = false;
  #isPlacingDue = false;
  /** Results that were stored since others were given places, by this thread. */
  #unplaced = 0;
  #hasWritten = false;
  #hasEvicted = false;
  #agesSeenMs = 0;
  /** Where counting rows without books goes on; `undefined` when all are counted. */
  #uncounted: Uint8Array | undefined = new Uint8Array();

  /** @param lock who makes the cache smaller: one at a time; `undefined` while somebody else does */
  constructor(
    layout: Layout,
    index: IndexDb,
    { limits, readOnly }: Pick<StoreOptions, "limits" | "readOnly">,
    lock: () => Lease | undefined,
    residents: Residents,
  ) {
    this.#index = index;
    this.#limits = limits;
    this.#readOnly = readOnly;
    this.#lock = lock;
    this.books = new Books(index);
    this.#eviction = new Eviction(layout, index, this.books, residents);
    this.#doomed = new DoomedFiles(layout, index);
    if (this.#readOnly) return;
    // Before what syncs the index, and marks it as left.
    if (all.size === 0) process.prependListener("exit", endAll);
    all.add(this);
  }

  /** A result was used. */
  used(row: Uint8Array): void {
    if (this.#readOnly) return;
    this.#recency.note(row);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setTimeout(this.#flush, FLUSH_MS).unref();
  }

  /** Results were stored. @param unplaced how many of them have no places in the orders yet */
  stored(unplaced = 1): void {
    if (unplaced > 0) this.#noteNew(unplaced);
    // Somebody may have been killed before he removed what he had doomed.
    if (!this.#hasWritten && this.#limits !== undefined) this.#removeFilesLater();
    this.#hasWritten = true;
    // A thread that only ever computes comes to no timer.
    if (this.#recency.size > MANY_NOTES) this.#quietly(() => this.#writeNotes(lateAfter(SLICE_MS)));
    if (this.#limits === undefined) return;
    this.#quietly(() => this.#watch(this.#limits as StandingLimits));
  }

  /** New results get their places some at a time: at once if this thread gives no other time. */
  #noteNew(count: number): void {
    this.#unplaced += count;
    if (this.#unplaced > MANY_NEW) this.#quietly(() => this.#place(lateAfter(SLICE_MS)));
    if (this.#isPlacingDue) return;
    this.#isPlacingDue = true;
    setTimeout(this.#placeSome, PLACE_MS).unref();
  }

  readonly #placeSome = (): void => {
    this.#isPlacingDue = false;
    this.#quietly(() => {
      if (this.#place(lateAfter(SLICE_MS))) return;
      this.#isPlacingDue = true;
      setImmediate(this.#placeSome).unref();
    });
  };

  #place(isLate: () => boolean): boolean {
    this.#unplaced = 0;
    return this.books.place(isLate);
  }

  #watch(limits: StandingLimits): void {
    const totals = this.books.totals();
    const goal = goalOf({ ...limits, ageMs: Number.POSITIVE_INFINITY }, limits.order);
    if (isWithin(totals, goal) && !this.#isTimeForAges(limits)) return;
    this.#sweepLater();
    if (isFarBeyond(totals, goal)) this.#slice(goalBelow(limits), lateAfter(SLICE_MS));
    this.#doomed.removeDueSync(lateAfter(SLICE_MS));
  }

  #sweepLater(): void {
    if (this.#isSweepDue) return;
    this.#isSweepDue = true;
    setImmediate(this.#sweep).unref();
  }

  #isTimeForAges({ ageMs }: Limits): boolean {
    const now = Date.now();
    // A clock may be set back.
    const since = Math.abs(now - this.#agesSeenMs);
    if (!Number.isFinite(ageMs) || since < Math.min(AGES_MS, ageMs)) return false;
    this.#agesSeenMs = now;
    return true;
  }

  readonly #sweep = (): void => {
    this.#quietly(() => {
      const { isDone } = this.#slice(
        goalBelow(this.#limits as StandingLimits),
        lateAfter(SLICE_MS),
      );
      this.#isSweepDue = !isDone;
      if (isDone) this.#removeFilesLater();
      else setImmediate(this.#sweep).unref();
    });
  };

  /** Some of the way to a goal; done as well when somebody else is at it. */
  #slice(goal: Goal, isLate: () => boolean): { items: number; bytes: number; isDone: boolean } {
    const lease = this.#lock();
    if (lease === undefined) return { items: 0, bytes: 0, isDone: true };
    try {
      const isReady = this.#prepare(isLate);
      if (!isReady) return { items: 0, bytes: 0, isDone: false };
      const slice = this.#eviction.run(goal, isLate);
      this.#hasEvicted ||= slice.items > 0;
      return slice;
    } finally {
      lease.release();
    }
  }

  /** Whether everything is in order, so that it shows which results are to go. */
  #prepare(isLate: () => boolean): boolean {
    return this.#place(isLate) && this.#writeNotes(isLate) && this.#count(isLate);
  }

  /** Whether all rows are counted. */
  #count(isLate: () => boolean): boolean {
    if (this.#uncounted === undefined || this.books.areComplete()) return true;
    this.#uncounted = this.books.count(this.#uncounted, isLate);
    return this.#uncounted === undefined;
  }

  #removeFilesLater(): void {
    if (this.#isRemovalDue) return;
    this.#isRemovalDue = true;
    setTimeout(async () => {
      this.#isRemovalDue = false;
      if (!all.has(this)) return;
      try {
        await this.#doomed.removeDue();
        if (this.#doomed.dueAt() !== undefined) this.#removeFilesLater();
      } catch {
        // The index tells of them still: the next sweep tries again.
      }
    }, GRACE_MS).unref();
  }

  readonly #flush = (): void => {
    this.#isFlushDue = false;
    this.#quietly(() => {
      if (!this.#writeNotes(lateAfter(SLICE_MS))) {
        this.#isFlushDue = true;
        setImmediate(this.#flush).unref();
      } else if (this.#limits !== undefined && this.#isTimeForAges(this.#limits)) {
        // A process that only ever hits has no write that would have it look.
        this.#sweepLater();
      }
    });
  };

  #writeNotes(isLate: () => boolean, newerMs = 0): boolean {
    return this.#recency.flush(this.books, this.#index, isLate, newerMs);
  }

  /**
   * Makes the cache smaller at once; resolves when the files are gone too.
   *
   * @throws {StoreError} when the index or a file refuses; the reason of the request's signal
   */
  async reduce(request: ReductionRequest): Promise<Reduction> {
    while (!this.#prepare(lateAfter(SLICE_MS))) await nextTurn();
    const removed = await (request.isDryRun ? this.#preview(request) : this.#reduceTo(request));
    const { items, bytes } = this.books.totals();
    if (!request.isDryRun) return { removed, remaining: { items, bytes } };
    return {
      removed,
      remaining: { items: items - removed.items, bytes: bytes - removed.bytes },
    };
  }

  async #preview({ limits, order, signal, onProgress }: ReductionRequest): Promise<CacheSize> {
    let [items, bytes] = [0, 0];
    let isLate = lateAfter(SLICE_MS);
    signal?.throwIfAborted();
    for (const size of this.#eviction.preview(goalOf(limits, order))) {
      items++;
      bytes += size;
      if (!isLate()) continue;
      onProgress?.({ items, bytes });
      await nextTurn();
      signal?.throwIfAborted();
      isLate = lateAfter(SLICE_MS);
    }
    return { items, bytes };
  }

  async #reduceTo({ limits, order, signal, onProgress }: ReductionRequest): Promise<CacheSize> {
    const goal = goalOf(limits, order);
    let [items, bytes] = [0, 0];
    for (let isDone = false; !isDone; ) {
      signal?.throwIfAborted();
      const slice = this.#eviction.run(goal, lateAfter(SLICE_MS));
      items += slice.items;
      bytes += slice.bytes;
      isDone = slice.isDone;
      onProgress?.({ items, bytes });
      await nextTurn();
    }
    await this.#removeDoomed();
    return { items, bytes };
  }

  async #removeDoomed(): Promise<void> {
    for (let due = this.#doomed.dueAt(); due !== undefined; due = this.#doomed.dueAt()) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(1, (due ?? 0) - Date.now())));
      await this.#doomed.removeDue();
    }
  }

  /** {@link end}, with what takes time done between other work. */
  async endLater(): Promise<void> {
    const limits = this.#hasWritten && all.has(this) ? this.#limits : undefined;
    try {
      if (limits !== undefined && this.#isSweepLeft(limits)) {
        await this.reduce({ limits, order: limits.order, ...UNWATCHED });
        this.#isSweepDue = false;
      } else if (this.#hasEvicted) await this.#removeDoomed();
    } catch {
      // An index that refuses: the next sweep of any process tries again.
    }
    this.end();
  }

  /**
   * What is left to do when the thread ends, the cache is disposed of, or its folder is another by
   * now; the timers find nothing to do from then on.
   */
  end(): void {
    if (!all.has(this)) return;
    this.#quietly(() => {
      const isLate = lateAfter(EXIT_MS);
      if (this.#hasWritten) this.#place(isLate);
      this.#writeNotes(isLate, this.#hasWritten ? 0 : RELATIVE_MS);
      if (this.#limits !== undefined && this.#hasWritten) this.#endSweep(this.#limits, isLate);
      this.#index.syncNow();
    });
    all.delete(this);
    if (all.size === 0) process.removeListener("exit", endAll);
  }

  #endSweep(limits: StandingLimits, isLate: () => boolean): void {
    if (this.#isSweepLeft(limits)) this.#slice(goalBelow(limits), isLate);
    if (!this.#hasEvicted || this.#doomed.dueAt() === undefined) return;
    // The last files that were doomed: who has just read their rows has them open by then.
    Atomics.wait(NOBODY, 0, 0, GRACE_MS);
    this.#doomed.removeDueSync(isLate);
  }

  #isSweepLeft(limits: StandingLimits): boolean {
    return this.#isSweepDue || !isWithin(this.books.totals(), goalOf(limits, limits.order));
  }

  /** An index that refuses is told of by those who wait for it; what is left undone is no harm. */
  #quietly(work: () => void): void {
    if (!all.has(this)) return;
    try {
      work();
    } catch {
      this.#isSweepDue = false;
    }
  }
}

const UNWATCHED = { isDryRun: false, signal: undefined, onProgress: undefined } as const;

/** Nobody ever wakes who waits for this. */
const NOBODY = new Int32Array(new SharedArrayBuffer(4));

function lateAfter(ms: number): () => boolean {
  const end = performance.now() + ms;
  return () => performance.now() >= end;
}

function isFarBeyond({ items, bytes }: Totals, goal: Goal): boolean {
  return items > goal.items * FAR_BEYOND || bytes > goal.bytes * FAR_BEYOND;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
