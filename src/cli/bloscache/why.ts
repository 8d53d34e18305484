/** `bloscache why`: how a stored call differs from others, or why a call would be computed. */
import type { EntryInfo } from "../../cache/entry-info.ts";
import { compareCalls, type Difference } from "../../cache/explain.ts";
import type { Memory } from "../../cache/memory.ts";
import { CliError } from "../failure.ts";
import { printable } from "../printable.ts";
import type { Session } from "../session.ts";
import { chooseResult } from "./choice.ts";
import { explainCall } from "./explain-call.ts";
import { openCache } from "./open-cache.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { tableOf } from "./table.ts";
import { inTurns } from "./turns.ts";
import { formatTime, shortId, shortKey, shortVersion } from "./words.ts";

/** Nearest calls that are told of. */
const NEAREST = 3;

export async function why(
  { signal }: Session,
  [call, other]: [string, string | undefined],
  options: GlobalOptions,
): Promise<void> {
  if (call.includes("#")) return explainCall(call, other, options, signal);
  const { memory } = openCache(options);
  const here = infoOf(memory, call);
  const others =
    other === undefined ? await nearest(memory, here, signal) : [infoOf(memory, other)];
  const compared = others.map((there) => compare(here, there));
  if (options.json === true) await printJson({ here, others: compared });
  else await print(...describe(here, compared));
}

/** How one stored call differs from another. */
interface Comparison {
  readonly there: EntryInfo;
  readonly sameFunction: boolean;
  readonly sameVersion: boolean;
  readonly differs: readonly Difference[];
}

function compare(here: EntryInfo, there: EntryInfo): Comparison {
  return {
    there,
    sameFunction: here.id === there.id,
    sameVersion: here.version === there.version,
    differs: compareCalls(here.arguments, there.arguments),
  };
}

function infoOf(memory: Memory, key: string): EntryInfo {
  const handle = chooseResult(memory, key);
  const info = handle.info();
  if (info === undefined) throw new CliError(`the result ${shortKey(handle.key)} is gone`);
  return info;
}

/** The calls of the same function that differ in the fewest places; a version counts as one. */
async function nearest(memory: Memory, here: EntryInfo, signal: AbortSignal): Promise<EntryInfo[]> {
  const best: { info: EntryInfo; distance: number }[] = [];
  for await (const info of inTurns(memory.entries({ id: here.id }), signal)) {
    if (info.key === here.key) continue;
    const { differs, sameVersion } = compare(here, info);
    const distance = differs.length + (sameVersion ? 0 : 1);
    if (best.length === NEAREST && distance >= (best.at(-1)?.distance ?? 0)) continue;
    best.push({ info, distance });
    best.sort((a, b) => a.distance - b.distance);
    best.length = Math.min(best.length, NEAREST);
  }
  return best.map(({ info }) => info);
}

function describe(here: EntryInfo, compared: readonly Comparison[]): string[] {
  const lines = [`${nameOf(here)}, ${shortId(here.id)}`];
  if (compared.length === 0) lines.push("", "It is the only result of its function.");
  for (const one of compared) lines.push("", ...describeComparison(here, one));
  return lines;
}

function nameOf(info: EntryInfo): string {
  return `${shortKey(info.key)} of ${formatTime(info.created)}`;
}

function describeComparison(here: EntryInfo, one: Comparison): string[] {
  const { there, sameFunction, sameVersion, differs } = one;
  const rows = differs.map(rowOf);
  if (!sameVersion) {
    rows.unshift(["version", shortVersion(here.version), shortVersion(there.version)]);
  }
  if (!sameFunction) rows.unshift(["function", shortId(here.id), shortId(there.id)]);
  if (rows.length === 0)
    return [`${nameOf(there)} differs where summaries of arguments do not reach`];
  const columns = [{ title: "" }, { title: "HERE" }, { title: "THERE" }];
  return [`${nameOf(there)} differs:`, ...tableOf(columns, rows)];
}

function rowOf({ place, here = "absent", there = "absent" }: Difference): string[] {
  return [place, here, there].map(printable);
}
