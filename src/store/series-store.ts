/** Series, results that grow, at rest: rows in the index, and a file for each that is not small. */
import fs from "node:fs";
import type { CompressOptions } from "../blosc/codec.ts";
import { StoreError } from "../errors.ts";
import { chunkingToWrite } from "../format/chunking.ts";
import type { PackNdarrayOptions } from "../format/pack-ndarray.ts";
import { type Address, newStamp, objectPath } from "./address.ts";
import { bytesOnDisk } from "./books.ts";
import type { StoreOptions } from "./draft.ts";
import { decodeEntry, encodeEntry } from "./entry.ts";
import type { IndexDb } from "./index-db.ts";
import { requireFit } from "./limits.ts";
import type { Layout } from "./location.ts";
import type { Rows } from "./rows.ts";
import { SeriesHead, typesizeOf } from "./series-head.ts";
import { readSeries, readSeriesSync, type SeriesPart } from "./series-reader.ts";
import {
  decodeSeries,
  encodeSeries,
  SERIES_CHECKSUM,
  type SeriesKind,
  type SeriesRow,
} from "./series-row.ts";
import { type SeriesPlace, SeriesWriter } from "./series-writer.ts";
import { run, runSync } from "./steps.ts";
import type { Upkeep } from "./upkeep.ts";

/** How a series is compressed, where that differs from the store's way. */
type Packing = Pick<PackNdarrayOptions, "cname" | "clevel" | "shuffle" | "chunkSize">;

/** A series that is to be stored. */
export interface NewSeries {
  readonly dtype: string;
  readonly itemShape: readonly number[];
  readonly functionId: string;
  readonly functionVersion: string;
  readonly summary: string;
  readonly tags: string;
  readonly packing: Packing | undefined;
}

export class SeriesStore {
  readonly #layout: Layout;
  readonly #index: IndexDb;
  readonly #rows: Rows;
  readonly #upkeep: Upkeep;
  readonly #options: StoreOptions;

  constructor(
    layout: Layout,
    index: IndexDb,
    { rows, upkeep }: { readonly rows: Rows; readonly upkeep: Upkeep },
    options: StoreOptions,
  ) {
    this.#layout = layout;
    this.#index = index;
    this.#rows = rows;
    this.#upkeep = upkeep;
    this.#options = options;
  }

  /** Some of a series is asked for. */
  used({ row }: Address): void {
    this.#upkeep.used(row);
  }

  /** What is committed; `undefined` when there is none. @throws {StoreError} for a damaged row */
  find(address: Address): SeriesRow | undefined {
    const row = this.#index.get(address.row);
    if (row === undefined) return undefined;
    const entry = decodeEntry(row);
    const series = entry && decodeSeries(entry);
    if (series !== undefined) return series;
    throw new StoreError("read row", address.name, new Error("its digest does not match"));
  }

