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
  const arrays = note.arrays.map(({ kind, plain }) => [
    kind,
    Buffer.from(plain).toString("base64"),
  ]);
  const described = { durationMs, ...(note.text === "" ? {} : { note: [note.text, ...arrays] }) };
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
  if (typeof durationMs !== "number" || !Array.isArray(note)) return undefined;
  if (!/^[0-9a-f]{48}$/.test(key as string)) return undefined;
  const [text, ...arrays] = note as [string, ...[number, string][]];
  return {
    ...({ functionId, functionVersion, summary, tags } as Named),
    row: Uint8Array.from(Buffer.from(key as string, "hex")),
    durationMs,
    note: { text, arrays: arrays.map(noteArray) },
  };
}

function noteArray([kind, text]: readonly [number, string]): SeriesNote["arrays"][number] {
  return { kind, plain: Uint8Array.from(Buffer.from(text, "base64")) };
}
