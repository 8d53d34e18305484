/** `bloscache gc`: makes a cache smaller. */
import type { EvictionOrder } from "../../cache/limits.ts";
import type { Reduction } from "../../store/reduction.ts";
import { CliError, EXIT_USAGE } from "../failure.ts";
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
  const limits = limitsOf(options);
  if (Object.keys(limits).length === 0) {
    const names = "--limit-bytes, --limit-items or --max-age";
    throw new CliError(`nothing says what is to go: give ${names}`, EXIT_USAGE);
  }
  const cache = openCache(options);
  const memory = openForChange(cache);
  memory.entries().next(); // says why, if it cannot be changed
  const { order = "cost", dryRun = false } = options;
  const reduction = await session.watch("removing", ({ signal, onProgress }) =>
    memory.reduceSize({
      ...{ ...limits, eviction: order, dryRun, signal },
      onProgress: ({ bytes }) =>
        onProgress({ nbytes: bytes, cbytes: bytes, nchunks: 0, size: undefined }),
    }),
  );
  if (options.json === true) await printJson({ location: cache.location, dryRun, ...reduction });
  else await print(describe(reduction, dryRun));
}

function limitsOf({ limitBytes, limitItems, maxAge }: GcOptions) {
  return {
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...(limitItems === undefined ? {} : { limitItems }),
    ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
  };
}

function describe({ removed, remaining }: Reduction, isDryRun: boolean): string {
  const inWords = ({ items, bytes }: Reduction["removed"]) =>
    `${plural(items, "result")}, ${prettySize(bytes)}`;
  return `${isDryRun ? "would remove" : "removed"} ${inWords(removed)}; ${inWords(remaining)} left`;
}
