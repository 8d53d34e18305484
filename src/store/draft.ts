/** A result that is to be stored, and how it is split into a row and files. */
import type { ChunkSize } from "../format/chunking.ts";
import { type ArrayInput, describeArray } from "../format/ndarray.ts";
import type { PackPlan } from "../format/pack.ts";
import { type PackNdarrayOptions, planPackNdarray } from "../format/pack-ndarray.ts";
import { type Address, newStamp, objectPath } from "./address.ts";
import { describe } from "./description.ts";
import type { Entry, FileArray } from "./entry.ts";
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
type Told =
  | ("isAsync" | "threw" | "durationMs")
  | ("functionId" | "functionVersion" | "skeleton" | "summary" | "tags");

/** A result that is to be stored. */
export interface Draft extends Pick<Entry, Told> {
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
  /** The row, once each of them has left its file. */
  readonly entryWith: (files: readonly FileArray[]) => Entry;
}

/** Marks the array that holds a skeleton too long for the row. */
export const SKELETON_KIND = 255;

export function splitDraft(
  layout: Layout,
  { inlineBytes, durability, packing }: StoreOptions,
  address: Address,
  draft: Draft,
): SplitDraft {
  const { isPinned, arrays, ...told } = draft;
  const skeletonIsArray = draft.skeleton.length > inlineBytes;
  const all = skeletonIsArray ? [...arrays, skeletonArray(draft.skeleton)] : arrays;
  const plain = all.map(({ kind, input }) => ({ kind, plain: describeArray(input).bytes }));
  const nbytes = plain.reduce((sum, array) => sum + array.plain.byteLength, 0);
  const inline = nbytes <= inlineBytes;
  const entry = {
    ...told,
    stamp: newStamp(),
    createdMs: Date.now(),
    skeletonIsArray,
    skeleton: skeletonIsArray ? "" : draft.skeleton,
  };
  const kinds = all.map(({ kind }) => kind);
  const jobs = (inline ? [] : all).map(({ kind, input, packing: own }, n): Job => {
    const metadata = { bloscache: describe(address, { ...entry, kinds, isPinned }, n) };
    const plan = planPackNdarray(input, { ...packing, ...own, metadata });
    const path = objectPath(layout, address, entry.stamp, n);
    return { kind, plan, to: { path, temporary: layout.tmp, durability, mode: 0o600 } };
  });
  return { jobs, entryWith: (files) => ({ ...entry, arrays: inline ? plain : files }) };
}

/** What the row says of an array whose file was written. */
export function fileArray({ kind, plan }: Job, facts: FileFacts): FileArray {
  return { kind, nbytes: plan.plain.byteLength, ...facts };
}

function skeletonArray(skeleton: string): DraftArray {
  return { kind: SKELETON_KIND, input: new Uint8Array(Buffer.from(skeleton, "utf8")) };
}
