/** Two outputs that appear together: the data and, with `-m`, its metadata. */
import fs from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { Sink } from "../../format/endpoints.ts";
import { openSink, removeOutput, STANDARD_STREAM, statOf } from "../endpoints.ts";
import { CliError } from "../failure.ts";
import { isObject } from "../object-names.ts";
import type { Session } from "../session.ts";

/** Refuses two outputs of which one would replace the other. */
export function requireDifferent(output: string, metadata: string): void {
  if (!isSame(output, metadata)) return;
  if (output === STANDARD_STREAM) {
    throw new CliError("data and metadata cannot both go to stdout: name an out_file");
  }
  throw new CliError(`output file '${output}' and metadata file '${metadata}' are the same file`);
}

function isSame(a: string, b: string): boolean {
  if ([a, b].some((name) => name === STANDARD_STREAM || isObject(name))) return a === b;
  const [one, other] = [statOf(a), statOf(b)];
  // What is written to a device one after the other stays.
  if (one?.isFile() === false && one.isDirectory() === false) return false;
  if (one !== undefined && other !== undefined)
    return one.ino === other.ino && one.dev === other.dev;
  return placeOf(a) === placeOf(b);
}

/** Where a file that may not be there yet is going to be, whatever links lead to it. */
function placeOf(name: string): string {
  const path = resolve(name);
  const folder = dirname(path);
  const place = resolve(
    statOf(folder) === undefined ? folder : fs.realpathSync(folder),
    basename(path),
  );
  const link = fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  if (link && statOf(path) === undefined) return placeOf(resolve(folder, fs.readlinkSync(path)));
  // Elsewhere the same letters in another case mostly are the same name.
  return process.platform === "linux" ? place : place.toLowerCase();
}

/** Text that is published together with data, and not at all when one of them fails. */
export class JointText {
  readonly #name: string;
  readonly #session: Session;
  readonly #sink: Sink;

  private constructor(name: string, session: Session, sink: Sink) {
    this.#name = name;
    this.#session = session;
    this.#sink = sink;
  }

  /** Opened before the work begins: what cannot be written is known by then. */
  static async open(name: string, session: Session): Promise<JointText> {
    return new JointText(name, session, await openSink(name, session));
  }

  async abort(reason: unknown): Promise<void> {
    await this.#sink.abort?.(reason);
  }

  /** Publishes both. REQUIRES: all of the data has been appended, and the sink is not closed. */
  async publish(text: string, data: Sink): Promise<void> {
    try {
      await this.#sink.append([Buffer.from(text)]);
      await this.#sink.close?.();
    } catch (error) {
      await data.abort?.(error);
      throw error;
    }
    try {
      await data.close?.();
    } catch (error) {
      await removeOutput(this.#name, this.#session);
      await data.abort?.(error);
      throw error;
    }
  }
}

/** The sink, to be closed later by somebody else. */
export function heldOpen(sink: Sink): Sink {
  return {
    append: (pieces) => sink.append(pieces),
    abort: (reason) => sink.abort?.(reason),
  };
}
