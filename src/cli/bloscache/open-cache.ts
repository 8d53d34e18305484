/** The cache that a command is about. */
import { defaultLocation, Memory } from "../../cache/memory.ts";
import { CliError, EXIT_USAGE } from "../failure.ts";
import type { GlobalOptions } from "./program.ts";

/** A cache whose folder is known. */
export interface OpenCache {
  readonly memory: Memory;
  /** Absolute path. */
  readonly location: string;
}

/**
 * Opens a cache for looking: nothing is made or changed, and there must be one.
 *
 * @throws {StoreError} when there is none, or it cannot be read
 */
export function openCache({ dir }: GlobalOptions): OpenCache {
  if (dir === "") throw new CliError("--dir must name a folder", EXIT_USAGE);
  const memory = new Memory({ location: dir ?? defaultLocation(), readOnly: true });
  memory.entries().next(); // opens it
  return { memory, location: memory.location as string };
}

/** The same cache, for changing it. */
export function openForChange({ location }: OpenCache): Memory {
  return new Memory(location);
}