  /** The plain bytes from `start` to `stop`. @throws {StoreError} as {@link readSeries} does */
  read(address: Address, row: SeriesRow, start: number, stop: number): Promise<SeriesPart> {
    return readSeries(this.#pathOf(address, row.stamp), row, start, stop);
  }

  /** {@link read}, synchronously. */
  readSync(address: Address, row: SeriesRow, start: number, stop: number): SeriesPart {
    return readSeriesSync(this.#pathOf(address, row.stamp), row, start, stop);
  }

  /** Absolute path of the file; `undefined` for a series that is in its row. */
  fileOf(address: Address, row: SeriesRow): string | undefined {
    return row.file === undefined ? undefined : this.#pathOf(address, row.stamp);
  }

  /**
   * A writer of the series, of `row` if it is there.
   *
   * @throws {StoreError} as `SeriesWriter.open` does
   */
  write(address: Address, series: NewSeries, row: SeriesRow | undefined): Promise<SeriesWriter> {
    if (row !== undefined) {
      return run(SeriesWriter.open(this.#placeOf(address, row, series.packing), row));
    }
    const empty = this.#empty(series);
    const place = this.#placeOf(address, empty, series.packing);
    return Promise.resolve(SeriesWriter.create(place, empty));
  }

  /** {@link write}, synchronously. */
  writeSync(address: Address, series: NewSeries, row: SeriesRow | undefined): SeriesWriter {
    if (row === undefined) {
      const empty = this.#empty(series);
      return SeriesWriter.create(this.#placeOf(address, empty, series.packing), empty);
    }
    return runSync(SeriesWriter.open(this.#placeOf(address, row, series.packing), row));
  }

  /** Has the file show what is committed, after a writer that was killed. */
  async mend(address: Address, row: SeriesRow): Promise<void> {
    const writer = await run(SeriesWriter.open(this.#placeOf(address, row, undefined), row));
    try {
      await run(writer.mend());
    } finally {
      writer.close();
    }
  }

  #empty({ dtype, itemShape, packing, ...told }: NewSeries): SeriesRow {
    const { functionId, functionVersion, summary, tags } = told;
    return {
      kind: this.#kindOf(dtype, itemShape, packing),
      ...{ functionId, functionVersion, summary, tags },
      ...{ stamp: 0, createdMs: 0, durationMs: 0, nchunks: 0, file: undefined },
      ...{ tail: new Uint8Array(), tailBytes: 0, note: { text: "", arrays: [] } },
    };
  }

  #kindOf(dtype: string, itemShape: readonly number[], packing: Packing | undefined): SeriesKind {
    const itemBytes = itemShape.reduce((product, n) => product * n, typesizeOf(dtype));
    const wanted = packing?.chunkSize ?? this.#options.seriesChunkSize;
    const { chunkSize } = chunkingToWrite(Number.MAX_SAFE_INTEGER, 1, wanted);
    const whole = Math.max(1, Math.floor(chunkSize / itemBytes)) * itemBytes;
    return { dtype, itemShape, itemBytes, chunkSize: whole };
  }

  #placeOf(address: Address, row: SeriesRow, packing: Packing | undefined): SeriesPlace {
    const { durability, inlineBytes } = this.#options;
    return {
      ...{ durability, inlineBytes, temporary: this.#layout.tmp },
      compression: this.#compressionOf(row.kind.dtype, packing),
      head: (slots) => new SeriesHead(address, row, slots),
      stamp: newStamp,
      pathOf: (stamp) => this.#pathOf(address, stamp),
      put: (next, before) => this.#put(address, next, before),
    };
  }

  #compressionOf(dtype: string, packing: Packing | undefined): CompressOptions {
    const { cname = "lz4", clevel = 5, shuffle = "shuffle" } = this.#options.packing;
    return {
      cname: packing?.cname ?? cname,
      clevel: packing?.clevel ?? clevel,
      shuffle: packing?.shuffle ?? shuffle,
      typesize: typesizeOf(dtype),
      checksum: SERIES_CHECKSUM,
    };
  }

  /** Somebody may have removed the series since it was read: then it is not to come back. */
  #put(address: Address, next: SeriesRow, before: SeriesRow | undefined): void {
    const now = this.#index.get(address.row);
    const entry = now === undefined ? undefined : decodeEntry(now);
    const isSame =
      before === undefined
        ? entry === undefined
        : entry?.stamp === before.stamp && entry.createdMs === before.createdMs;
    if (!isSame || !this.#hasFile(address, before)) {
      throw new StoreError("extend", address.name, new Error("it was removed meanwhile"));
    }
    const encoded = encodeSeries(next);
    const row = encodeEntry(encoded);
    requireFit(this.#options.limits, address.name, bytesOnDisk(encoded, row.byteLength));
    this.#rows.store({ key: address.row, entry: encoded, row, isPinned: false });
    this.#upkeep.stored();
  }

  #hasFile(address: Address, row: SeriesRow | undefined): boolean {
    return row?.file === undefined || fs.existsSync(this.#pathOf(address, row.stamp));
  }

  #pathOf(address: Address, stamp: number): string {
    return objectPath(this.#layout, address, stamp, 0);
  }
}
