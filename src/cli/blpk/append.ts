/** `blpk append`. */
import { HEADER_LENGTH, META_HEADER_LENGTH } from "../../format/constants.ts";
import type { Source } from "../../format/endpoints.ts";
import { measureHead, readHead } from "../../format/head.ts";
import type { Metadata } from "../../format/metadata.ts";
import { replaceMetadata } from "../../format/metadata-section.ts";
import { append as appendTo } from "../../store/append-file.ts";
import { rewriteMetadata } from "../../store/metadata-file.ts";
import { withStoredFile } from "../../store/stored-file.ts";
import { EXTENSION, openSource, requireFile, statOf } from "../endpoints.ts";
import { blaming, CliError } from "../failure.ts";
import { isObject } from "../object-names.ts";
import type { Session, Watched } from "../session.ts";
import { exactSize } from "../sizes.ts";
import { announce } from "./announce.ts";
import { requireCodec } from "./compress.ts";
import { readMetadataFile } from "./metadata.ts";
import { type BloscOptions, givenShuffle } from "./options.ts";

export interface AppendCommandOptions extends BloscOptions {
  /** False for `--no-check-extension`. */
  readonly checkExtension: boolean;
  readonly metadata?: string;
}

export async function append(
  session: Session,
  [original, added]: [string, string],
  options: AppendCommandOptions,
): Promise<void> {
  const { report } = session;
  announce(report, "append");
  requireCodec(options.codec);
  if (options.checkExtension && !original.endsWith(EXTENSION)) {
    throw new CliError(`original file '${original}' does not end with '${EXTENSION}'`);
  }
  const before = requireOriginal(original);
  await requireFile(added, session, "new file");
  requireOther(original, added);
  report.verbose(`original file is: '${original}'\nnew file is: '${added}'`);
  report.verbose(`orig file size before append: ${exactSize(before)}`);

  const metadata = await readMetadataFile(options.metadata, session);
  const result = await blaming(original, async () => {
    // Refused now, nothing has been appended yet.
    if (metadata !== undefined) await requireRoom(original, metadata);
    const source = await openSource(added, session);
    const done = await session.watch("appending", (watched) =>
      appendTo(original, observed(source, watched), compressionOf(options)),
    );
    if (metadata !== undefined) await rewriteMetadata(original, metadata);
    return done;
  });
  const after = statOf(original)?.size ?? 0;
  report.verbose(`new file size: ${exactSize(result.nbytes)}`);
  report.verbose(`nchunks: ${result.nchunks}`);
  if (result.rewritten) report.verbose("the file was written anew, with room for more chunks");
  report.verbose(`orig file size after append: ${exactSize(after)}`);
}

function requireOriginal(original: string): number {
  if (isObject(original)) {
    throw new CliError(
      `original file '${original}' is an object of a store, and these cannot be appended to: ` +
        "each is replaced as a whole, or not at all",
    );
  }
  const stats = statOf(original);
  if (stats === undefined) throw new CliError(`original file '${original}' does not exist!`);
  if (!stats.isFile()) throw new CliError(`original file '${original}' is not a regular file`);
  return stats.size;
}

/** A file that is read while it grows would never end. */
function requireOther(original: string, added: string): void {
  const [a, b] = [statOf(original), statOf(added)];
  if (a?.ino !== b?.ino || a?.dev !== b?.dev) return;
  throw new CliError(`original file '${original}' and new file '${added}' are the same file`);
}

async function requireRoom(original: string, metadata: Metadata): Promise<void> {
  await withStoredFile(original, async (source) => {
    const head = await readHead(source);
    if (!head.header.metadata) throw new CliError(`'${original}' has no metadata to replace`);
    const prefix = await source.read(0, HEADER_LENGTH + META_HEADER_LENGTH);
    replaceMetadata(await source.read(0, measureHead(prefix, source.size)), metadata);
  });
}

/** The source, with the session looking on: appending knows of no signal and no progress. */
function observed(source: Source, { signal, onProgress }: Watched): Source {
  let nbytes = 0;
  return {
    async read(target) {
      signal.throwIfAborted();
      const n = await source.read(target);
      nbytes += n;
      onProgress({ nbytes, cbytes: 0, nchunks: 0, size: source.size });
      return n;
    },
    async close() {
      await source.close?.();
    },
  };
}

/** What is not given is as in the file. */
function compressionOf(options: BloscOptions) {
  const shuffle = givenShuffle(options);
  return {
    ...(options.codec === undefined ? {} : { cname: options.codec }),
    ...(options.clevel === undefined ? {} : { clevel: options.clevel }),
    ...(shuffle === undefined ? {} : { shuffle }),
    ...(options.typesize === undefined ? {} : { typesize: options.typesize }),
  };
}
