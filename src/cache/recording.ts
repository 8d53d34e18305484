/** Storing what a generator yields, while it does. */
import { ValueError } from "../errors.ts";
import type { Address } from "../store/address.ts";
import type { NewSeries } from "../store/series-store.ts";
import type { Increment, SeriesWriter } from "../store/series-writer.ts";
import type { Notes } from "./call.ts";
import { encodeSummary } from "./call-summary.ts";
import { isUnchanged, REST_UNSTORED, warnOfChange } from "./changed-arguments.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { Packing } from "./packing.ts";
import type { SeriesLock, SeriesResults } from "./series-results.ts";
import { encodeTags } from "./tags.ts";
import { Pending, Yields } from "./yields.ts";

/** What is recorded, and where. */
export interface Subject {
  readonly series: SeriesResults;
  readonly address: Address;
  /** The address that the arguments make now. */
  readonly addressNow: () => Address;
  readonly identity: FunctionIdentity;
  readonly notes: Notes;
  readonly packing: Packing | undefined;
  /** Told whenever something was stored, or could not be. */
  readonly note: (isStored: boolean, durationMs: number) => void;
}

export class Recording {
  readonly #subject: Subject;
  readonly #pending = new Pending();
  #lock: SeriesLock | undefined;
  #writer: SeriesWriter | undefined;
  #yields = Yields.of(undefined);
  #isStoring = false;
  #started = 0;

  constructor(subject: Subject) {
    this.#subject = subject;
  }

  /** Asks for the right to store; others may have it. */
  lock(): void {
    this.#lock = this.#subject.series.tryLock(this.#subject.address) ?? undefined;
  }

  /** Begins behind the yields that are stored. @param count how many the consumer has been given */
  openSync(count: number): void {
    if (!this.#mayOpen()) return;
    const { series, address, identity } = this.#subject;
    if (count > 0) this.#writer = series.writeSync(address, identity, this.#newSeries());
    this.#check(count);
  }

  /** {@link openSync} off the main thread. */
  async open(count: number): Promise<void> {
    if (!this.#mayOpen()) return;
    const { series, address, identity } = this.#subject;
    if (count > 0) this.#writer = await series.write(address, identity, this.#newSeries());
    this.#check(count);
  }

  #mayOpen(): boolean {
    return this.#lock !== undefined && this.#subject.notes.tags !== undefined;
  }

  /** What is there may be another series by now, or none: then nothing can be put behind it. */
  #check(count: number): void {
    this.#yields = Yields.of(this.#writer?.row.note);
    const { series, address } = this.#subject;
    const isThere = this.#writer !== undefined || series.find(address) !== undefined;
    this.#isStoring = this.#yields.count === count && isThere === count > 0;
  }

  /** The generator is about to compute. */
  begin(): void {
    this.#started = performance.now();
  }

  addSync(value: unknown): void {
    if (this.#keep(value)) this.#commitSync();
  }

  /** {@link addSync} off the main thread. */
  async add(value: unknown): Promise<void> {
    if (this.#keep(value)) await this.#commit();
  }

  /** Whether it is time to commit. */
  #keep(value: unknown): boolean {
    const elapsedMs = performance.now() - this.#started;
    if (!this.#isStoring) return false;
    try {
      const piece = this.#yields.add(value);
      // First, as it may be too large: what is committed and what is noted must match.
      this.#pending.note = this.#yields.note();
      this.#pending.push(piece, elapsedMs);
    } catch (error) {
      this.#giveUp(error);
      return true;
    }
    return this.#pending.isDue;
  }

  /** The generator has come to its end, which is stored too. */
  endSync(returned: unknown): void {
    if (this.#noteEnd(returned)) this.#commitSync();
  }

  /** {@link endSync} off the main thread. */
  async end(returned: unknown): Promise<void> {
    if (this.#noteEnd(returned)) await this.#commit();
  }

  #noteEnd(returned: unknown): boolean {
    if (!this.#isStoring) return false;
    try {
      this.#pending.note = this.#yields.note({ returned });
    } catch (error) {
      this.#giveUp(error);
    }
    return true;
  }

  #giveUp(error: unknown): void {
    if (!(error instanceof ValueError)) throw error;
    const { series, identity, note } = this.#subject;
    this.#isStoring = false;
    series.report(identity, error);
    note(false, 0);
  }

  /** What is to be committed now. */
  #take(): Increment | undefined {
    const taken = this.#pending.take();
    const { address, addressNow, identity } = this.#subject;
    if (taken === undefined || isUnchanged(address, addressNow)) return taken;
    warnOfChange(identity.id, REST_UNSTORED);
    this.#noted(false, taken);
    return undefined;
  }

  #commitSync(): void {
    const taken = this.#take();
    if (taken === undefined) return;
    const { series, address, identity } = this.#subject;
    this.#writer ??= series.writeSync(address, identity, this.#newSeries());
    const writer = this.#writer;
    const isStored = writer !== undefined && series.commitSync(writer, taken, identity);
    this.#noted(isStored, taken);
  }

  async #commit(): Promise<void> {
    const taken = this.#take();
    if (taken === undefined) return;
    const { series, address, identity } = this.#subject;
    this.#writer ??= await series.write(address, identity, this.#newSeries());
    const writer = this.#writer;
    const isStored = writer !== undefined && (await series.commit(writer, taken, identity));
    this.#noted(isStored, taken);
  }

  #noted(isStored: boolean, { durationMs }: { readonly durationMs: number }): void {
    if (!isStored) this.#isStoring = false;
    this.#subject.note(isStored, durationMs);
  }

  /** Commits the rest, and lets others go on. */
  closeSync(): void {
    try {
      this.#commitSync();
    } finally {
      this.#writer?.close();
      this.#lock?.release();
    }
  }

  /** {@link closeSync} off the main thread. */
  async close(): Promise<void> {
    try {
      await this.#commit();
    } finally {
      this.#writer?.close();
      this.#lock?.release();
    }
  }

  #newSeries(): NewSeries {
    const { identity, notes, packing } = this.#subject;
    const { id: functionId, version, recorded: functionVersion = version } = identity;
    const summary = encodeSummary(notes.summary);
    const tags = encodeTags(notes.tags ?? []);
    const { dtype } = this.#yields;
    return { dtype, itemShape: [], functionId, functionVersion, summary, tags, packing };
  }
}
