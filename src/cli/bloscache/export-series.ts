/**
 * A result that grows as a file of its own: what is committed at this moment, read by its row. Its
 * own file may change under whoever copies it.
 */
import type { StoredSeries } from "../../cache/stored-series.ts";
import type { CompressedSink, PlainSource } from "../../format/endpoints.ts";
import type { Metadata } from "../../format/metadata.ts";
import { pack } from "../../format/pack-stream.ts";
import { encodeDtype, parseDtype } from "../../format/struct-dtype.ts";
import type { Watched } from "../session.ts";
import { npyHead } from "./npy.ts";

/** @throws {StoreError} when it is forgotten meanwhile, or cannot be read */
export async function exportSeries(
  series: StoredSeries,
  format: "blp" | "npy",
  sink: CompressedSink,
  watched: Watched,
): Promise<void> {
  const source = new SeriesSource(series, series.length() ?? 0);
  if (format === "npy") return writeNpy(source, sink, watched);
  // Whoever has opened the sink closes it.
  const open: CompressedSink = {
    append: (pieces) => sink.append(pieces),
    ...(sink.overwrite && { overwrite: (at, bytes) => sink.overwrite?.(at, bytes) }),
  };
  await pack(source, open, watched);
}

async function writeNpy(source: SeriesSource, sink: CompressedSink, watched: Watched) {
  await sink.append([npyHead({ ...source, order: "C" })]);
  const piece = new Uint8Array(PIECE_BYTES);
  for (let nbytes = 0; nbytes < source.size; ) {
    watched.signal.throwIfAborted();
    const n = await source.read(piece);
    await sink.append([piece.subarray(0, n)]);
    nbytes += n;
    watched.onProgress({ nbytes, cbytes: 0, nchunks: 0, size: source.size });
  }
}

/** Bytes that are copied at a time. */
const PIECE_BYTES = 1024 * 1024;

/** The first items of a series, with what makes their file one that Python reads as an array. */
class SeriesSource implements PlainSource {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly size: number;
  readonly typesize: number;
  readonly itemsize: number;
  readonly metadata: { readonly [key: string]: Metadata };
  readonly #parts: AsyncGenerator<ArrayBufferView, void, undefined>;
  #part = new Uint8Array();
  #left: number;

  constructor(series: StoredSeries, length: number) {
    const { dtype, itemShape, itemBytes } = series;
    const parsed = parseDtype(dtype);
    this.dtype = dtype;
    this.shape = [length, ...itemShape];
    this.size = length * itemBytes;
    this.#left = this.size;
    this.typesize = parsed.itemsize;
    this.itemsize = parsed.itemsize;
    this.metadata = {
      ...{ dtype: encodeDtype(parsed), shape: [...this.shape] },
      ...{ order: "C", container: "numpy" },
    };
    this.#parts = series.parts(() => undefined);
  }

  async read(target: Uint8Array): Promise<number> {
    if (this.#left > 0 && this.#part.byteLength === 0) {
      const { value } = await this.#parts.next();
      if (value === undefined) throw new Error("the series was begun anew while it was read");
      const { buffer, byteOffset, byteLength } = value;
      this.#part = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    }
    const n = Math.min(target.byteLength, this.#part.byteLength, this.#left);
    target.set(this.#part.subarray(0, n));
    this.#part = this.#part.subarray(n);
    this.#left -= n;
    return n;
  }
}
