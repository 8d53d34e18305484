/** `blpk compress`. */

import type { ChecksumName } from "../../blosc/checksum.ts";
import { codecs } from "../../blosc/codec.ts";
import { calculateNchunks } from "../../format/chunking.ts";
import { DEFAULT_CHUNK_SIZE } from "../../format/constants.ts";
import { pack } from "../../format/pack-stream.ts";
import { EXTENSION, openBoth, requireFile, requireFree, STANDARD_STREAM } from "../endpoints.ts";
import { blaming, CliError, EXIT_USAGE } from "../failure.ts";
import type { Session } from "../session.ts";
import { exactSize } from "../sizes.ts";
import { announce } from "./announce.ts";
import { readMetadataFile } from "./metadata.ts";
import {
  type BloscOptions,
  DEFAULT_CLEVEL,
  DEFAULT_CODEC,
  DEFAULT_TYPESIZE,
  givenShuffle,
} from "./options.ts";

export interface CompressOptions extends BloscOptions {
  readonly chunkSize?: number;
  readonly checksum: ChecksumName;
  /** False for `--no-offsets`. */
  readonly offsets: boolean;
  readonly maxAppChunks?: number;
  readonly metadata?: string;
}

export async function compress(
  session: Session,
  [input, out]: [string, string | undefined],
  options: CompressOptions,
): Promise<void> {
  const output = out ?? (input === STANDARD_STREAM ? STANDARD_STREAM : `${input}${EXTENSION}`);
  if (output === STANDARD_STREAM) session.report.leaveStdout();
  announce(session.report, "compression");
  requireCodec(options.codec);
  await requireFile(input, session);
  const metadata = await readMetadataFile(options.metadata, session);
  await requireFree(
    output,
    session,
    input,
    ...(options.metadata === undefined ? [] : [options.metadata]),
  );
  if (output === STANDARD_STREAM && process.stdout.isTTY && !session.force) {
    throw new CliError(
      "compressed data is not for a terminal: name an out_file, or force it with -f",
    );
  }
  session.report.verbose(`input file is: '${input}'\noutput file is: '${output}'`);

  const { chunkSize = DEFAULT_CHUNK_SIZE } = options;
  const result = await blaming(input, async () => {
    const [source, sink] = await openBoth(input, output, session);
    return session.watch("compressing", (transfer) =>
      pack(source, sink, {
        ...transfer,
        chunkSize,
        bloscArgs: bloscArgsOf(options),
        bloscpackArgs: {
          checksum: options.checksum,
          // Not asked for, there are offsets wherever they are possible: not in a pipe.
          ...(options.offsets ? {} : { offsets: false }),
          ...(options.maxAppChunks === undefined ? {} : { maxAppChunks: options.maxAppChunks }),
        },
        ...(metadata === undefined ? {} : { metadata }),
      }),
    );
  });
  const chunking = calculateNchunks(result.nbytes, chunkSize);
  session.report.verbose(
    [
      `input file size: ${exactSize(result.nbytes)}`,
      `nchunks: ${chunking.nchunks}`,
      `chunk_size: ${exactSize(chunking.chunkSize)}`,
      `last_chunk_size: ${exactSize(chunking.lastChunk)}`,
      `output file size: ${exactSize(result.cbytes)}`,
      `compression ratio: ${(result.nbytes / result.cbytes).toFixed(6)}`,
    ].join("\n"),
  );
}

function bloscArgsOf(options: BloscOptions) {
  return {
    typesize: options.typesize ?? DEFAULT_TYPESIZE,
    clevel: options.clevel ?? DEFAULT_CLEVEL,
    cname: options.codec ?? DEFAULT_CODEC,
    shuffle: givenShuffle(options) ?? "shuffle",
  };
}

/** Refuses a codec that the linked C-Blosc does not have; the parser cannot know them. */
export function requireCodec(codec: string | undefined): void {
  if (codec === undefined || codecs.includes(codec)) return;
  throw new CliError(
    `argument -c/--codec: invalid choice: '${codec}' (choose from ${codecs.join(", ")})`,
    EXIT_USAGE,
  );
}
