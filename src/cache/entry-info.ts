/** What is known of a stored result, beside its value. */
import type { Address } from "../store/address.ts";
import type { Entry } from "../store/entry.ts";
import { decodeSeries, plainBytesOf } from "../store/series-row.ts";
import { type CallSummary, decodeSummary } from "./call-summary.ts";
import { decodeTags } from "./tags.ts";

export interface EntryInfo {
  /** Key of the call: 32 hexadecimal digits. */
  readonly key: string;
  /** Id of the function. */
  readonly id: string;
  /** Version of the function: `v:` and the user's, or `f:` and the fingerprint of its source. */
  readonly version: string;
  readonly created: Date;
  /** How long the function took, ms. */
  readonly durationMs: number;
  /** Whether the function gives a promise. */
  readonly isAsync: boolean;
  /** Whether it is an error: the function threw it, or its promise rejected with it. */
  readonly threw: boolean;
  /** Bytes of all arrays, plain. */
  readonly nbytes: number;
  /** Bytes that they take on disk. */
  readonly cbytes: number;
  /** Of the call, in brief: places such as `1.seed`, and what stands there. */
  readonly arguments: CallSummary;
  readonly tags: readonly string[];
  /** Absolute paths of the Bloscpack files; none for a small result, which is in the index. */
  readonly files: readonly string[];
}

export function describeEntry(address: Address, entry: Entry, files: readonly string[]): EntryInfo {
  const series = decodeSeries(entry);
  let nbytes = 0;
  let cbytes = 0;
  for (const array of entry.arrays) {
    const inline = "plain" in array;
    nbytes += inline ? array.plain.byteLength : array.nbytes;
    cbytes += inline ? array.plain.byteLength : array.cbytes;
  }
  return {
    key: address.name,
    id: entry.functionId,
    version: entry.functionVersion,
    created: new Date(entry.createdMs),
    durationMs: entry.durationMs,
    isAsync: entry.isAsync,
    threw: entry.threw,
    nbytes: series === undefined ? nbytes : plainBytesOf(series),
    cbytes,
    arguments: decodeSummary(entry.summary),
    tags: decodeTags(entry.tags),
    files,
  };
}
