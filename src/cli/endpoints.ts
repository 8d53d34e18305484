/**
 * What the names on the command line stand for: files, pipes and devices, stdin and stdout, and objects
 * of S3-compatible stores.
 */
import fs from "node:fs";
import type { OpenOptions } from "../format/contents.ts";
import type { CompressedSink, Sink, Source } from "../format/endpoints.ts";
import type { Reader } from "../format/reader.ts";
import type { ByteSource } from "../format/source.ts";
import { PiecesSource, WritableSink } from "../format/stream-endpoints.ts";
import { FileSink, FileSource } from "../store/file-endpoints.ts";
import { open } from "../store/file-reader.ts";
import { withStoredFile } from "../store/stored-file.ts";
import { CliError } from "./failure.ts";
import { isObject, objectOf } from "./object-names.ts";
import type { Session } from "./session.ts";

/** Stands for stdin or stdout. */
export const STANDARD_STREAM = "-";

/** What the reference appends to the name of a file that it compresses. */
export const EXTENSION = ".blp";

/** Refuses a file that is not there. `role` says what it was to be, such as "input file". */
export async function requireFile(
  name: string,
  session: Session,
  role = "input file",
): Promise<void> {
  if (name === STANDARD_STREAM) return;
  if (isObject(name)) {
    if ((await storedSize(name, session)) !== undefined) return;
    throw new CliError(`${role} '${name}' does not exist!`);
  }
  const stats = statOf(name);
  if (stats === undefined) throw new CliError(`${role} '${name}' does not exist!`);
  if (stats.isDirectory()) throw new CliError(`${role} '${name}' is a directory`);
}

/** Refuses, beside what is not there, what can be read from front to back only. */
export async function requireSeekable(
  name: string,
  session: Session,
  role?: string,
): Promise<void> {
  await requireFile(name, session, role);
  if (isSeekable(name)) return;
  throw new CliError(`'${name}' is a stream, and this takes a file: it is not read in one go`);
}

/** Whether a name that is there can be read from anywhere. */
export function isSeekable(name: string): boolean {
  if (name === STANDARD_STREAM) return false;
  return isObject(name) || statOf(name)?.isFile() === true;
}

/** Stored bytes of what has a size, if it is there. */
export async function storedSize(name: string, session: Session): Promise<number | undefined> {
  if (isObject(name)) return (await objectOf(name, session)).size();
  return name === STANDARD_STREAM ? undefined : statOf(name)?.size;
}

/**
 * Refuses an output that exists, unless it may be replaced, or that is an input: it would be
 * gone when something went wrong.
 */
export async function requireFree(
  name: string,
  session: Session,
  ...inputs: readonly string[]
): Promise<void> {
  if (name === STANDARD_STREAM) return;
  if (isObject(name)) {
    await requireFreeObject(name, session, inputs);
    return;
  }
  // A link that leads nowhere is there all the same.
  const stats = statOf(name) ?? fs.lstatSync(name, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isDirectory()) throw new CliError(`output file '${name}' is a directory`);
  if (!session.force) throw new CliError(`output file '${name}' exists!`);
  for (const input of inputs) {
    const other = input === STANDARD_STREAM ? undefined : statOf(input);
    if (other?.ino === stats.ino && other.dev === stats.dev) {
      throw new CliError(`input file '${input}' and output file '${name}' are the same file`);
    }
  }
  session.report.verbose(`overwriting existing file: '${name}'`);
}

async function requireFreeObject(
  name: string,
  session: Session,
  inputs: readonly string[],
): Promise<void> {
  if ((await storedSize(name, session)) === undefined) return;
  if (!session.force) throw new CliError(`output file '${name}' exists!`);
  if (inputs.includes(name)) {
    throw new CliError(`input file '${name}' and output file '${name}' are the same file`);
  }
  session.report.verbose(`overwriting existing file: '${name}'`);
}

/** Opens what is to be read. A regular file has a size, a pipe has none. */
export async function openSource(name: string, session: Session): Promise<Source> {
  const { signal } = session;
  if (isObject(name)) return (await objectOf(name, session)).source();
  if (name !== STANDARD_STREAM && statOf(name)?.isFile() !== false) return FileSource.open(name);
  const stream = name === STANDARD_STREAM ? process.stdin : fs.createReadStream(name);
  // A read may wait for ever; who reads, or is going to, gets the signal's reason.
  stream.on("error", () => undefined);
  signal.addEventListener("abort", () => stream.destroy(signal.reason as Error));
  return new PiecesSource(stream);
}

/** Opens what is to be written. A file, or an object, appears under its name when it is complete. */
export async function openSink(name: string, session: Session): Promise<CompressedSink> {
  const { signal } = session;
  if (isObject(name)) return (await objectOf(name, session)).sink();
  if (name === STANDARD_STREAM) return new StdoutSink(signal);
  const stats = statOf(name);
  // The file behind a link is replaced, not the link.
  if (stats === undefined) return FileSink.create(name);
  if (stats.isFile()) return FileSink.create(fs.realpathSync(name));
  // Devices and pipes are written to; a file put in their place would be a nasty surprise.
  const stream = fs.createWriteStream(name);
  stream.on("error", () => undefined);
  signal.addEventListener("abort", () => stream.destroy(signal.reason as Error));
  return new WritableSink(stream);
}

/** Opens a Bloscpack file for reading parts of it. */
export async function openReader(
  name: string,
  session: Session,
  options: OpenOptions = {},
): Promise<Reader> {
  return isObject(name) ? (await objectOf(name, session)).open(options) : open(name, options);
}

/** Opens the bytes of a file for the time of a call. REQUIRES: {@link isSeekable}. */
export async function withBytes<T>(
  name: string,
  session: Session,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  if (isObject(name)) return (await objectOf(name, session)).withBytes(use);
  return withStoredFile(name, use);
}

/** Removes an output that was complete; a device stays. */
export async function removeOutput(name: string, session: Session): Promise<void> {
  if (isObject(name)) await (await objectOf(name, session)).remove();
  else if (statOf(name)?.isFile() === true) fs.rmSync(name);
}

/** Opens both, or none. */
export async function openBoth(
  input: string,
  output: string,
  session: Session,
): Promise<[Source, CompressedSink]> {
  const source = await openSource(input, session);
  try {
    return [source, await openSink(output, session)];
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

/** Writes to stdout and leaves it open: the process ends when all of it is out. */
class StdoutSink implements Sink {
  readonly #aborted: Promise<never>;

  constructor(signal: AbortSignal) {
    this.#aborted = new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
    this.#aborted.catch(() => undefined);
  }

  async append(pieces: readonly Uint8Array[]): Promise<void> {
    // A pipe that nobody reads takes for ever.
    for (const piece of pieces) await Promise.race([writeToStdout(piece), this.#aborted]);
  }
}

/** Resolves when `bytes` may be changed again. Rejects with EPIPE when nobody reads any more. */
export function writeToStdout(bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

export function statOf(name: string): fs.Stats | undefined {
  return fs.statSync(name, { throwIfNoEntry: false });
}
