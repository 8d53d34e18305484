/** `bloscache stats`. */
import type { EntryInfo } from "../../cache/entry-info.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { tellDamage } from "./damage.ts";
import { openCache } from "./open-cache.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { tableOf } from "./table.ts";
import { inTurns } from "./turns.ts";
import { formatDuration, formatTime, plural, shortId } from "./words.ts";

/** Of all results, or those of one function. */
class Sum {
  entries = 0;
  /** Bytes of all arrays, plain. */
  nbytes = 0;
  /** Bytes that they take. */
  cbytes = 0;
  /** What computing them took, ms. */
  durationMs = 0;
  oldest: Date | undefined;
  newest: Date | undefined;

  add({ nbytes, cbytes, durationMs, created }: EntryInfo): void {
    this.entries++;
    this.nbytes += nbytes;
    this.cbytes += cbytes;
    this.durationMs += durationMs;
    if (this.oldest === undefined || created < this.oldest) this.oldest = created;
    if (this.newest === undefined || created > this.newest) this.newest = created;
  }

  /** How many plain bytes a stored one stands for; nothing where there are none. */
  get ratio(): number | undefined {
    return this.cbytes === 0 ? undefined : this.nbytes / this.cbytes;
  }
}

const COLUMNS = [
  { title: "FUNCTION" },
  { title: "VERSIONS", right: true },
  { title: "RESULTS", right: true },
  { title: "PLAIN", right: true },
  { title: "RATIO", right: true },
  { title: "COMPUTED IN", right: true },
  { title: "OLDEST" },
  { title: "NEWEST" },
] as const;

interface OfFunction {
  readonly sum: Sum;
  readonly versions: Set<string>;
}

export async function stats(
  { signal }: Session,
  _operands: [],
  options: GlobalOptions,
): Promise<void> {
  const { memory, location } = openCache(options);
  const all = new Sum();
  const functions = new Map<string, OfFunction>();
  for await (const info of inTurns(memory.entries(), signal)) {
    const one = functions.get(info.id) ?? { sum: new Sum(), versions: new Set() };
    functions.set(info.id, one);
    one.versions.add(info.version);
    one.sum.add(info);
    all.add(info);
  }
  tellDamage(memory);
  if (options.json === true) {
    const each = Array.from(functions, ([id, { sum, versions }]) => {
      return { id, versions: versions.size, ...sum, ratio: sum.ratio };
    });
    await printJson({ location, ...all, ratio: all.ratio, functions: each });
  } else await print(...describe(location, all, functions));
}

function describe(
  location: string,
  all: Sum,
  functions: ReadonlyMap<string, OfFunction>,
): string[] {
  const lines = [
    `${plural(all.entries, "result")} of ${plural(functions.size, "function")} in ${printable(location)}`,
  ];
  if (all.oldest === undefined || all.newest === undefined) return lines;
  const byTime = [...functions].sort(([, a], [, b]) => b.sum.durationMs - a.sum.durationMs);
  const rows = byTime.map(([id, { sum, versions }]) => [
    ...[shortId(id), String(versions.size), String(sum.entries)],
    ...[prettySize(sum.nbytes), formatRatio(sum), formatDuration(sum.durationMs)],
    ...[formatTime(sum.oldest as Date), formatTime(sum.newest as Date)],
  ]);
  return [
    ...lines,
    `${prettySize(all.nbytes)} plain, ${prettySize(all.cbytes)} stored, ratio ${formatRatio(all)}`,
    `computed in ${formatDuration(all.durationMs)}`,
    `from ${formatTime(all.oldest)} to ${formatTime(all.newest)}`,
    "",
    ...tableOf(COLUMNS, rows),
  ];
}

function formatRatio({ ratio }: Sum): string {
  return ratio === undefined ? "-" : ratio.toFixed(1);
}
