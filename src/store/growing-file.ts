/** A Bloscpack file that is open for an append: what it holds, and how the append is committed. */
import fs from "node:fs";
import { allocate, decompress, decompressAsync } from "../blosc/codec.ts";
import { crypto } from "../blosc/late-modules.ts";
import { BloscpackError } from "../errors.ts";
import {
  type Growth,
  grownHeader,
  grownSlots,
  type Placed,
  rebuiltHead,
} from "../format/append.ts";
import { type Tail, TailWalk, tailOf } from "../format/append-tail.ts";
import { BLOSC_HEADER_LENGTH, HEADER_LENGTH, OFFSET_LENGTH } from "../format/constants.ts";
import { decodeHead, type Head, measureHead } from "../format/head.ts";
import { decodeHeader, encodeHeader } from "../format/header.ts";
import { decodeMetadata, metadataEnd } from "../format/metadata.ts";
import type { ByteSink, ByteSinkSync } from "../format/sink.ts";
import { type FileLock, requireHeld } from "./file-lock.ts";
import { type Region, replaceRegions, syncCommit } from "./journal.ts";
import { type Durability, publish, publishSync } from "./publication.ts";
import { run, runSync, SteppedFile, type Steps, step } from "./steps.ts";

/** Enough to tell how long header, metadata and offsets are. */
const PREFIX_LENGTH = 64;
/** Bytes that are copied at a time when a file is written anew. */
const COPY_BYTES = 8 * 1024 * 1024;

/** The head of an open file, as it is read and as it is stored. */
export interface StoredHead {
  readonly head: Head;
  readonly bytes: Uint8Array;
}

/** @throws {BloscpackError} as `decodeHead` does */
export function* readStoredHead(file: SteppedFile): Steps<StoredHead> {
  const { size } = file;
  const length = measureHead(yield* file.read(0, PREFIX_LENGTH), size);
  const bytes = yield* file.read(0, length);
  return { head: decodeHead(bytes, size), bytes };
}

/**
 * As much of the head as an append in place needs. Of the offsets these are the last two, however
 * many chunks there are; the others are given as 0.
 */
function* readLeanHead(file: SteppedFile): Steps<StoredHead> {
  const prefix = yield* file.read(0, PREFIX_LENGTH);
  const header = decodeHeader(prefix);
  const { nchunks, chunkSize } = header;
  if (!header.offsets || nchunks < 3n || chunkSize < 0) return yield* readStoredHead(file);
  const position = header.metadata ? metadataEnd(prefix) : HEADER_LENGTH;
  const length = position + Number(nchunks + header.maxAppChunks) * OFFSET_LENGTH;
  if (length > file.size) return yield* readStoredHead(file);
  const bytes = yield* file.read(0, position);
  const metadata = header.metadata ? decodeMetadata(bytes).value : undefined;
  const known = Number(nchunks) - 2;
  const table = yield* file.read(position + known * OFFSET_LENGTH, 2 * OFFSET_LENGTH);
  const view = Buffer.from(table.buffer, table.byteOffset, table.byteLength);
  const last = [Number(view.readBigInt64LE(0)), Number(view.readBigInt64LE(8))] as const;
  // All of the table tells what is wrong, or that it was never written.
  const plausible = length <= last[0] && last[0] < last[1] && last[1] < file.size;
  if (!plausible) return yield* readStoredHead(file);
  const offsets = new Float64Array(Number(nchunks));
  offsets.set(last, known);
  return { head: { header, metadata, offsets, length }, bytes };
}

export class GrowingFile {
  readonly head: Head;
  readonly tail: Tail;
  /** Header and metadata as stored, and perhaps the offsets. */
  readonly headBytes: Uint8Array;
  /** The metadata section as stored; empty without one. */
  readonly section: Uint8Array;
  readonly #file: SteppedFile;
  readonly #size: number;
  readonly #lock: FileLock;
  /** Takes the new chunks of a file whose end is where its bytes end. */
  #spool: SteppedFile | undefined;
  #committed = false;

  private constructor(file: SteppedFile, { head, bytes }: StoredHead, tail: Tail, lock: FileLock) {
    this.head = head;
    this.tail = tail;
    this.#file = file;
    this.headBytes = bytes;
    this.section = head.header.metadata
      ? bytes.subarray(HEADER_LENGTH, metadataEnd(bytes))
      : NOTHING;
    this.#size = file.size;
    this.#lock = lock;
  }

  /**
   * Reads what an append has to know.
   *
   * @throws {BloscpackError} when the file is not valid as far as that goes
   */
  static *open(file: SteppedFile, lock: FileLock): Steps<GrowingFile> {
    const stored = yield* readLeanHead(file);
    const walk = new TailWalk(stored.head, file.size);
    while (!walk.ended) walk.pass(yield* file.read(walk.position, BLOSC_HEADER_LENGTH));
    return new GrowingFile(file, stored, tailOf(walk, stored.head), lock);
  }

  /** Plain bytes of the file. */
  get nbytes(): number {
    const { nchunks, chunkSize, lastChunk } = this.tail;
    return Math.max(0, nchunks - 1) * chunkSize + lastChunk;
  }

  /** The last chunk with its digest. */
  readLast(): Steps<Uint8Array> {
    const { lastPosition, end } = this.tail;
    return this.#file.read(lastPosition, end - lastPosition);
  }

