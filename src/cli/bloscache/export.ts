/** `bloscache export`: one array of a result, for numpy and for everybody who reads Bloscpack. */
import { Adapters } from "../../cache/result-adapters.ts";
import { takeApart } from "../../cache/result-writer.ts";
import type { StoredArray } from "../../cache/stored-arrays.ts";
import type { Sink } from "../../format/endpoints.ts";
import { type ArrayInput, checkArray } from "../../format/ndarray.ts";
import { packNdarray } from "../../format/pack-ndarray.ts";
import { FileSource } from "../../store/file-endpoints.ts";
import { open } from "../../store/file-reader.ts";
import { EXTENSION, openSink, requireFree, STANDARD_STREAM } from "../endpoints.ts";
import { blaming, CliError, EXIT_USAGE } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session, Watched } from "../session.ts";
import { chooseResult } from "./choice.ts";
import { exportSeries } from "./export-series.ts";
import { npyHead } from "./npy.ts";
import { openCache } from "./open-cache.ts";
import type { GlobalOptions } from "./program.ts";
import { shortKey } from "./words.ts";

type Format = "blp" | "npy";

export interface ExportOptions extends GlobalOptions {
  readonly format?: Format;
  readonly path?: string;
  readonly array?: number;
}

/** Bytes that are copied at a time. */
const PIECE_BYTES = 1024 * 1024;

export async function exportArray(
  session: Session,
  [key, out]: [string, string],
  options: ExportOptions,
): Promise<void> {
  const format = formatOf(out, options);
  const { memory } = openCache(options);
  const handle = chooseResult(memory, key);
  const { array, n } = chooseArray(handle.key, handle.arrays(), options);
  await requireWritable(out, session, ...(array.file === undefined ? [] : [array.file]));
  const { file } = array;
  const series = handle.series();
  if (series !== undefined) {
    await fill(out, session, (sink, watched) => exportSeries(series, format, sink, watched));
  } else if (file !== undefined) {
    // Before the output is opened, which stands under its name only when all is well.
    const write = format === "npy" ? writeNpy : copyFile;
    await blaming(file, () => fill(out, session, (sink, watched) => write(file, sink, watched)));
  } else {
    const pieces = piecesOf(await handle.look(), n, format);
    await fill(out, session, async (sink) => sink.append(pieces));
  }
}

/** @throws {CliError} for data that somebody would not want there */
export async function requireWritable(
  out: string,
  session: Session,
  ...inputs: readonly string[]
): Promise<void> {
  await requireFree(out, session, ...inputs);
  if (out === STANDARD_STREAM && process.stdout.isTTY && !session.force) {
    throw new CliError("data is not for a terminal: name a file, or force it with -f");
  }
}

export function formatOf(out: string, { format }: ExportOptions): Format {
  if (format !== undefined) return format;
  if (out.endsWith(EXTENSION)) return "blp";
  if (out.endsWith(".npy")) return "npy";
  const what = out === STANDARD_STREAM ? "stdout" : `'${out}'`;
  throw new CliError(`${what} does not tell the format: .blp, .npy, or --format`, EXIT_USAGE);
}

/** The array that is meant: the only one, or the one that the options name. */
export function chooseArray(
  key: string,
  arrays: readonly StoredArray[] | undefined,
  { path, array: number }: ExportOptions,
): { readonly array: StoredArray; readonly n: number } {
  if (arrays === undefined) throw new CliError(`the result ${shortKey(key)} is gone`);
  const isMeant = ({ place }: StoredArray, n: number) => {
    if (path !== undefined) return [path, `result.${path}`, `result${path}`].includes(place);
    return number === undefined || number === n;
  };
  const n = arrays.findIndex(isMeant);
  const array = arrays[n];
  const isClear = path !== undefined || number !== undefined || arrays.length === 1;
  if (array !== undefined && isClear) return { array, n };
  const lines = arrays.map(({ place, type }, i) => `  ${i}: ${printable(place)}, ${type}`);
  if (lines.length === 0) throw new CliError(`the result ${shortKey(key)} holds no array`);
  const message =
    array === undefined
      ? `the result ${shortKey(key)} has no such array; it has:`
      : `the result ${shortKey(key)} holds several arrays, name one by --path or --array:`;
  throw new CliError([message, ...lines].join("\n"));
}

/** Writes an output that appears complete or not at all. */
export async function fill(
  out: string,
  session: Session,
  write: (sink: Sink, watched: Watched) => Promise<void>,
): Promise<void> {
  const sink = await openSink(out, session);
  try {
    await session.watch("exporting", (watched) => write(sink, watched));
    await sink.close?.();
  } catch (error) {
    await sink.abort?.(error);
    throw error;
  }
}

/** The file as it is, once all of it has been verified. */
async function copyFile(file: string, sink: Sink, watched: Watched): Promise<void> {
  const reader = await open(file, { as: "bytes" });
  try {
    const { faults } = await reader.verify();
    if (faults[0] !== undefined) throw faults[0];
  } finally {
    await reader.close();
  }
  const source = await FileSource.open(file);
  try {
    const piece = new Uint8Array(PIECE_BYTES);
    for (let done = 0; ; ) {
      watched.signal.throwIfAborted();
      const n = await source.read(piece);
      if (n === 0) return;
      await sink.append([piece.subarray(0, n)]);
      done += n;
      watched.onProgress({ nbytes: done, cbytes: done, nchunks: 0, size: source.size });
    }
  } finally {
    await source.close();
  }
}

async function writeNpy(file: string, sink: Sink, watched: Watched): Promise<void> {
  const reader = await open(file, { as: "array" });
  try {
    await sink.append([npyHead(reader)]);
    let nbytes = 0;
    for await (const chunk of reader.chunks()) {
      watched.signal.throwIfAborted();
      await sink.append([chunk]);
      nbytes += chunk.byteLength;
      watched.onProgress({ nbytes, cbytes: 0, nchunks: 0, size: reader.nbytes });
    }
  } finally {
    await reader.close();
  }
}

/**
 * An array of a small result, which has no file, with its shape. The arrays of what an adapter would
 * restore are in the order in which they were stored, for they are those of its parts.
 *
 * @param value the result
 */
export function piecesOf(value: unknown, n: number, format: Format): Uint8Array[] {
  const input = takeApart(value, new Adapters()).arrays[n]?.input as ArrayInput;
  return format === "npy" ? npyOf(input) : [packNdarray(input)];
}

function npyOf(input: ArrayInput): Uint8Array[] {
  const { bytes, dtype, shape, order } = checkArray(input);
  return [npyHead({ dtype: dtype.name, shape, order }), bytes];
}
