/** `bloscache ls`. */
import type { EntryInfo } from "../../cache/entry-info.ts";
import type { Memory } from "../../cache/memory.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { chooseFunction } from "./choice.ts";
import { tellDamage } from "./damage.ts";
import { openCache } from "./open-cache.ts";
import { Output } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { type Column, Table } from "./table.ts";
import { inTurns } from "./turns.ts";
import {
  formatArguments,
  formatDuration,
  formatTime,
  shortId,
  shortKey,
  shortVersion,
} from "./words.ts";

export type Order = "created" | "size" | "duration" | "name";

export interface LsOptions extends GlobalOptions {
  readonly sort?: Order;
  readonly tag?: string;
  readonly reverse?: true;
  readonly long?: true;
}

/** Characters of arguments where no terminal says how many fit. */
const ARGUMENTS_WIDTH = 60;

const COLUMNS: readonly Column[] = [
  { title: "KEY" },
  { title: "FUNCTION" },
  { title: "VERSION" },
  { title: "CREATED" },
  { title: "TOOK", right: true },
  { title: "PLAIN", right: true },
  { title: "DISK", right: true },
  { title: "ARGUMENTS" },
];

/** With the tags in front of the arguments, which end the line. */
export const LONG_COLUMNS: readonly Column[] = [
  ...COLUMNS.slice(0, -1),
  { title: "TAGS" },
  ...COLUMNS.slice(-1),
];

export async function ls(
  { signal }: Session,
  [text]: [string | undefined],
  options: LsOptions,
): Promise<void> {
  const { memory } = openCache(options);
  const id = text === undefined ? undefined : chooseFunction(memory, text);
  const listed = await listing(memory, id, options, signal);
  const entries = () => inTurns(listed(), signal);
  const output = new Output();
  if (options.json === true) {
    for await (const info of entries()) await output.json(info);
  } else {
    // Twice through the index, instead of all rows in memory.
    const table = new Table(options.long === true ? LONG_COLUMNS : COLUMNS);
    for await (const info of entries()) table.fit(cellsOf(info, options).slice(0, -1));
    await output.line(table.head());
    for await (const info of entries()) {
      await output.line(fitted(table.row(cellsOf(info, options)), options));
    }
  }
  await output.end();
  tellDamage(memory);
}

/** The entries in the order that is asked for, as often as they are needed. */
async function listing(
  memory: Memory,
  id: string | undefined,
  { sort, reverse, tag }: LsOptions,
  signal: AbortSignal,
): Promise<() => Iterable<EntryInfo>> {
  const filter = { ...(id === undefined ? {} : { id }), ...(tag === undefined ? {} : { tag }) };
  if (sort === undefined && reverse === undefined) return () => memory.entries(filter);
  // In memory there is no more of each entry than its place.
  const places: Place[] = [];
  const order = sort ?? "name";
  for await (const info of inTurns(memory.entries(filter), signal)) {
    places.push({ id: info.id, key: info.key, value: rankOf(info, order) });
  }
  places.sort((a, b) =>
    order === "name" ? compare(a.id, b.id) || a.value - b.value : b.value - a.value,
  );
  if (reverse === true) places.reverse();
  return () => entriesAt(memory, places);
}

/** Where an entry belongs, and where to find it again. */
interface Place {
  readonly id: string;
  readonly key: string;
  readonly value: number;
}

function* entriesAt(memory: Memory, places: readonly Place[]): Iterable<EntryInfo> {
  for (const { id, key } of places) {
    for (const handle of memory.find(key, id)) {
      const info = handle.info();
      if (info !== undefined) yield info; // it may be gone meanwhile
    }
  }
}

function rankOf(info: EntryInfo, order: Order): number {
  if (order === "size") return info.nbytes;
  return order === "duration" ? info.durationMs : info.created.getTime();
}

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function cellsOf(info: EntryInfo, { long }: Pick<LsOptions, "long">): string[] {
  const { key, id, version } = info;
  const call = `${info.threw ? "threw: " : ""}${formatArguments(info)}`;
  const names =
    long === true
      ? [key, printable(id), printable(version)]
      : [shortKey(key), shortId(id), shortVersion(version)];
  return [
    ...names,
    formatTime(info.created),
    formatDuration(info.durationMs),
    prettySize(info.nbytes),
    prettySize(info.cbytes),
    ...(long === true ? [printable(info.tags.join(", ")) || "-"] : []),
    long === true ? call : shortened(call),
  ];
}

function shortened(text: string): string {
  if (process.stdout.isTTY || text.length <= ARGUMENTS_WIDTH) return text;
  return `${text.slice(0, ARGUMENTS_WIDTH - 1)}…`;
}

/** On a terminal a line of the short form is one line. */
export function fitted(line: string, { long }: Pick<LsOptions, "long">): string {
  const { isTTY, columns } = process.stdout;
  if (long === true || !isTTY || line.length <= columns) return line;
  return `${line.slice(0, columns - 1)}…`;
}