  /** Plain bytes of the last chunk, verified. @throws {BloscpackError} CHUNK_CHECKSUM and others */
  *unpackLast(stored: Uint8Array): Steps<Uint8Array> {
    const { lastChunk, lastPosition, nchunks } = this.tail;
    const plain = new Uint8Array(allocate(lastChunk));
    const { checksum } = this.head.header;
    const start = Float64Array.of(0);
    const fault = yield* step(
      () => decompress(stored, start, plain, lastChunk, checksum),
      () => decompressAsync(stored, start, plain, lastChunk, checksum),
    );
    if (fault === undefined) return plain;
    throw new BloscpackError(fault.status, fault.reason, {
      section: "chunk",
      chunk: nchunks - 1,
      offset: lastPosition,
    });
  }

  /** Writes where no reader of the file looks yet. @throws {StoreError} when the lock is not ours any more */
  *write({ position, pieces }: Placed): Steps<void> {
    // Whoever has it may have put chunks of its own there, and made them part of the file.
    requireHeld(this.#lock, this.#file.path);
    if (this.head.header.nchunks !== -1n) {
      yield* this.#file.write(position, pieces);
      return;
    }
    // Its chunks follow until it ends: what is written behind them would belong to it at once.
    this.#spool ??= new SteppedFile(temporaryOf(this.#file.path), "wx+");
    yield* this.#spool.write(position - this.tail.end, pieces);
  }

  /**
   * Makes the new chunks part of the file, which keeps its place.
   *
   * @param section as long as the one it replaces
   */
  *commitInPlace(
    growth: Growth,
    chunkSize: number,
    section: Uint8Array,
    durability: Durability,
  ): Steps<void> {
    const header = encodeHeader(grownHeader(this.head, growth, chunkSize));
    const regions: Region[] = [this.#regionOfHead(0, header)];
    if (section !== this.section) {
      regions.push(this.#regionOfHead(HEADER_LENGTH, section));
    }
    if (this.head.header.offsets) {
      regions.push(yield* this.#regionOfSlots(growth));
    }
    regions.push({ position: growth.start, old: growth.replaced, new: growth.held });
    const change = { size: this.#size, regions };
    yield* replaceRegions(this.#file, change, this.#lock, durability);
    this.#committed = true;
    this.#dropBehind(growth.end);
    yield* syncCommit(this.#file.path, durability);
  }

  /** Takes away what a smaller last chunk leaves, and what was there before. */
  #dropBehind(end: number): void {
    try {
      if (this.#file.size > end) this.#file.truncate(end);
    } catch {
      // No reader minds it, and the append is through.
    }
  }

  #regionOfHead(position: number, bytes: Uint8Array): Region {
    const old = this.headBytes.subarray(position, position + bytes.byteLength);
    return { position, old, new: bytes };
  }

  *#regionOfSlots(growth: Growth): Steps<Region> {
    const { position, bytes } = grownSlots(this.head, this.tail, growth);
    const old = yield* this.#file.read(position, bytes.byteLength);
    // A slot that is not free: the whole table tells what is wrong.
    if (old.some((byte) => byte !== 0xff)) yield* readStoredHead(this.#file);
    return { position, old, new: bytes };
  }

  /** Makes the new chunks part of a file that takes the place of this one. */
  *commitAnew(
    growth: Growth,
    chunkSize: number,
    section: Uint8Array,
    durability: Durability,
  ): Steps<void> {
    const { path } = this.#file;
    const { offsets } = (yield* readStoredHead(this.#file)).head;
    const tail = { ...this.tail, positions: offsets ?? this.tail.positions };
    const head = rebuiltHead(this.head, tail, growth, chunkSize, section);
    const to = { path, durability };
    requireHeld(this.#lock, path);
    yield* step(
      () => publishSync(to, (sink) => runSync(this.#copyTo(sink, head, growth))),
      () => publish(to, (sink) => run(this.#copyTo(sink, head, growth))),
    );
    this.#committed = true;
  }

  *#copyTo(sink: ByteSink | ByteSinkSync, head: Uint8Array, growth: Growth): Steps<void> {
    const { end } = this.tail;
    const held = growth.held.subarray(0, growth.end - growth.start);
    yield* appendTo(sink, head);
    yield* this.#copy(sink, this.#file, this.head.length, growth.start);
    yield* appendTo(sink, held);
    if (this.#spool !== undefined) yield* this.#copy(sink, this.#spool, 0, growth.end - end);
    else yield* this.#copy(sink, this.#file, end, growth.end);
  }

  *#copy(
    sink: ByteSink | ByteSinkSync,
    from: SteppedFile,
    start: number,
    end: number,
  ): Steps<void> {
    for (let at = start; at < end; ) {
      const bytes = yield* from.read(at, Math.min(COPY_BYTES, end - at));
      if (bytes.byteLength === 0) {
        const reason = "the file became shorter while it was copied";
        throw new BloscpackError("TRUNCATED", reason, { section: "chunk", offset: at });
      }
      yield* appendTo(sink, bytes);
      at += bytes.byteLength;
    }
  }

  /** Takes away what was written without being committed, while nobody else can have written. */
  close(): void {
    const dropped = !this.#committed && this.#file.size > this.#size;
    if (dropped && this.#lock.held()) this.#file.truncate(this.#size);
    if (this.#spool === undefined) return;
    this.#spool.close();
    fs.rmSync(this.#spool.path, { force: true });
  }
}

const NOTHING = new Uint8Array();

function temporaryOf(path: string): string {
  return `${path}.${crypto().randomBytes(16).toString("hex")}.tmp`;
}

function appendTo(sink: ByteSink | ByteSinkSync, bytes: Uint8Array): Steps<void> {
  return step(
    () => void sink.append([bytes]),
    async () => sink.append([bytes]),
  );
}
