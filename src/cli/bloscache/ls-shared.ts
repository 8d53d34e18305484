/** `bloscache ls s3://…`. */
import type { EntryInfo } from "../../cache/entry-info.ts";
import { messageOf } from "../../errors.ts";
import type { Bucket } from "../../tier/bucket.ts";
import { type BucketEntry, entriesOf, readEntry } from "../../tier/bucket-inventory.ts";
import { fewAtATime } from "../../tier/few-at-a-time.ts";
import { EXIT_FAILURE, speaker } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { cellsOf, compare, fitted, LONG_COLUMNS, type LsOptions } from "./ls.ts";
import { openShared, readingIn } from "./open-shared.ts";
import { Output } from "./output.ts";
import { chooseSlug, infoOf, type ListedInfo, listedInfo } from "./shared-entries.ts";
import { type Column, Table } from "./table.ts";
import { formatTime, plural, shortKey } from "./words.ts";

/** What a listing tells. */
const COLUMNS: readonly Column[] = [
  { title: "KEY" },
  { title: "FUNCTION" },
  { title: "CREATED" },
  { title: "DISK", right: true },
];

/** Heads that are read at a time. */
const AT_ONCE = 8;

/** Lines whose columns are made wide enough together. */
const PAGE = 1000;

/** A result, and what its object says, if that is asked for. */
interface Line {
  readonly listed: ListedInfo;
  readonly info?: EntryInfo;
  /** Why the object does not say it. */
  readonly fault?: string;
}

export async function lsShared(
  session: Session,
  [url, text]: [string, string | undefined],
  options: LsOptions,
): Promise<void> {
  const bucket = await openShared(url, options);
  const { signal } = session;
  const slug = text === undefined ? undefined : await chooseSlug(bucket, text, signal);
  const found = await inOrder(bucket, entriesOf(bucket, { slug, signal }), options, session);
  const isRead = options.long === true || options.tag !== undefined;
  const lines = isRead ? read(bucket, found, session) : listed(bucket, found);
  const printer = new Printer(options);
  let faults = 0;
  for await (const line of lines) {
    if (line.fault !== undefined) faults++;
    const { tag } = options;
    if (tag === undefined || line.info?.tags.includes(tag) === true) await printer.add(line);
  }
  await printer.end();
  if (faults > 0) tellFaults(faults, bucket);
}

async function* listed(bucket: Bucket, entries: AsyncIterable<BucketEntry>): AsyncGenerator<Line> {
  for await (const entry of entries) yield { listed: listedInfo(bucket, entry) };
}

/** Asks a few at a time what they are. Those that are gone meanwhile are left out. */
async function* read(
  bucket: Bucket,
  entries: AsyncIterable<BucketEntry>,
  session: Session,
): AsyncGenerator<Line> {
  const reading = readingIn(session);
  const looks = fewAtATime(entries, AT_ONCE, async (entry): Promise<Line | undefined> => {
    const line = { listed: listedInfo(bucket, entry) };
    try {
      const result = await readEntry(bucket, entry, reading);
      return result && { ...line, info: infoOf(line.listed, result) };
    } catch (error) {
      session.signal.throwIfAborted();
      return { ...line, fault: messageOf(error) };
    }
  });
  for await (const line of looks) if (line !== undefined) yield line;
}

/** The entries in the order that is asked for, which needs all of them at once. */
async function inOrder(
  bucket: Bucket,
  entries: AsyncIterable<BucketEntry>,
  { sort, reverse }: LsOptions,
  session: Session,
): Promise<AsyncIterable<BucketEntry>> {
  if (sort === undefined && reverse === undefined) return entries;
  const all: { readonly entry: BucketEntry; readonly durationMs: number }[] = [];
  const durations = sort === "duration" ? readEach(bucket, entries, session) : noneOf(entries);
  for await (const each of durations) all.push(each);
  all.sort((a, b) => {
    if (sort === "size") return b.entry.cbytes - a.entry.cbytes;
    if (sort === "duration") return b.durationMs - a.durationMs;
    const byAge = a.entry.ageMs - b.entry.ageMs;
    // As of a folder, the oldest of a function come first.
    return sort === "created" ? byAge : compare(a.entry.slug, b.entry.slug) || -byAge;
  });
  if (reverse === true) all.reverse();
  return (async function* () {
    for (const { entry } of all) yield entry;
  })();
}

async function* noneOf(entries: AsyncIterable<BucketEntry>) {
  for await (const entry of entries) yield { entry, durationMs: 0 };
}

/** How long each took to compute; those that do not tell come last. */
function readEach(bucket: Bucket, entries: AsyncIterable<BucketEntry>, session: Session) {
  const reading = readingIn(session);
  return fewAtATime(entries, AT_ONCE, async (entry) => {
    const result = await readEntry(bucket, entry, reading).catch(() => undefined);
    session.signal.throwIfAborted();
    return { entry, durationMs: result?.entry.durationMs ?? -1 };
  });
}

/** Lines as they come, a page of them in memory. */
class Printer {
  readonly #options: LsOptions;
  readonly #output = new Output();
  readonly #table: Table;
  #isBegun = false;
  #page: string[][] = [];

  constructor(options: LsOptions) {
    this.#options = options;
    this.#table = new Table(options.long === true ? LONG_COLUMNS : COLUMNS);
  }

  async add({ listed: found, info, fault }: Line): Promise<void> {
    const { json, long } = this.#options;
    if (json === true) {
      const told = long === true ? { ...found, ...info } : found;
      await this.#output.json({ ...told, ...(fault === undefined ? {} : { fault }) });
      return;
    }
    this.#page.push(long === true ? longCells(found, info, fault) : shortCells(found));
    if (this.#page.length === PAGE) await this.#printPage();
  }

  async end(): Promise<void> {
    if (this.#options.json !== true) await this.#printPage();
    await this.#output.end();
  }

  async #printPage(): Promise<void> {
    const isLong = this.#options.long === true;
    // The last cell of a long line ends where its text does.
    for (const cells of this.#page) this.#table.fit(isLong ? cells.slice(0, -1) : cells);
    if (!this.#isBegun) await this.#output.line(this.#table.head());
    this.#isBegun = true;
    for (const cells of this.#page) {
      await this.#output.line(fitted(this.#table.row(cells), this.#options));
    }
    this.#page = [];
  }
}

function shortCells({ key, slug, created, cbytes }: ListedInfo): string[] {
  return [shortKey(key), printable(slug), formatTime(created), prettySize(cbytes)];
}

function longCells(listed: ListedInfo, info: EntryInfo | undefined, fault = ""): string[] {
  if (info !== undefined) return cellsOf(info, { long: true });
  const { key, slug, created, cbytes } = listed;
  const [disk, text] = [prettySize(cbytes), printable(fault)];
  return [key, printable(slug), "-", formatTime(created), "-", "-", disk, "-", text];
}

/** On stderr; what was printed is then not all there is. */
function tellFaults(count: number, { url }: Bucket): void {
  const what = `${plural(count, "result")} in ${url} cannot be read`;
  process.stderr.write(`${speaker}: warning: ${what}: bloscache verify\n`);
  process.exitCode = EXIT_FAILURE;
}
