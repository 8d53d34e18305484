/** The arrays of a stored result: where in it each one stands, known without any being read. */
import { parseSimpleDtype } from "../format/dtype.ts";
import type { Entry } from "../store/entry.ts";
import { decodeSeries, plainBytesOf, type SeriesRow } from "../store/series-row.ts";
import { formatPath, MapStep, SetStep, type Step } from "./key-path.ts";
import { arrayType } from "./result-arrays.ts";
import type { Json } from "./result-skeleton.ts";

export interface StoredArray {
  /** Where in the result it stands, such as `result.grid.data`; `result` when it is all there is. */
  readonly place: string;
  /** What it is read as: the name of a class, or `latin1` or `utf16` for a long string. */
  readonly type: string;
  /** Plain bytes. */
  readonly nbytes: number;
  /** Bytes that it takes on disk. */
  readonly cbytes: number;
  /** Absolute path of its Bloscpack file; none for an array of a small result. */
  readonly file: string | undefined;
}

/** @param files of the entry, in the order of its arrays; empty when they are in the index */
export function describeArrays(
  skeleton: string,
  entry: Entry,
  files: readonly string[],
): StoredArray[] {
  const series = decodeSeries(entry);
  if (series !== undefined) return [describeSeries(series, files[0])];
  const { arrays, skeletonIsArray } = entry;
  const places = placesOf(JSON.parse(skeleton) as Json);
  const own = skeletonIsArray ? arrays.slice(0, -1) : arrays;
  return own.map((array, n) => {
    const nbytes = "plain" in array ? array.plain.byteLength : array.nbytes;
    return {
      place: places.get(n) ?? "result",
      type: arrayType(array.kind) ?? String(array.kind),
      nbytes,
      cbytes: "plain" in array ? nbytes : array.cbytes,
      file: files[n],
    };
  });
}

/** What grows is one array, whatever of it is in the file and what in the row. */
function describeSeries(series: SeriesRow, file: string | undefined): StoredArray {
  const { kind, tail } = series;
  const type = kind.dtype === "<f2" ? "Float16Array" : parseSimpleDtype(kind.dtype).array.name;
  const cbytes = (series.file?.end ?? 0) + tail.byteLength;
  return { place: "result", type, nbytes: plainBytesOf(series), cbytes, file };
}

/** By the number of the array; of one that stands in several places, the first. */
function placesOf(skeleton: Json): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  walk(skeleton, [], (n, steps) => {
    if (!places.has(n)) places.set(n, formatPath("result", steps));
  });
  return places;
}

type Visit = (n: number, steps: readonly Step[]) => void;

/** As `result-skeleton.ts` describes it; a type of a later release has what it holds in its own place. */
function walk(json: Json, steps: readonly Step[], visit: Visit): void {
  if (typeof json !== "object" || json === null) return;
  if (Array.isArray(json)) {
    json.forEach((element, i) => {
      walk(element, [...steps, i], visit);
    });
    return;
  }
  const mark = json["$"] as [string, ...Json[]] | undefined;
  if (mark === undefined) walkFields(Object.entries(json), steps, visit);
  else if (mark[0] === "array" || mark[0] === "resizable") visit(mark[1] as number, steps);
  else walkSpecial(mark, steps, visit);
}

function walkSpecial([type, ...values]: [string, ...Json[]], steps: readonly Step[], visit: Visit) {
  const [first, second, third] = values as [Json, Json, Json];
  switch (type) {
    case "object":
      return walkFields(first as [string, Json][], steps, visit);
    case "list":
      walkFields(second as [number, Json][], steps, visit);
      return walkFields(third as [string, Json][], steps, visit);
    case "error":
      walkFields(second as [string, Json][], steps, visit);
      return walkFields(third as [string, Json][], steps, visit);
    case "map":
      return walkMap(first as [Json, Json][], steps, visit);
    case "set":
      return (first as Json[]).forEach((member, i) => {
        walk(member, [...steps, new SetStep(i)], visit);
      });
    default:
      for (const value of values) walk(value, steps, visit);
  }
}

function walkFields(
  fields: readonly (readonly [string | number, Json])[],
  steps: readonly Step[],
  visit: Visit,
): void {
  for (const [name, value] of fields) walk(value, [...steps, name], visit);
}

function walkMap(entries: readonly [Json, Json][], steps: readonly Step[], visit: Visit): void {
  for (const [key, value] of entries) {
    walk(key, [...steps, new MapStep(key, "key")], visit);
    walk(value, [...steps, new MapStep(key, "value")], visit);
  }
}
