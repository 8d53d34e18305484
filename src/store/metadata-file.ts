/** The metadata of a Bloscpack file, read and rewritten in its place. */
import { HEADER_LENGTH } from "../format/constants.ts";
import { type Metadata, metadataEnd } from "../format/metadata.ts";
import {
  type RewriteMetadataArgs,
  replaceMetadata,
  requireMetadata,
} from "../format/metadata-section.ts";
import { changeFile } from "./exclusive-file.ts";
import { readStoredHead } from "./growing-file.ts";
import { checkDurability, replaceRegions, syncCommit } from "./journal.ts";
import type { Durability } from "./publication.ts";
import { readSettled } from "./settled.ts";
import { run, runSync, SteppedFile, type Steps } from "./steps.ts";

export interface RewriteMetadataOptions extends RewriteMetadataArgs {
  /** What a rewrite survives: `"relaxed"` (the default) a killed process, `"strict"` a power cut. */
  readonly durability?: Durability;
}

/**
 * The metadata of a file; `undefined` when it has none.
 *
 * @throws {BloscpackError} when header, metadata or offsets are damaged
 */
export async function readMetadata(path: string): Promise<Metadata | undefined> {
  return run(readSettled(path, () => readSteps(path)));
}

/** {@link readMetadata}, synchronously. */
export function readMetadataSync(path: string): Metadata | undefined {
  return runSync(readSettled(path, () => readSteps(path)));
}

/**
 * Replaces the metadata of a file. The section keeps its size and the data its place; killed at any
 * instant, the file has the old metadata or the new.
 *
 * Of an array's metadata, `dtype`, `shape`, `order` and `container` say how to read the file: who
 * leaves them out makes it one of plain bytes.
 *
 * @throws {NotEnoughSpace} when the file has no metadata section, or too small a one: nothing changes
 * @throws {TypeError | RangeError} for an option, among them a digest of another size than the file's
 * @throws {StoreError} with a cause of code `ELOCKED` when somebody else is writing the file
 */
export async function rewriteMetadata(
  path: string,
  metadata: Metadata,
  options: RewriteMetadataOptions = {},
): Promise<void> {
  return run(rewriteSteps(path, metadata, options));
}

/** {@link rewriteMetadata}, synchronously. */
export function rewriteMetadataSync(
  path: string,
  metadata: Metadata,
  options: RewriteMetadataOptions = {},
): void {
  runSync(rewriteSteps(path, metadata, options));
}

function* readSteps(path: string): Steps<Metadata | undefined> {
  const file = new SteppedFile(path, "r");
  try {
    return (yield* readStoredHead(file)).head.metadata;
  } finally {
    file.close();
  }
}

function* rewriteSteps(
  path: string,
  metadata: Metadata,
  { durability = "relaxed", ...args }: RewriteMetadataOptions,
): Steps<void> {
  checkDurability(durability);
  yield* changeFile(path, function* (file, lock) {
    const { head, bytes } = yield* readStoredHead(file);
    requireMetadata(head.metadata);
    const old = bytes.subarray(HEADER_LENGTH, metadataEnd(bytes));
    const region = { position: HEADER_LENGTH, old, new: replaceMetadata(bytes, metadata, args) };
    yield* replaceRegions(file, { size: file.size, regions: [region] }, lock, durability);
    yield* syncCommit(file.path, durability);
  });
}
