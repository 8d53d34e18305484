/** `blpk decompress` and `blpk cat`. */
import type { Sink, Source } from "../../format/endpoints.ts";
import { stringifyMetadata } from "../../format/metadata-json.ts";
import { type UnpackResult, unpack } from "../../format/unpack-stream.ts";
import {
  EXTENSION,
  openBoth,
  openSink,
  openSource,
  requireFile,
  requireFree,
  STANDARD_STREAM,
  storedSize,
} from "../endpoints.ts";
import { blaming, CliError } from "../failure.ts";
import type { Session } from "../session.ts";
import { exactSize } from "../sizes.ts";
import { announce } from "./announce.ts";
import { heldOpen, JointText, requireDifferent } from "./joint-output.ts";
import { formatMetadata, isTelling } from "./metadata.ts";

export interface DecompressOptions {
  /** False for `--no-check-extension`. */
  readonly checkExtension: boolean;
  readonly metadata?: string;
}

export async function decompress(
  session: Session,
  [input, out]: [string, string | undefined],
  options: DecompressOptions,
): Promise<void> {
  const output = outputOf(input, out, options);
  if ([output, options.metadata].includes(STANDARD_STREAM)) session.report.leaveStdout();
  announce(session.report, "decompression");
  await requireFile(input, session);
  if (options.metadata !== undefined) requireDifferent(output, options.metadata);
  await requireFree(output, session, input);
  if (options.metadata !== undefined) await requireFree(options.metadata, session, input);
  session.report.verbose(`input file is: '${input}'\noutput file is: '${output}'`);

  const { metadata, nbytes } = await blaming(input, async () => {
    if (options.metadata !== undefined) {
      return transferBoth(session, input, output, options.metadata);
    }
    const [source, sink] = await openBoth(input, output, session);
    return transfer(session, source, sink);
  });
  await reportSizes(session, input, nbytes);
  if (isTelling(metadata) && options.metadata === undefined && output !== STANDARD_STREAM) {
    session.report.normal(`Metadata:\n${formatMetadata(metadata)}`);
  }
}

export async function cat(session: Session, [files]: [string[]]): Promise<void> {
  session.report.leaveStdout();
  for (const file of files) await requireFile(file, session);
  const sink = await openSink(STANDARD_STREAM, session);
  for (const file of files) {
    await blaming(file, async () => transfer(session, await openSource(file, session), sink));
  }
}

function transfer(session: Session, source: Source, sink: Sink): Promise<UnpackResult> {
  return session.watch("decompressing", (options) => unpack(source, sink, options));
}

/** Decompresses, and writes the metadata to a file of its own. */
async function transferBoth(
  session: Session,
  input: string,
  output: string,
  metadataFile: string,
): Promise<UnpackResult> {
  const beside = await JointText.open(metadataFile, session);
  try {
    const [source, sink] = await openBoth(input, output, session);
    const result = await transfer(session, source, heldOpen(sink));
    await beside.publish(`${stringifyMetadata(result.metadata ?? null)}\n`, sink);
    return result;
  } catch (error) {
    await beside.abort(error);
    throw error;
  }
}

function outputOf(input: string, out: string | undefined, options: DecompressOptions): string {
  if (input === STANDARD_STREAM) return out ?? STANDARD_STREAM;
  if (!options.checkExtension) {
    if (out === undefined) throw new CliError("--no-check-extension requires use of <out_file>");
    return out;
  }
  if (!input.endsWith(EXTENSION)) {
    throw new CliError(`input file '${input}' does not end with '${EXTENSION}'`);
  }
  return out ?? input.slice(0, -EXTENSION.length);
}

async function reportSizes(session: Session, input: string, nbytes: number): Promise<void> {
  const { report } = session;
  if (!report.isVerbose) return;
  const stored = await storedSize(input, session);
  if (stored !== undefined) report.verbose(`input file size: ${exactSize(stored)}`);
  report.verbose(`output file size: ${exactSize(nbytes)}`);
  if (stored !== undefined && stored > 0) {
    report.verbose(`decompression ratio: ${(nbytes / stored).toFixed(6)}`);
  }
}
