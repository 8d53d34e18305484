/** Results in a bucket as the command tells of them, and how one is named. */
import { describeEntry, type EntryInfo } from "../../cache/entry-info.ts";
import { slugOf } from "../../cache/identity.ts";
import type { Bucket } from "../../tier/bucket.ts";
import {
  type BucketEntry,
  type BucketResult,
  entriesOf,
  slugsIn,
} from "../../tier/bucket-inventory.ts";
import { CliError, EXIT_FAILURE } from "../failure.ts";
import { printable } from "../printable.ts";
import { checkKey, ellipsis, SHOWN } from "./choice.ts";
import { formatTime } from "./words.ts";

/** What a listing tells of a result. */
export interface ListedInfo {
  readonly key: string;
  /** What stands for its function in names. */
  readonly slug: string;
  /** When it was sent. */
  readonly created: Date;
  /** Bytes of all its objects. */
  readonly cbytes: number;
  /** URLs of its objects. */
  readonly files: readonly string[];
}

export function listedInfo(bucket: Bucket, entry: BucketEntry): ListedInfo {
  const { key, slug, ageMs, cbytes, head, others } = entry;
  const files = [head, ...others].map(({ name }) => bucket.url + name);
  return { key, slug, created: new Date(Date.now() - ageMs), cbytes, files };
}

/** What the object says, as of a folder's result; times, bytes and files are the bucket's. */
export function infoOf(
  listed: ListedInfo,
  { address, entry }: BucketResult,
): EntryInfo & Pick<ListedInfo, "slug"> {
  const { created, cbytes, files, slug } = listed;
  return { ...describeEntry(address, entry, files), created, cbytes, slug };
}

/** The result whose key begins with these digits. @throws {CliError} unless there is just one */
export async function chooseListed(
  bucket: Bucket,
  digits: string,
  signal: AbortSignal,
): Promise<BucketEntry> {
  checkKey(digits);
  const found: BucketEntry[] = [];
  for await (const entry of entriesOf(bucket, { signal })) {
    if (!entry.key.startsWith(digits.toLowerCase())) continue;
    found.push(entry);
    if (found.length > SHOWN) break;
  }
  const [only, second] = found;
  if (only === undefined) {
    throw new CliError(`no result in ${bucket.url} has a key that begins with '${digits}'`);
  }
  if (second === undefined) return only;
  const lines = found.slice(0, SHOWN).map((entry) => {
    const { key, slug, created } = listedInfo(bucket, entry);
    return `  ${key} ${printable(slug)}, ${formatTime(created)}`;
  });
  throw new CliError(
    [`'${digits}' may be one of several keys:`, ...lines, ...ellipsis(found.length)].join("\n"),
  );
}

/**
 * The function that is meant, as names have it: by its id, by the end of it, or by that very name.
 *
 * @throws {CliError} unless there is just one
 */
export async function chooseSlug(
  bucket: Bucket,
  text: string,
  signal: AbortSignal,
): Promise<string> {
  const slugs = await slugsIn(bucket, signal);
  const exact = [text, slugOf(text)].find((slug) => slugs.has(slug));
  if (exact !== undefined) return exact;
  const found = [...slugs].filter((slug) => isEndOf(slug, text));
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const [what, candidates] =
    only === undefined
      ? [
          `no results of '${printable(text)}'${slugs.size === 0 ? "" : "; there are of"}`,
          [...slugs],
        ]
      : [`'${printable(text)}' may be one of several functions`, found];
  const lines = candidates.slice(0, SHOWN).map((slug) => `  ${printable(slug)}`);
  const end = lines.length === 0 ? "" : ":";
  const message = [`${what}${end}`, ...lines, ...ellipsis(candidates.length)].join("\n");
  throw new CliError(message, EXIT_FAILURE);
}

/** Whether whole words at the end of a function's id may be these: names have them in lower case. */
function isEndOf(slug: string, end: string): boolean {
  const own = slug.replace(/-[0-9a-f]{8}$/, "");
  const wanted = slugOf(end).replace(/-[0-9a-f]{8}$/, "");
  return `-${own}`.endsWith(`-${wanted}`);
}
