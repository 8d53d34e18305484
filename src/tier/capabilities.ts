/**
 * Which conditions a store heeds. Some refuse a put with a condition, some take it and ignore the
 * condition, and nothing but trying tells: two puts of which the second is to be refused.
 */
import { randomUUID } from "node:crypto";
import { StoreError } from "../errors.ts";
import { type Bucket, type PutCondition, type PutOutcome, readBody } from "./bucket.ts";
import { within } from "./patience.ts";

/** What comes of a condition: it is heeded, of several puts at once too; not looked at; or refused. */
type Condition = "atomic" | "ignored" | "unsupported";

export interface Capabilities {
  /** Of puts that depend on there being no such object. */
  readonly create: Condition;
  /** Of puts that depend on the object being still the same. */
  readonly replace: Condition;
}

/** Where the answer is kept, so that others need not try. */
const NAME = "capabilities.json";

/** A store may have learnt more since, or forgotten: it is asked again after so long, ms. */
const VALID_MS = 7 * 24 * 3_600_000;

/** Larger ones are not ours. */
const MAX_BYTES = 4096;

/** Answers of a store that is there may be lost; this often in a row it is not there. */
const ATTEMPTS = 4;

const known = new WeakMap<Bucket, Promise<Capabilities>>();

/**
 * Asks a bucket once in the life of a process, and tries it out once a week for all processes.
 *
 * @param patienceMs how long all of it may take
 * @throws {StoreError} when it cannot be reached or written; it is then asked again the next time
 */
export function capabilitiesOf(bucket: Bucket, patienceMs: number): Promise<Capabilities> {
  const answer =
    known.get(bucket) ??
    within(patienceMs, bucket.url, undefined, ({ signal }) => ask(bucket, signal));
  known.set(bucket, answer);
  answer.catch(() => known.delete(bucket));
  return answer;
}

async function ask(bucket: Bucket, signal: AbortSignal): Promise<Capabilities> {
  const noted = await recall(bucket, signal);
  if (noted !== undefined) return noted;
  const create = await tryOut(bucket, signal, async (name, put) => {
    // Refused though there was none: it was sent twice, and the condition heeded.
    const first = await put(name, "absent");
    return first.outcome === "written" ? put(name, "absent") : first;
  });
  const replace = await tryOut(bucket, signal, async (name, put) => {
    const first = await put(name);
    if (first.outcome !== "written") return first;
    const second = await put(name, { etag: first.etag });
    if (second.outcome === "written") return put(name, { etag: first.etag });
    if (second.outcome !== "refused") return second;
    // As above if it is not the first any more; if it is, this store refuses what it should not.
    const isFirst = (await bucket.head(name, { signal }))?.etag === first.etag;
    return isFirst ? { outcome: "unsupported" } : second;
  });
  const found = { create, replace };
  await bucket.put(NAME, new TextEncoder().encode(JSON.stringify(found)), { signal });
  return found;
}

type Put = (name: string, condition?: PutCondition) => Promise<PutOutcome>;

/** @param trial gives the outcome of a put that is to be refused */
async function tryOut(
  bucket: Bucket,
  signal: AbortSignal,
  trial: (name: string, put: Put) => Promise<PutOutcome>,
): Promise<Condition> {
  const names = new Set<string>();
  // Other bytes each time, or an ETag would not tell one put from the next.
  const put: Put = (name, condition) => {
    names.add(name);
    const bytes = new TextEncoder().encode(randomUUID());
    return bucket.put(name, bytes, { signal, ...(condition && { condition }) });
  };
  try {
    for (let attempt = 1; ; attempt++) {
      const last = await trial(`probe/${randomUUID()}`, put);
      if (last.outcome === "refused") return "atomic";
      if (last.outcome === "written") return "ignored";
      if (last.outcome === "unsupported") return "unsupported";
      if (attempt === ATTEMPTS) throw failure(bucket, last.cause);
    }
  } finally {
    await bucket.delete([...names], { signal }).catch(leftToGc);
  }
}

function failure(bucket: Bucket, cause: unknown): StoreError {
  return cause instanceof StoreError ? cause : new StoreError("try out", bucket.url, cause);
}

/** They are in nobody's way, and the next collection takes them. */
function leftToGc(): void {}

/** What was found out not long ago. */
async function recall(bucket: Bucket, signal: AbortSignal): Promise<Capabilities | undefined> {
  const object = await bucket.get(NAME, { signal });
  if (object === undefined) return undefined;
  if (object.ageMs > VALID_MS || object.size > MAX_BYTES) {
    await object.body[Symbol.asyncIterator]().return?.();
    return undefined;
  }
  return parse(new TextDecoder().decode(await readBody(object)));
}

function parse(text: string): Capabilities | undefined {
  try {
    const { create, replace } = JSON.parse(text) as Partial<Capabilities>;
    return isCondition(create) && isCondition(replace) ? { create, replace } : undefined;
  } catch {
    return undefined;
  }
}

function isCondition(value: unknown): value is Condition {
  return value === "atomic" || value === "ignored" || value === "unsupported";
}
