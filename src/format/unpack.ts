/**
 * Unpacking: the first chunks are checked before memory is taken; then the result is allocated
 * once, and batch by batch every chunk is verified and decompressed straight into its place. Files
 * of the system's are tried the faster way first, which does not say what is wrong.
 */
import {
  allocate,
  type ChunkFault,
  decompress,
  decompressAsync,
  decompressBegin,
} from "../blosc/codec.ts";
import { type ChunkRun, ChunkWalk, isAnnounced } from "./chunk-walk.ts";
import type { Head } from "./head.ts";
import { faultIn, settleBoth } from "./settle.ts";
import type { ByteSource, ByteSourceSync, OpenFile } from "./source.ts";
import { unpackFile, unpackFileSync } from "./unpack-file.ts";

/** A batch that is at hand: its bytes, and the chunks in them. */
interface Batch {
  readonly window: Uint8Array;
  readonly start: number;
  readonly run: ChunkRun;
}

/**
 * The plain bytes of all chunks behind `head`, verified.
 *
 * @param check called with the plain size before memory is taken for it
 * @throws {BloscpackError} TRUNCATED, OFFSET_MISMATCH, BAD_CHUNK_HEADER, CHUNK_NBYTES,
 *   CHUNK_CHECKSUM, DECOMPRESS
 */
export function unpackSync(
  source: ByteSourceSync & Partial<OpenFile>,
  head: Head,
  check?: (nbytes: number) => void,
): ArrayBuffer {
  return unpackFileSync(source, head, check) ?? unpackBatchesSync(source, head, check);
}

function unpackBatchesSync(
  source: ByteSourceSync,
  head: Head,
  check: ((nbytes: number) => void) | undefined,
): ArrayBuffer {
  const { checksum } = head.header;
  const walk = new ChunkWalk(head, source.size);
  // First, because it reads through the whole file, and would leave other bytes in the windows.
  const measured = isAnnounced(head) ? undefined : measureSync(source, head);
  let batch = nextBatchSync(source, walk);
  const nbytes = measured ?? walk.announced();
  check?.(nbytes);
  const plain = allocate(nbytes);
  for (;;) {
    const { window, run } = batch;
    const target = part(plain, run);
    if (walk.ended) {
      settle(batch, decompress(window, run.positions, target, run.chunkSize, checksum));
      return plain;
    }
    const finish = decompressBegin(window, run.positions, target, run.chunkSize, checksum);
    const next = nextBatchWhile(source, walk, finish);
    settle(batch, finish());
    batch = next;
  }
}

/** Reads on while threads are at work; they have ended when this throws. */
function nextBatchWhile(source: ByteSourceSync, walk: ChunkWalk, finish: () => unknown): Batch {
  try {
    return nextBatchSync(source, walk);
  } catch (error) {
    finish();
    throw error;
  }
}

/** {@link unpackSync} off the main thread; the next batch is read while one is decompressed. */
export async function unpack(
  source: ByteSource & Partial<OpenFile>,
  head: Head,
  check?: (nbytes: number) => void,
): Promise<ArrayBuffer> {
  return (await unpackFile(source, head, check)) ?? unpackBatches(source, head, check);
}

async function unpackBatches(
  source: ByteSource,
  head: Head,
  check: ((nbytes: number) => void) | undefined,
): Promise<ArrayBuffer> {
  const { checksum } = head.header;
  const walk = new ChunkWalk(head, source.size);
  const measured = isAnnounced(head) ? undefined : await measure(source, head);
  let batch = await nextBatch(source, walk);
  const nbytes = measured ?? walk.announced();
  check?.(nbytes);
  const plain = allocate(nbytes);
  for (;;) {
    const { window, run } = batch;
    const [fault, next] = await settleBoth(
      decompressAsync(window, run.positions, part(plain, run), run.chunkSize, checksum),
      walk.ended ? Promise.resolve(undefined) : nextBatch(source, walk),
    );
    settle(batch, fault);
    if (next === undefined) return plain;
    batch = next;
  }
}

function part(plain: ArrayBuffer, { plainStart, plainEnd }: ChunkRun): Uint8Array {
  return new Uint8Array(plain, plainStart, plainEnd - plainStart);
}

/** The next chunks, as many as one read gives; one whole chunk at least. None at the end. */
function nextBatchSync(source: ByteSourceSync, walk: ChunkWalk): Batch {
  const start = walk.position;
  for (let length = source.batchBytes; ; ) {
    const window = source.read(start, length);
    const run = walk.take(window);
    if (typeof run !== "number") return { window, start, run };
    length = run;
  }
}

async function nextBatch(source: ByteSource, walk: ChunkWalk): Promise<Batch> {
  const start = walk.position;
  for (let length = source.batchBytes; ; ) {
    const window = await source.read(start, length);
    const run = walk.take(window);
    if (typeof run !== "number") return { window, start, run };
    length = run;
  }
}

/** Plain bytes of a file whose header does not say: a walk to its end. */
function measureSync(source: ByteSourceSync, head: Head): number {
  const walk = new ChunkWalk(head, source.size);
  while (!walk.ended) nextBatchSync(source, walk);
  return walk.nbytes;
}

async function measure(source: ByteSource, head: Head): Promise<number> {
  const walk = new ChunkWalk(head, source.size);
  while (!walk.ended) await nextBatch(source, walk);
  return walk.nbytes;
}

function settle({ run, start }: Batch, fault: ChunkFault | undefined): void {
  if (fault !== undefined) throw faultIn(run, start, fault);
}
