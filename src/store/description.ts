/**
 * What the file of an array says of its result in its metadata, under `bloscache`: with what its
 * head says besides, enough to write the row again when the index is lost.
 */
import type { Metadata } from "../format/metadata.ts";
import type { Address } from "./address.ts";
import type { Entry } from "./entry.ts";

/** What all files of a result have in common with its row. */
type Told = Pick<
  Entry,
  "isAsync" | "threw" | "createdMs" | "durationMs" | "functionId" | "functionVersion"
> &
  Pick<Entry, "skeletonIsArray" | "skeleton" | "summary" | "tags">;

export interface Described extends Told {
  /** Of each of its arrays, as in the row. */
  readonly kinds: readonly number[];
  readonly isPinned: boolean;
}

/** One file of a result. */
export interface Description extends Told {
  /** Key of the row. */
  readonly row: Uint8Array;
  /** Which of its arrays, of how many. */
  readonly array: number;
  readonly arrays: number;
  readonly kind: number;
  readonly isPinned: boolean;
}

/** The metadata of the n-th file. What is of the result as a whole is said once, by the first. */
export function describe({ row }: Address, result: Described, n: number): Metadata {
  const { functionId, functionVersion, isAsync, threw, durationMs, createdMs } = result;
  const { kinds, skeleton, skeletonIsArray, summary, tags, isPinned } = result;
  const whole = {
    ...(tags === "" ? {} : { tags }),
    ...(summary === "" ? {} : { summary }),
    ...(isPinned ? { pinned: true } : {}),
    ...(skeletonIsArray ? {} : { skeleton }),
  };
  return {
    function: functionId,
    version: functionVersion,
    key: Buffer.from(row).toString("hex"),
    array: n,
    arrays: kinds.length,
    kind: kinds[n] as number,
    async: isAsync,
    createdMs,
    durationMs,
    ...(threw ? { threw } : {}),
    ...(n === 0 ? whole : {}),
  };
}

const ROW_KEY = /^[0-9a-f]{48}$/;

/** What {@link describe} has made; `undefined` for what others have, or earlier releases. */
export function parseDescription(metadata: Metadata | undefined): Description | undefined {
  const said = fieldsOf(fieldsOf(metadata)["bloscache"]);
  const { function: functionId, version: functionVersion, key, async: isAsync } = said;
  const { array, arrays, kind, createdMs, durationMs } = said;
  const { skeleton = "", summary = "", tags = "" } = said;
  if (![functionId, functionVersion, skeleton, summary, tags].every(isText)) return undefined;
  if (![array, arrays, kind].every(isIndex) || ![createdMs, durationMs].every(isTime)) {
    return undefined;
  }
  if (typeof isAsync !== "boolean" || !isText(key) || !ROW_KEY.test(key)) return undefined;
  return {
    ...({ functionId, functionVersion, skeleton, summary, tags } as Texts),
    ...({ array, arrays, kind, createdMs, durationMs } as Numbers),
    isAsync,
    threw: said["threw"] === true,
    isPinned: said["pinned"] === true,
    skeletonIsArray: !("skeleton" in said),
    row: Uint8Array.from(Buffer.from(key, "hex")),
  };
}

type Texts = Pick<Told, "functionId" | "functionVersion" | "skeleton" | "summary" | "tags">;
type Numbers = Pick<Description, "array" | "arrays" | "kind" | "createdMs" | "durationMs">;

/** The fields of an object; none of anything else. */
export function fieldsOf(metadata: Metadata | undefined): { readonly [key: string]: Metadata } {
  const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  return isObject ? (metadata as { [key: string]: Metadata }) : {};
}

function isText(value: Metadata | undefined): value is string {
  return typeof value === "string";
}

/** What a row has room for. */
function isIndex(value: Metadata | undefined): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 16;
}

function isTime(value: Metadata | undefined): boolean {
  return Number.isFinite(value) && (value as number) >= 0;
}
