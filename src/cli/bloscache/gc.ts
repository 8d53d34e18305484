/** `bloscache gc`: makes a cache smaller, and removes what is of no result. */
import type { EvictionOrder } from "../../cache/limits.ts";
import type { Memory } from "../../cache/memory.ts";
import type { Swept } from "../../store/litter.ts";
import type { Reduction } from "../../store/reduction.ts";
import type { Session } from "../session.ts";
import { prettySize } from "../sizes.ts";
import { openCache, openForChange } from "./open-cache.ts";
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

export async function gc(session: Session, _operands: [], options: GcOptions): Promise<void> {
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
      onProgress: ({ bytes }) =>
        onProgress({ nbytes: bytes, cbytes: bytes, nchunks: 0, size: undefined }),
    }),
  );
}

interface Outcome extends Reduction {
  readonly litter: Swept;
}

function limitsOf({ limitBytes, limitItems, maxAge }: GcOptions) {
  return {
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(limitItems === undefined ? {} : { limitItems }),
    ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
  };
}

function describe({ removed, remaining, litter }: Outcome, isDryRun: boolean): string {
  const inWords = ({ items, bytes }: Reduction["removed"]) =>
    `${plural(items, "result")}, ${prettySize(bytes)}`;
  const rest =
    litter.files === 0
      ? ""
      : `, and ${plural(litter.files, "file")} of no result, ${prettySize(litter.cbytes)}`;
  const verb = isDryRun ? "would remove" : "removed";
  return `${verb} ${inWords(removed)}${rest}; ${inWords(remaining)} left`;
}
