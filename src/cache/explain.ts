/** Why a call has to be computed, told by what is stored of its function. */
import { type CallSummary, decodeSummary, differences } from "./call-summary.ts";
import type { EntryInfo } from "./entry-info.ts";
import type { Staleness } from "./freshness.ts";
import { type FunctionIdentity, versionThatCounts } from "./identity.ts";

/**
 * - `hit`: it need not be.
 * - `expired`, `rejected`: the stored result is too old, or `validate` refuses it.
 * - `unreadable`: files of the stored result are gone.
 * - `evicted`: this process has removed it, to keep the cache within its limits.
 * - `version`: another version of the function was called with the same arguments.
 * - `arguments`: this version was called, with other arguments only.
 * - `absent`: nothing like it is stored.
 */
export type ExplanationReason =
  | "hit"
  | Staleness
  | "unreadable"
  | "evicted"
  | "version"
  | "arguments"
  | "absent";

export interface Explanation {
  readonly reason: ExplanationReason;
  /** A sentence for people. */
  readonly text: string;
  /** Key of the call: 32 hexadecimal digits. */
  readonly key: string;
  /** The stored result that the reason speaks of: of this call, another version, or the nearest call. */
  readonly other?: EntryInfo;
  /** Where the arguments of the nearest call differ. */
  readonly differs?: readonly Difference[];
}

export interface Difference {
  /** Such as `args[1].seed`. */
  readonly place: string;
  /** In brief; `undefined` where there is nothing. */
  readonly here: string | undefined;
  readonly there: string | undefined;
}

/** A stored result of the same function. */
export interface Neighbour {
  readonly info: EntryInfo;
  /** Of its arguments, as the row has it. */
  readonly summary: string;
}

/**
 * A call whose result is stored.
 *
 * @param gone those of its files that are not there
 */
export function explainStored(
  info: EntryInfo,
  staleness: Staleness | undefined,
  gone: readonly string[],
): Explanation {
  const { key, threw } = info;
  const what = threw ? "error" : "result";
  const refuser = threw ? "cacheErrors or validate" : "validate";
  const since = `stored at ${info.created.toISOString()}`;
  if (staleness === "expired") {
    return { reason: "expired", text: `The ${what} is too old: ${since}.`, key, other: info };
  }
  if (staleness === "rejected") {
    return {
      reason: "rejected",
      text: `${refuser} refuses the ${what} ${since}.`,
      key,
      other: info,
    };
  }
  if (gone.length === 0) {
    return { reason: "hit", text: `The ${what} was ${since}.`, key, other: info };
  }
  const text = `Files of the result are gone: ${gone.join(", ")}.`;
  return { reason: "unreadable", text, key, other: info };
}

/** A call whose result was stored, and had to go. */
export function explainEvicted(key: string): Explanation {
  const text = "The result was removed, to keep the cache within its limits.";
  return { reason: "evicted", text, key };
}

/** A call whose result is not stored, among the results that are. */
export interface Absent {
  readonly key: string;
  readonly identity: FunctionIdentity;
  readonly summary: CallSummary;
  readonly stored: readonly Neighbour[];
  /** The key of the call in another version of the function. */
  readonly keyIn: (version: string) => string;
}

export function explainAbsent({ key, identity, summary, stored, keyIn }: Absent): Explanation {
  const { id, version } = identity;
  const versions = new Set(stored.map(({ info }) => versionThatCounts(info.version)));
  versions.delete(version);
  const keys = new Set(Array.from(versions, keyIn));
  const other = stored.find(({ info }) => keys.has(info.key))?.info;
  if (other !== undefined) {
    const text = `The result is of version ${other.version} of "${id}", which is now ${version}.`;
    return { reason: "version", text, key, other };
  }
  const neighbour = nearest(
    summary,
    stored.filter(({ info }) => versionThatCounts(info.version) === version),
  );
  if (neighbour === undefined) {
    const text = `"${id}" in version ${version} has no results here.`;
    return { reason: "absent", text, key };
  }
  const { info, differs } = neighbour;
  const text = `Never called with these arguments. Nearest is ${info.key.slice(0, 8)}: ${tell(differs)}.`;
  return { reason: "arguments", text, key, other: info, differs };
}

/** The stored call whose arguments differ in the fewest places. */
function nearest(here: CallSummary, stored: readonly Neighbour[]) {
  let best: { info: EntryInfo; there: CallSummary; places: readonly string[] } | undefined;
  for (const { info, summary } of stored) {
    const there = decodeSummary(summary);
    const places = differences(here, there);
    if (best === undefined || places.length < best.places.length) best = { info, there, places };
  }
  if (best === undefined) return undefined;
  return { info: best.info, differs: compareCalls(here, best.there) };
}

/** Where the arguments of two calls differ, as far as summaries tell. */
export function compareCalls(here: CallSummary, there: CallSummary): Difference[] {
  const [mine, theirs] = [new Map(here), new Map(there)];
  return differences(here, there).map((place) => ({
    place: nameOf(place),
    here: mine.get(place),
    there: theirs.get(place),
  }));
}

/** `1.seed` as messages write it: `args[1].seed`. */
export function nameOf(place: string): string {
  const [position, ...fields] = place.split(".");
  return [`args[${position}]`, ...fields].join(".");
}

function tell(differs: readonly Difference[]): string {
  if (differs.length === 0) return "it differs where summaries do not reach";
  const shown = differs.slice(0, 3).map(({ place, here, there }) => {
    return `${place} is ${here ?? "absent"}, there ${there ?? "absent"}`;
  });
  const rest = differs.length - shown.length;
  return shown.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
}
