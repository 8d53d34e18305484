/**
 * How far a series has come in the bucket: a small object that is replaced whenever it grows. What it
 * does not name does not exist. JSON:
 *
 *     version 1, key (of the row, hexadecimal), function, functionVersion, dtype, itemShape,
 *     length (items), durationMs, summary, tags,
 *     segments  [{ name, from, to, cbytes, digest }, …], one behind the other
 *
 * The digest of a segment is by the seal's digester. The object is sealed as results are.
 */
import type { Address } from "../store/address.ts";
import { typesizeOf } from "../store/series-head.ts";
import type { ItemKind } from "./shared-tier.ts";

/** Some items, as an object that never changes. */
export interface Segment {
  /** In the folder of its series. */
  readonly name: string;
  /** Numbers of its first item, and of the one behind its last. */
  readonly from: number;
  readonly to: number;
  readonly cbytes: number;
  readonly digest: string;
}

export interface Manifest {
  readonly functionVersion: string;
  readonly durationMs: number;
  readonly summary: string;
  readonly tags: string;
  readonly segments: readonly Segment[];
}

/** Items that there are. */
export function lengthOfManifest({ segments }: Manifest): number {
  return segments.at(-1)?.to ?? 0;
}

/** The most plain bytes in a segment of more than one item: it is held in memory. */
export const SEGMENT_BYTES: number = 32 * 1024 * 1024;

/** More is none of ours: segments are put together. */
export const MANIFEST_BYTES: number = 16 * 1024 * 1024;

/** What a segment has beside its items at most: its note, and what does not shrink, bytes. */
const SLACK_BYTES = 8 * 1024 * 1024;

const VERSION = 1;

export function itemBytesOf({ dtype, itemShape }: ItemKind): number {
  return itemShape.reduce((product, n) => product * n, typesizeOf(dtype));
}

export function encodeManifest(address: Address, kind: ItemKind, manifest: Manifest): Uint8Array {
  const { segments, ...told } = manifest;
  const said = {
    ...{ version: VERSION, key: Buffer.from(address.row).toString("hex") },
    ...{ function: address.functionId, dtype: kind.dtype, itemShape: kind.itemShape },
    ...{ length: lengthOfManifest(manifest), ...told, segments },
  };
  return Buffer.from(JSON.stringify(said));
}

/**
 * Reads a manifest whose bytes are vouched for.
 *
 * @throws an `Error` for what is none, or of another series
 */
export function decodeManifest(address: Address, kind: ItemKind, bytes: Uint8Array): Manifest {
  const said = parse(bytes);
  const { version, key, dtype, itemShape, length, segments } = said;
  if (version !== VERSION) throw new Error(`it is of version ${String(version)}`);
  if (key !== Buffer.from(address.row).toString("hex") || said["function"] !== address.functionId) {
    throw new Error(`it is of another call: "${String(said["function"])}"`);
  }
  if (dtype !== kind.dtype || JSON.stringify(itemShape) !== JSON.stringify(kind.itemShape)) {
    throw new Error(`its items are ${JSON.stringify([dtype, itemShape])}`);
  }
  const { functionVersion, durationMs, summary, tags } = said;
  const isTold = [functionVersion, summary, tags].every((text) => typeof text === "string");
  if (!isTold || typeof durationMs !== "number" || !Array.isArray(segments)) {
    throw new Error("it does not say what a manifest says");
  }
  const manifest = {
    ...({ functionVersion, summary, tags } as Pick<
      Manifest,
      "functionVersion" | "summary" | "tags"
    >),
    ...{ durationMs, segments: segments.map((segment) => segmentOf(segment, kind)) },
  };
  checkSegments(manifest.segments);
  if (length !== lengthOfManifest(manifest)) throw new Error("its segments have another length");
  return manifest;
}

function parse(bytes: Uint8Array): { readonly [field: string]: unknown } {
  try {
    return Object(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    // What V8 says quotes the bytes.
    throw new Error("it is no JSON");
  }
}

const SEGMENT_NAME = /^\d+-\d+-[0-9a-f-]{36}\.blp$/;

function segmentOf(said: { readonly [field: string]: unknown }, kind: ItemKind): Segment {
  const { name, from, to, cbytes, digest } = Object(said);
  if (![from, to, cbytes].every((n) => Number.isSafeInteger(n) && n >= 0) || from >= to) {
    throw new Error("a segment of it has no size");
  }
  if (!SEGMENT_NAME.test(String(name)) || typeof digest !== "string") {
    throw new Error("a segment of it has no name, or no digest");
  }
  const plain = (to - from) * itemBytesOf(kind);
  const isBearable = to - from === 1 || plain <= SEGMENT_BYTES;
  if (!isBearable || cbytes > plain + SLACK_BYTES) throw new Error("a segment of it is too large");
  return { name, from, to, cbytes, digest };
}

function checkSegments(segments: readonly Segment[]): void {
  let end = 0;
  for (const { from, to } of segments) {
    if (from !== end) throw new Error(`it has no items from ${end} to ${from}`);
    end = to;
  }
}
