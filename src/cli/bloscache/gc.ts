/** `bloscache gc`: makes a cache smaller, be it a folder or a bucket, and removes what is of no result. */
import type { EvictionOrder } from "../../cache/limits.ts";
import type { Memory } from "../../cache/memory.ts";
import type { Progress } from "../../format/endpoints.ts";
import type { Swept } from "../../store/litter.ts";
import type { Reduction } from "../../store/reduction.ts";
import { collectBucket } from "../../tier/bucket-gc.ts";
import { CliError, EXIT_USAGE } from "../failure.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openCache, openForChange } from "./open-cache.ts";
import { openShared } from "./open-shared.ts";
import { print, printJson } from "./output.ts";
import type { GlobalOptions } from "./program.ts";
import { plural } from "./words.ts";

interface GcOptions extends GlobalOptions {
  readonly limitBytes?: number;
  readonly limitItems?: number;
  /** ms. */
  readonly maxAge?: number;
  readonly order?: EvictionOrder;
  readonly dryRun?: true;
}

export async function gc(
  session: Session,
  [url]: [string | undefined],
  options: GcOptions,
): Promise<void> {
  if (url !== undefined) {
    await collect(session, url, options);
    return;
  }
  const cache = openCache(options);
  const memory = openForChange(cache);
  memory.entries().next(); // says why, if it cannot be changed
  const { dryRun = false } = options;
  const reduction = await reduce(session, memory, options);
  const litter = await memory.sweep({ dryRun, signal: session.signal });
  const outcome = { ...reduction, litter };
  if (options.json === true) await printJson({ location: cache.location, dryRun, ...outcome });
  else await print(describe(outcome, dryRun));
}

async function collect(session: Session, url: string, options: GcOptions): Promise<void> {
  if (options.order !== undefined) {
    throw new CliError("--order is for folders: of a bucket the oldest results go", EXIT_USAGE);
  }
  const bucket = await openShared(url, options);
  const { dryRun = false } = options;
  const outcome = await session.watch("removing", ({ signal, onProgress }) =>
    collectBucket(bucket, {
      ...{ ...limitsOf(options), dryRun, signal },
      onProgress: ({ bytes }) => onProgress(progressOf(bytes)),
    }),
  );
  if (options.json === true) await printJson({ location: bucket.url, dryRun, ...outcome });
  else await print(describe(outcome, dryRun));
}

function progressOf(bytes: number): Progress {
  return { nbytes: bytes, cbytes: bytes, nchunks: 0, size: undefined };
}

/** Without limits nothing is removed but litter. */
async function reduce(session: Session, memory: Memory, options: GcOptions): Promise<Reduction> {
  const limits = limitsOf(options);
  if (Object.keys(limits).length === 0) {
    return { removed: { items: 0, bytes: 0 }, remaining: memory.size() };
  }
  const { order = "cost", dryRun = false } = options;
  return session.watch("removing", ({ signal, onProgress }) =>
    memory.reduceSize({
      ...{ ...limits, eviction: order, dryRun, signal },
      onProgress: ({ bytes }) => onProgress(progressOf(bytes)),
    }),
  );
}

interface Outcome extends Reduction {
  readonly litter: Swept;
  /** Of buckets. */
  readonly uploads?: number;
}

function limitsOf({ limitBytes, limitItems, maxAge }: GcOptions) {
  return {
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(limitItems === undefined ? {} : { limitItems }),
    ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
  };
}

function describe({ removed, remaining, litter, uploads = 0 }: Outcome, isDryRun: boolean): string {
  const inWords = ({ items, bytes }: Reduction["removed"]) =>
    `${plural(items, "result")}, ${prettySize(bytes)}`;
  const rest = [
    ...(litter.files === 0
      ? []
      : [`${plural(litter.files, "file")} of no result, ${prettySize(litter.cbytes)}`]),
    ...(uploads === 0 ? [] : [`${plural(uploads, "upload")} that never ended`]),
  ];
  const verb = isDryRun ? "would remove" : "removed";
  const gone = [inWords(removed), ...rest].join(", and ");
  return `${verb} ${gone}; ${inWords(remaining)} left`;
}
