/** `blpk slice`: a part of a file, of which no more is read than the chunks that hold it. */
import type { Ndarray } from "../../format/ndarray.ts";
import type { Reader } from "../../format/reader.ts";
import {
  openReader,
  openSink,
  requireFree,
  requireSeekable,
  STANDARD_STREAM,
} from "../endpoints.ts";
import { blaming, CliError } from "../failure.ts";
import type { Session } from "../session.ts";
import { parseRange, type Range } from "./range.ts";
import { formatRows, requireNumbers } from "./text.ts";

/** Plain bytes that are read and written at a time; one row at least. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** What a range counts. */
interface Axis {
  /** Rows of an array, in Fortran order the last axis: slices of it are in one place. Else bytes. */
  readonly axis: number;
  readonly length: number;
  /** Plain bytes from one to the next. */
  readonly stride: number;
}

export async function slice(
  session: Session,
  [input, rangeText, out]: [string, string, string | undefined],
  { text }: { readonly text?: true },
): Promise<void> {
  const output = out ?? STANDARD_STREAM;
  if (output === STANDARD_STREAM) session.report.leaveStdout();
  const within = parseRange(rangeText);
  await requireSeekable(input, session);
  await requireFree(output, session, input);
  await blaming(input, async () => {
    const reader = await openReader(input, session);
    try {
      const axis = axisOf(reader);
      const range = within(axis.length);
      if (text === true) {
        requireNumbers(reader);
        await write(rows(reader, axis, range), output, session);
      } else {
        await write(bytes(input, axis, range, session), output, session);
      }
    } finally {
      await reader.close();
    }
  });
}

function axisOf({ shape, order, nbytes }: Reader): Axis {
  if (shape === undefined) return { axis: 0, length: nbytes, stride: 1 };
  const axis = order === "F" ? shape.length - 1 : 0;
  const length = shape[axis];
  if (length === undefined) throw new CliError("an array without dimensions has no slices");
  return { axis, length, stride: length === 0 ? 0 : nbytes / length };
}

/** The stored bytes of a range, in their own byte order. */
async function* bytes(
  input: string,
  { stride }: Axis,
  range: Range,
  session: Session,
): AsyncGenerator<Uint8Array> {
  const reader = await openReader(input, session, { as: "bytes" });
  try {
    const stop = range.stop * stride;
    for (let at = range.start * stride; at < stop; at += PIECE_BYTES) {
      yield (await reader.slice(at, Math.min(at + PIECE_BYTES, stop))) as Uint8Array;
    }
  } finally {
    await reader.close();
  }
}

/** The values of a range, as text. */
async function* rows(reader: Reader, axis: Axis, range: Range): AsyncGenerator<Uint8Array> {
  const step = Math.max(1, Math.floor(PIECE_BYTES / 8 / Math.max(1, axis.stride)));
  for (let at = range.start; at < range.stop; at += step) {
    const stop = Math.min(at + step, range.stop);
    const part = (await reader.slice(at, stop, axis.axis)) as Ndarray;
    yield Buffer.from(formatRows(part, stop - at));
  }
}

async function write(
  pieces: AsyncGenerator<Uint8Array>,
  output: string,
  session: Session,
): Promise<void> {
  const sink = await openSink(output, session);
  try {
    for await (const piece of pieces) {
      session.signal.throwIfAborted();
      await sink.append([piece]);
    }
    await sink.close?.();
  } catch (error) {
    await sink.abort?.(error);
    throw error;
  }
}
