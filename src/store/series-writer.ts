/**
 * Extending a series. The row commits: until it is put, everything is as it was, to all who read by
 * the row. A commit that stays in its file goes like this:
 *
 *   1. the head of the file is written so that it shows the full chunks alone, which stay;
 *   2. new full chunks are written behind those, where the partial one was, and a new partial one;
 *   3. the row is put;
 *   4. the head is written so that it shows all.
 *
 * So at any instant the file is one that others can open, Python among them, with no more in it
 * than was committed. When there is no file yet, none of its chunks is full, or its offsets table
 * is, another file is written and takes its place with the row.
 *
 * REQUIRES: one writer of a series at a time; its lease sees to that.
 */
import fs from "node:fs";
import type { CompressOptions } from "../blosc/codec.ts";
import { StoreError } from "../errors.ts";
import { OFFSET_LENGTH } from "../format/constants.ts";
import type { ByteSink, ByteSinkSync } from "../format/sink.ts";
import { type Durability, makeFolders, publish, publishSync } from "./publication.ts";
import { cutChunks, packChunks, packTail, unpackTail } from "./series-chunks.ts";
import {
  completeTable,
  type SeriesHead,
  slotsFor,
  type Visible,
  visibleOf,
} from "./series-head.ts";
import type { SeriesFile, SeriesNote, SeriesRow } from "./series-row.ts";
import { run, runSync, SteppedFile, type Steps, step } from "./steps.ts";

/** Where a series is kept; what a writer needs of its store. */
export interface SeriesPlace {
  readonly temporary: string;
  readonly durability: Durability;
  readonly compression: CompressOptions;
  /** Series of at most so many plain bytes are in their row. */
  readonly inlineBytes: number;
  /** A head for its file. */
  head(slots: number): SeriesHead;
  /** A number for a file that is new. */
  stamp(): number;
  pathOf(stamp: number): string;
  /** Commits: the row takes the place of `before`. @throws {StoreError} when that is not the row any more */
  put(row: SeriesRow, before: SeriesRow | undefined): void;
}

/** What a commit adds. */
export interface Increment {
  /** Plain bytes: whole items. */
  readonly plain: Uint8Array;
  readonly note: SeriesNote;
  /** What computing them took, ms. */
  readonly durationMs: number;
}

/** Bytes copied at a time. */
const COPY_BYTES = 8 * 1024 * 1024;

export class SeriesWriter {
  #row: SeriesRow;
  /** Whether the row is in the index. */
  #isStored: boolean;
  readonly #place: SeriesPlace;
  /** Plain bytes of the partial chunk. */
  #carry: Uint8Array;
  #file: SteppedFile | undefined;
  #head: SeriesHead | undefined;

  private constructor(place: SeriesPlace, row: SeriesRow, isStored: boolean, carry: Uint8Array) {
    this.#place = place;
    this.#row = row;
    this.#isStored = isStored;
    this.#carry = carry;
  }

  /** For a series of which nothing is stored. @param empty a row that says so */
  static create(place: SeriesPlace, empty: SeriesRow): SeriesWriter {
    return new SeriesWriter(place, empty, false, NOTHING);
  }

  /**
   * For a series that is there.
   *
   * @throws {StoreError} when its file cannot be opened, or is not the one that was written
   */
  static *open(place: SeriesPlace, row: SeriesRow): Steps<SeriesWriter> {
    const path = place.pathOf(row.stamp);
    try {
      const writer = new SeriesWriter(place, row, true, yield* unpackTail(row));
      if (row.file !== undefined) yield* writer.#openFile(row.file);
      return writer;
    } catch (error) {
      throw new StoreError("open", path, error);
    }
  }

