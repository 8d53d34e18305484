/** The chunks of a series: how plain bytes are cut into them, packed, and the partial one unpacked. */
import {
  type CompressOptions,
  compress,
  compressAsync,
  decompress,
  decompressAsync,
} from "../blosc/codec.ts";
import { batchSizeOf } from "../format/pack.ts";
import { giveBack, takeScratch } from "../format/scratch.ts";
import { slotSizeOf } from "./series-head.ts";
import { SERIES_CHECKSUM, type SeriesKind, type SeriesRow } from "./series-row.ts";
import { type Steps, step } from "./steps.ts";

/** Plain bytes, cut. */
interface Cut {
  readonly full: readonly Uint8Array[];
  /** What does not fill a chunk, in memory of its own. */
  readonly rest: Uint8Array;
  /** Bytes of all of it. */
  readonly nbytes: number;
}

/** @param carry what the first chunk begins with */
export function cutChunks(carry: Uint8Array, added: Uint8Array, chunkSize: number): Cut {
  const plain = carry.byteLength === 0 ? added : Buffer.concat([carry, added]);
  const count = Math.floor(plain.byteLength / chunkSize);
  const full = Array.from({ length: count }, (_, i) =>
    plain.subarray(i * chunkSize, (i + 1) * chunkSize),
  );
  const rest = Uint8Array.from(plain.subarray(count * chunkSize));
  return { full, rest, nbytes: plain.byteLength };
}

/**
 * Packs chunks, batch by batch.
 *
 * @param use is given the stored chunks of a batch, before their memory is used again
 */
export function* packChunks(
  chunks: readonly Uint8Array[],
  kind: SeriesKind,
  compression: CompressOptions,
  use: (stored: readonly Uint8Array[]) => Steps<void>,
): Steps<void> {
  const slotSize = slotSizeOf(kind);
  const batchSize = batchSizeOf(kind.chunkSize);
  for (let i = 0; i < chunks.length; i += batchSize) {
    const batch = chunks.slice(i, i + batchSize);
    const room = takeScratch(batch.length * slotSize);
    try {
      const lengths = yield* step(
        () => compress(batch, room, slotSize, compression),
        () => compressAsync(batch, room, slotSize, compression),
      );
      yield* use(Array.from(lengths, (n, k) => room.subarray(k * slotSize, k * slotSize + n)));
    } finally {
      giveBack(room);
    }
  }
}

/** The partial chunk as it is stored; empty for none. */
export function* packTail(
  rest: Uint8Array,
  kind: SeriesKind,
  compression: CompressOptions,
): Steps<Uint8Array> {
  let tail: Uint8Array = new Uint8Array();
  if (rest.byteLength === 0) return tail;
  // biome-ignore lint/correctness/useYield: nothing has to be waited for
  yield* packChunks([rest], kind, compression, function* ([stored]) {
    tail = Uint8Array.from(stored as Uint8Array);
  });
  return tail;
}

/** The plain bytes of the partial chunk. @throws an `Error` when it is damaged */
export function* unpackTail({ kind, tail, tailBytes }: SeriesRow): Steps<Uint8Array> {
  const plain = new Uint8Array(tailBytes);
  if (tailBytes === 0) return plain;
  const start = Float64Array.of(0);
  const size = Math.min(kind.chunkSize, tailBytes);
  const fault = yield* step(
    () => decompress(tail, start, plain, size, SERIES_CHECKSUM),
    () => decompressAsync(tail, start, plain, size, SERIES_CHECKSUM),
  );
  if (fault !== undefined) throw new Error(`its last chunk is damaged: ${fault.reason}`);
  return plain;
}
