/**
 * What the file of a series says of it in its metadata, under `bloscache`: with the chunks that its
 * head shows, enough to write the row again when the index is lost.
 */
import type { Metadata } from "../format/metadata.ts";
import { stringifyMetadata } from "../format/metadata-json.ts";
import type { Address } from "./address.ts";
import { fieldsOf } from "./description.ts";
import type { SeriesNote, SeriesRow } from "./series-row.ts";

/** Characters for what changes with every commit. A longer note is in the row alone. */
export const NOTE_ROOM = 1024;

type Named = Pick<SeriesRow, "functionId" | "functionVersion" | "summary" | "tags">;

/** What may change with every commit. */
export type Committed = Pick<SeriesRow, "note" | "durationMs">;

/** A series, as far as its file tells of it. */
export interface SeriesDescription extends Named, Committed {
  /** Key of the row. */
  readonly row: Uint8Array;
}

/** @param committed what {@link describeCommit} gives */
export function describeSeries({ row }: Address, named: Named, committed: Metadata): Metadata {
  const { functionId, functionVersion, summary, tags } = named;
  return {
    function: functionId,
    version: functionVersion,
    key: Buffer.from(row).toString("hex"),
    ...(tags === "" ? {} : { tags }),
    ...(summary === "" ? {} : { summary }),
    series: committed,
  };
}

/** `null` for a note that is not known, or too long: then the row cannot be written again. */
export function describeCommit(committed: Committed | undefined): Metadata {
  if (committed === undefined) return null;
  const { durationMs, note } = committed;
  const described = { durationMs, ...(note.text === "" ? {} : { note: describeNote(note) }) };
  return stringifyMetadata(described).length <= NOTE_ROOM ? described : null;
}

/** What {@link describeSeries} has made; `undefined` for what others have, or where it tells too little. */
export function parseSeriesDescription(
  metadata: Metadata | undefined,
): SeriesDescription | undefined {
  const said = fieldsOf(fieldsOf(metadata)["bloscache"]);
  const { function: functionId, version: functionVersion, key } = said;
  const { summary = "", tags = "" } = said;
  const { durationMs, note = [""] } = fieldsOf(said["series"]);
  const texts = [functionId, functionVersion, key, summary, tags];
  if (!texts.every((text) => typeof text === "string")) return undefined;
  const parsed = parseNote(note);
  if (typeof durationMs !== "number" || parsed === undefined) return undefined;
  if (!/^[0-9a-f]{48}$/.test(key as string)) return undefined;
  return {
    ...({ functionId, functionVersion, summary, tags } as Named),
    row: Uint8Array.from(Buffer.from(key as string, "hex")),
    durationMs,
    note: parsed,
  };
}

/** Its text, and of each of its arrays the kind and, in base64, the bytes. */
export function describeNote({ text, arrays }: SeriesNote): Metadata {
  return [text, ...arrays.map(({ kind, plain }) => [kind, Buffer.from(plain).toString("base64")])];
}

/** What {@link describeNote} has made; `undefined` for anything else. */
export function parseNote(described: Metadata | undefined): SeriesNote | undefined {
  if (!Array.isArray(described)) return undefined;
  const [text, ...arrays] = described as readonly Metadata[];
  if (typeof text !== "string" || !arrays.every(isNoteArray)) return undefined;
  const noteArray = ([kind, bytes]: readonly [number, string]) => {
    return { kind, plain: Uint8Array.from(Buffer.from(bytes, "base64")) };
  };
  return { text, arrays: arrays.map(noteArray) };
}

function isNoteArray(described: Metadata): described is [number, string] {
  if (!Array.isArray(described) || described.length !== 2) return false;
  const [kind, bytes] = described as readonly Metadata[];
  return Number.isInteger(kind) && typeof bytes === "string";
}