  *#openFile(facts: SeriesFile): Steps<void> {
    const file = new SteppedFile(this.#place.pathOf(this.#row.stamp), "r+");
    try {
      const head = this.#place.head(facts.slots);
      const isOurs = head.length === facts.start && file.size >= facts.end;
      if (!isOurs) throw new Error("it is not the file that was written");
      const table = yield* file.read(head.tablePosition, this.#row.nchunks * OFFSET_LENGTH);
      head.load(completeTable(facts, this.#row.nchunks, table));
      this.#head = head;
      this.#file = file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** What is committed. */
  get row(): SeriesRow {
    return this.#row;
  }

  /**
   * Commits more items, and the note that goes with all of them.
   *
   * @throws {StoreError} when the series is not in the index any more, or the disk refuses: then
   *   what was committed before stays
   */
  commit(increment: Increment): Promise<void> {
    return run(this.#append(increment));
  }

  /** {@link commit}, synchronously. */
  commitSync(increment: Increment): void {
    runSync(this.#append(increment));
  }

  *#append(increment: Increment): Steps<void> {
    const { chunkSize } = this.#row.kind;
    const { full, rest, nbytes } = cutChunks(this.#carry, increment.plain, chunkSize);
    const tail = yield* packTail(rest, this.#row.kind, this.#place.compression);
    const next = {
      ...this.#row,
      ...{ note: increment.note, durationMs: this.#row.durationMs + increment.durationMs },
      ...{ createdMs: Date.now(), nchunks: this.#row.nchunks + full.length, tail },
      tailBytes: rest.byteLength,
    };
    if (nbytes <= this.#place.inlineBytes && next.nchunks === 0) this.#put(next);
    else if (this.#fits(next.nchunks + 1)) yield* this.#appendInPlace(full, next);
    else yield* this.#appendAnew(full, next);
    this.#carry = rest;
  }

  #fits(slots: number): boolean {
    return this.#row.nchunks > 0 && this.#head !== undefined && slots <= this.#head.slots;
  }

  *#appendInPlace(full: readonly Uint8Array[], next: SeriesRow): Steps<void> {
    const file = this.#file as SteppedFile;
    const { nchunks, file: facts } = this.#row;
    const head = this.#head as SeriesHead;
    try {
      yield* this.#hideTail();
      let { end } = facts as SeriesFile;
      let chunk = nchunks;
      yield* packChunks(full, this.#row.kind, this.#place.compression, function* (stored) {
        yield* file.write(end, stored);
        for (const { byteLength } of stored) {
          head.place(chunk++, end);
          end += byteLength;
        }
      });
      yield* file.write(end, [next.tail]);
      if (next.tailBytes > 0) head.place(chunk, end);
      if (this.#place.durability === "strict") yield* file.sync();
      const placed = Array.from(full, (_, i) => head.positionOf(nchunks + i));
      const tableDigest = head.digest(next.nchunks);
      this.#put({ ...next, file: { ...(facts as SeriesFile), end, placed, tableDigest } });
    } catch (error) {
      yield* this.#undo(nchunks);
      throw error;
    }
    yield* this.show();
  }

  /** The head shows what it did before, if the disk allows it; else the next writer sees to it. */
  *#undo(nchunks: number): Steps<void> {
    const head = this.#head as SeriesHead;
    for (let chunk = nchunks; chunk < head.slots; chunk++) head.free(chunk);
    try {
      yield* this.mend();
    } catch {
      // The row is as it was, and the file none the worse to whoever reads by it.
    }
  }

  /** Has the file show everything that is committed. */
  *show(): Steps<void> {
    if (this.#head === undefined) return;
    yield* this.#writeHead(visibleOf(this.#row), this.#row);
  }

  /** {@link show}, after a writer that was killed: the partial chunk may be half overwritten. */
  *mend(): Steps<void> {
    const { file: facts, tail, tailBytes, nchunks } = this.#row;
    const [file, head] = [this.#file, this.#head];
    if (file === undefined || head === undefined || facts === undefined) return;
    yield* this.#hideTail();
    yield* file.write(facts.end, [tail]);
    if (tailBytes > 0) head.place(nchunks, facts.end);
    yield* this.show();
  }

  *#hideTail(): Steps<void> {
    const { nchunks, kind, tailBytes, note } = this.#row;
    const head = this.#head as SeriesHead;
    head.free(nchunks);
    if (nchunks === 0) return;
    // A note is of all items, so it does not go with some of them.
    const told = tailBytes === 0 || note.text === "" ? this.#row : undefined;
    yield* this.#writeHead({ nchunks, lastChunk: kind.chunkSize }, told);
  }

  *#writeHead(visible: Visible, committed: SeriesRow | undefined): Steps<void> {
    const bytes = (this.#head as SeriesHead).encode(visible, committed);
    yield* (this.#file as SteppedFile).write(0, [bytes]);
  }

  *#appendAnew(full: readonly Uint8Array[], next: SeriesRow): Steps<void> {
    const { durability, temporary } = this.#place;
    const stamp = this.#place.stamp();
    const head = this.#place.head(slotsFor(next.nchunks + 1));
    const path = this.#place.pathOf(stamp);
    const to = { path, temporary, durability, mode: 0o600 };
    makeFolders(to);
    const end = yield* step(
      () => publishSync(to, (sink) => runSync(this.#fill(sink, head, full, next))),
      () => publish(to, (sink) => run(this.#fill(sink, head, full, next))),
    );
    const tableDigest = head.digest(next.nchunks);
    const file = { slots: head.slots, placed: [], start: head.length, end, tableDigest };
    const old = this.#row.file === undefined ? undefined : this.#place.pathOf(this.#row.stamp);
    try {
      this.#put({ ...next, stamp, file });
    } catch (error) {
      fs.rmSync(path, { force: true });
      throw error;
    }
    this.close();
    if (old !== undefined) fs.rmSync(old, { force: true });
    this.#head = head;
    this.#file = new SteppedFile(path, "r+");
  }

  /** @returns where its full chunks end */
  *#fill(
    sink: ByteSink | ByteSinkSync,
    head: SeriesHead,
    full: readonly Uint8Array[],
    next: SeriesRow,
  ): Steps<number> {
    yield* appendTo(sink, [Buffer.alloc(head.length, 0xff)]);
    let end = head.length + (yield* this.#copyChunks(sink, head));
    let chunk = this.#row.nchunks;
    yield* packChunks(full, next.kind, this.#place.compression, function* (stored) {
      yield* appendTo(sink, stored);
      for (const { byteLength } of stored) {
        head.place(chunk++, end);
        end += byteLength;
      }
    });
    yield* appendTo(sink, [next.tail]);
    if (next.tailBytes > 0) head.place(chunk, end);
    const bytes = head.encode(visibleOf(next), next);
    yield* step(
      () => void sink.overwrite(0, bytes),
      async () => sink.overwrite(0, bytes),
    );
    return end;
  }

  /** The full chunks of the file as it is, as they are. @returns their bytes */
  *#copyChunks(sink: ByteSink | ByteSinkSync, head: SeriesHead): Steps<number> {
    const { file: facts, nchunks } = this.#row;
    const [file, old] = [this.#file, this.#head];
    if (file === undefined || old === undefined || facts === undefined || nchunks === 0) return 0;
    for (let chunk = 0; chunk < nchunks; chunk++) {
      head.place(chunk, old.positionOf(chunk) + head.length - old.length);
    }
    for (let at = facts.start; at < facts.end; ) {
      const bytes = yield* file.read(at, Math.min(COPY_BYTES, facts.end - at));
      if (bytes.byteLength === 0) throw new Error("its file became shorter while it was copied");
      yield* appendTo(sink, [bytes]);
      at += bytes.byteLength;
    }
    return facts.end - facts.start;
  }

  #put(row: SeriesRow): void {
    this.#place.put(row, this.#isStored ? this.#row : undefined);
    this.#row = row;
    this.#isStored = true;
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
    this.#head = undefined;
  }
}

const NOTHING = new Uint8Array();

function appendTo(sink: ByteSink | ByteSinkSync, pieces: readonly Uint8Array[]): Steps<void> {
  return step(
    () => void sink.append(pieces),
    async () => sink.append(pieces),
  );
}
