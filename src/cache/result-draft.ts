/** What is stored of a call that was computed. */
import type { TypedArray } from "../format/dtype.ts";
import type { Draft, DraftArray } from "../store/draft.ts";
import { type CallSummary, encodeSummary } from "./call-summary.ts";
import type { FunctionIdentity } from "./identity.ts";
import type { Packing } from "./packing.ts";
import type { Adapters } from "./result-adapters.ts";
import { takeApart } from "./result-writer.ts";
import { encodeTags } from "./tags.ts";

/** What is to be remembered of a call that was computed. */
export interface Computed {
  readonly result: unknown;
  readonly isAsync: boolean;
  /** Whether the result is what the function threw. */
  readonly threw: boolean;
  readonly durationMs: number;
  readonly summary: CallSummary;
  readonly tags: readonly string[];
  /** Whether it is kept however old it grows, and however large the cache. */
  readonly isPinned: boolean;
  /** How each array is packed; what it leaves out is the cache's choice. */
  readonly packing: ((array: TypedArray | ArrayBuffer) => Packing | undefined) | undefined;
}

/** @throws {ValueError} for a result that cannot be stored, and what the user's packing throws */
export function draftOf(identity: FunctionIdentity, computed: Computed, adapters: Adapters): Draft {
  const { id: functionId, version, recorded: functionVersion = version } = identity;
  const { isAsync, threw, durationMs, isPinned, packing } = computed;
  const summary = encodeSummary(computed.summary);
  const tags = encodeTags(computed.tags);
  const { skeleton, arrays } = takeApart(computed.result, adapters);
  const packed = packing === undefined ? arrays : arrays.map((array) => packedBy(array, packing));
  const facts = { functionId, functionVersion, isAsync, threw, durationMs, summary, tags };
  return { facts, skeleton, isPinned, arrays: packed };
}

function packedBy(array: DraftArray, packing: NonNullable<Computed["packing"]>): DraftArray {
  const { input } = array;
  return { ...array, packing: packing("data" in input ? input.data : input) };
}
