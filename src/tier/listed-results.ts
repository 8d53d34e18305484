/**
 * Results and series as a listing of a bucket shows them: one object that says what there is, and
 * others that it speaks of. Those of one stand together in the order of names, so that no more than
 * one is in memory.
 */
import type { Bucket, ListedObject } from "./bucket.ts";

/** A result or a series, or what is left of one. */
export interface ListedResult {
  /** What the names of its objects begin with. */
  readonly id: string;
  /** Without it nobody finds the others. */
  readonly head: ListedObject | undefined;
  readonly others: readonly ListedObject[];
}

/** Where they stand: the start of the names of one, and the rest of that of its head. */
const KINDS = [
  { prefix: "results/", id: /^results\/[^/]+\/[^/]+\/[^/.-]+(?=[.-])/, head: ".blp" },
  { prefix: "series/", id: /^series\/[^/]+\/[^/]+\/[^/]+(?=\/)/, head: "/manifest.json" },
] as const;

/**
 * All of a bucket, or what stands under a prefix. Objects that have other names are none of ours.
 *
 * @param prefix whole parts of names, such as `results/` or `results/<function>/`
 */
export async function* listResults(
  bucket: Bucket,
  signal?: AbortSignal,
  prefix = "",
): AsyncGenerator<ListedResult, void, undefined> {
  for (const kind of KINDS) {
    const isWithin = prefix.startsWith(kind.prefix);
    if (isWithin || prefix === "") {
      yield* together(kind, bucket.list(isWithin ? prefix : kind.prefix, { signal }));
    }
  }
}

async function* together(
  kind: (typeof KINDS)[number],
  listing: AsyncIterable<ListedObject>,
): AsyncGenerator<ListedResult, void, undefined> {
  let id: string | undefined;
  let objects: ListedObject[] = [];
  for await (const object of listing) {
    const [itsId] = kind.id.exec(object.name) ?? [];
    if (itsId === undefined) continue;
    if (id !== undefined && itsId !== id) {
      yield resultOf(id, id + kind.head, objects);
      objects = [];
    }
    id = itsId;
    objects.push(object);
  }
  if (id !== undefined) yield resultOf(id, id + kind.head, objects);
}

function resultOf(id: string, head: string, objects: readonly ListedObject[]): ListedResult {
  return {
    id,
    head: objects.find(({ name }) => name === head),
    others: objects.filter(({ name }) => name !== head),
  };
}

/** Bytes of all its objects. */
export function bytesOf({ head, others }: ListedResult): number {
  return others.reduce((bytes, { size }) => bytes + size, head?.size ?? 0);
}
