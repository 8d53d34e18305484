/**
 * `blpk estimate`: compresses a sample of a file with every codec and filter, and tells ratio and
 * speed. Speeds are those of memory, without the disk, on all threads.
 */
import { setImmediate as turn } from "node:timers/promises";
import {
  allocate,
  type CompressOptions,
  codecs,
  compressAsync,
  decompressAsync,
  type Shuffle,
} from "../../blosc/codec.ts";
import { BLOSC_HEADER_LENGTH, DEFAULT_CHUNK_SIZE } from "../../format/constants.ts";
import { requireFile } from "../endpoints.ts";
import { CliError } from "../failure.ts";
import type { Session } from "../session.ts";
import { exactSize, prettySize } from "../sizes.ts";
import { requireCodec } from "./compress.ts";
import { DEFAULT_CLEVEL, DEFAULT_TYPESIZE } from "./options.ts";
import { readSample } from "./sample.ts";

export interface EstimateOptions {
  readonly typesize?: number;
  readonly clevel?: number;
  readonly codec?: string;
  readonly sample?: number;
  readonly json?: true;
}

/** One codec with one filter. */
interface Estimate {
  readonly codec: string;
  readonly shuffle: Shuffle;
  /** Plain bytes per stored byte. */
  readonly ratio: number;
  /** Plain bytes per second. */
  readonly compressSpeed: number;
  readonly decompressSpeed: number;
}

const DEFAULT_SAMPLE = 16 * 1024 * 1024;
const SHUFFLES: readonly Shuffle[] = ["noshuffle", "shuffle", "bitshuffle"];
/** Each is timed this often; the best counts, as whatever disturbs only makes it slower. */
const ROUNDS = 3;

export async function estimate(
  session: Session,
  [file]: [string],
  options: EstimateOptions,
): Promise<void> {
  requireCodec(options.codec);
  await requireFile(file, session);
  const { typesize = DEFAULT_TYPESIZE, clevel = DEFAULT_CLEVEL, json } = options;
  const sample = await readSample(file, options.sample ?? DEFAULT_SAMPLE, typesize, session);
  const size = sample.byteLength;
  if (size === 0) throw new CliError(`input file '${file}' is empty`);

  const wanted = options.codec === undefined ? codecs : [options.codec];
  const tries = wanted.flatMap((codec) => SHUFFLES.map((shuffle) => ({ codec, shuffle })));
  const results = await session.watch("estimating", async ({ onProgress, signal }) => {
    const found: Estimate[] = [];
    const bench = new Bench(sample);
    for (const { codec, shuffle } of tries) {
      const settings = { cname: codec, clevel, shuffle, typesize, checksum: "None" } as const;
      found.push({ codec, shuffle, ...(await bench.measure(settings, signal)) });
      const nbytes = found.length * size;
      onProgress({ nbytes, cbytes: 0, nchunks: 0, size: tries.length * size });
    }
    return found;
  });
  if (json === true) process.stdout.write(`${JSON.stringify({ file, size, clevel, results })}\n`);
  else session.report.normal(table(results, `sample: ${exactSize(size)}, clevel: ${clevel}`));
}

/** Memory for the trials, taken once: what fresh memory costs is none of a codec's business. */
class Bench {
  readonly #chunks: readonly Uint8Array[];
  readonly #slotSize = DEFAULT_CHUNK_SIZE + BLOSC_HEADER_LENGTH;
  readonly #stored: Uint8Array;
  readonly #plain: Uint8Array;
  readonly #positions: Float64Array;

  constructor(sample: Uint8Array) {
    const count = Math.ceil(sample.byteLength / DEFAULT_CHUNK_SIZE);
    this.#chunks = Array.from({ length: count }, (_, i) =>
      sample.subarray(i * DEFAULT_CHUNK_SIZE, (i + 1) * DEFAULT_CHUNK_SIZE),
    );
    this.#stored = new Uint8Array(allocate(count * this.#slotSize));
    this.#plain = new Uint8Array(allocate(sample.byteLength));
    this.#positions = Float64Array.from(this.#chunks, (_, i) => i * this.#slotSize);
  }

  async measure(
    settings: CompressOptions,
    signal: AbortSignal,
  ): Promise<Omit<Estimate, "codec" | "shuffle">> {
    let compressing = Number.POSITIVE_INFINITY;
    let decompressing = Number.POSITIVE_INFINITY;
    let cbytes = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await turn(); // lets a signal and the progress bar through
      signal.throwIfAborted();
      let start = performance.now();
      const lengths = await compressAsync(this.#chunks, this.#stored, this.#slotSize, settings);
      compressing = Math.min(compressing, performance.now() - start);
      cbytes = lengths.reduce((sum, length) => sum + length, 0);
      start = performance.now();
      await this.#decompress();
      decompressing = Math.min(decompressing, performance.now() - start);
    }
    const size = this.#plain.byteLength;
    return {
      ratio: size / cbytes,
      compressSpeed: (size / compressing) * 1000,
      decompressSpeed: (size / decompressing) * 1000,
    };
  }

  #decompress(): Promise<unknown> {
    const chunkSize = DEFAULT_CHUNK_SIZE;
    return decompressAsync(this.#stored, this.#positions, this.#plain, chunkSize, "None");
  }
}

function table(results: readonly Estimate[], caption: string): string {
  const columns = (a: string, b: string, c: string, d: string, e: string) =>
    `${a.padEnd(8)} ${b.padEnd(10)} ${c.padStart(8)} ${d.padStart(12)} ${e.padStart(12)}`;
  const rows = results.map(({ codec, shuffle, ratio, compressSpeed, decompressSpeed }) =>
    columns(
      codec,
      shuffle,
      ratio.toFixed(2),
      `${prettySize(compressSpeed)}/s`,
      `${prettySize(decompressSpeed)}/s`,
    ),
  );
  return [caption, columns("codec", "filter", "ratio", "compress", "decompress"), ...rows].join(
    "\n",
  );
}
