/** A result that is to be stored, and how it is split into a row and files. */
import type { ChunkSize } from "../format/chunking.ts";
import { type ArrayInput, checkArray } from "../format/ndarray.ts";
import type { PackPlan } from "../format/pack.ts";
import { type PackNdarrayOptions, planPackNdarray } from "../format/pack-ndarray.ts";
import { type Address, newStamp, objectPath } from "./address.ts";
import { describe } from "./description.ts";
import type { Entry, FileArray, InlineArray } from "./entry.ts";
import type { StandingLimits } from "./limits.ts";
import type { Layout } from "./location.ts";
import type { FileFacts } from "./object-file.ts";
import type { Durability, Publication } from "./publication.ts";

/** One array of a result, and what to restore it as: a number that the caller defines, to 254. */
export interface DraftArray {
  readonly kind: number;
  readonly input: ArrayInput;
  /** What differs from the store's way to pack. */
  readonly packing?: PackNdarrayOptions | undefined;
}

/** What a row tells of a result as the caller does. */
type Facts = Pick<
  Entry,
  "isAsync" | "threw" | "durationMs" | "functionId" | "functionVersion" | "summary" | "tags"
>;

/** A result that is to be stored. */
export interface Draft {
  readonly facts: Facts;
  readonly skeleton: string;
  readonly arrays: readonly DraftArray[];
  /** Whether it is kept however old it grows, and however large the cache. */
  readonly isPinned: boolean;
}

export interface StoreOptions {
  readonly durability: Durability;
  /** Results of at most so many plain bytes live in their row. */
  readonly inlineBytes: number;
  /** How files are packed. */
  readonly packing: PackNdarrayOptions;
  /** Plain bytes per chunk of a series that names none. */
  readonly seriesChunkSize: ChunkSize;
  /** How large the cache may become; `undefined` where that is not limited. */
  readonly limits: StandingLimits | undefined;
  /** Whether nothing is to be written, uses neither. */
  readonly readOnly: boolean;
}

/** An array on its way into a file. */
export interface Job {
  readonly kind: number;
  readonly plan: PackPlan;
  readonly to: Publication;
}

/** A draft, split. */
export interface SplitDraft {
  /** None where everything goes into the row. */
  readonly jobs: readonly Job[];
  /** The row, without what the jobs leave. */
  readonly entry: Entry;
}

/** Marks the array that holds a skeleton too long for the row. */
export const SKELETON_KIND = 255;

const NO_JOBS: readonly Job[] = [];

export function splitDraft(
  layout: Layout,
  options: StoreOptions,
  address: Address,
  { facts, skeleton, isPinned, arrays }: Draft,
): SplitDraft {
  const { inlineBytes } = options;
  const skeletonIsArray = skeleton.length > inlineBytes;
  const all = skeletonIsArray ? [...arrays, skeletonArray(skeleton)] : arrays;
  const plain = plainArrays(all);
  const entry = entryOf(facts, skeletonIsArray ? undefined : skeleton, plain);
  const nbytes = plain.reduce((sum, array) => sum + array.plain.byteLength, 0);
  if (nbytes <= inlineBytes) return { jobs: NO_JOBS, entry };
  const kinds = all.map(({ kind }) => kind);
  const jobs = all.map((array, n) => {
    const metadata = { bloscache: describe(address, { ...entry, kinds, isPinned }, n) };
    const path = objectPath(layout, address, entry.stamp, n);
    return jobOf(array, metadata, { path, layout, options });
  });
  return { jobs, entry };
}

/** @param skeleton `undefined` when it is the last array */
function entryOf(
  { isAsync, threw, durationMs, functionId, functionVersion, summary, tags }: Facts,
  skeleton: string | undefined,
  arrays: readonly InlineArray[],
): Entry {
  // Written out: it is made for every result, and copying the fields of an object takes longer.
  return {
    isAsync,
    skeletonIsArray: skeleton === undefined,
    threw,
    stamp: newStamp(),
    createdMs: Date.now(),
    durationMs,
    arrays,
    functionId,
    functionVersion,
    skeleton: skeleton ?? "",
    summary,
    tags,
  };
}

function plainArrays(arrays: readonly DraftArray[]): InlineArray[] {
  return arrays.map(({ kind, input }) => ({ kind, plain: bytesOf(input) }));
}

function bytesOf(input: ArrayInput): Uint8Array {
  if (!ArrayBuffer.isView(input)) return checkArray(input).bytes;
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
}

function jobOf(
  { kind, input, packing }: DraftArray,
  metadata: NonNullable<PackNdarrayOptions["metadata"]>,
  { path, layout, options }: { path: string; layout: Layout; options: StoreOptions },
): Job {
  const plan = planPackNdarray(input, { ...options.packing, ...packing, metadata });
  const { durability } = options;
  return { kind, plan, to: { path, temporary: layout.tmp, durability, mode: 0o600 } };
}

/** What the row says of an array whose file was written. */
export function fileArray({ kind, plan }: Job, facts: FileFacts): FileArray {
  return { kind, nbytes: plan.plain.byteLength, ...facts };
}

function skeletonArray(skeleton: string): DraftArray {
  return { kind: SKELETON_KIND, input: new Uint8Array(Buffer.from(skeleton, "utf8")) };
}
