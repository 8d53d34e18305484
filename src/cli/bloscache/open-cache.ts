/** The cache that a command is about. */
import { resolve } from "node:path";
import { defaultLocation, Memory } from "../../cache/memory.ts";
import { findLocation } from "../../store/location.ts";
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

/**
 * Opens a cache for mending it: there must be one, whose index may be damaged.
 *
 * @throws {StoreError} when there is none, or it cannot be changed
 */
export function openToMend({ dir }: GlobalOptions): OpenCache {
  if (dir === "") throw new CliError("--dir must name a folder", EXIT_USAGE);
  const { location } = findLocation(resolve(dir ?? defaultLocation()));
  const memory = new Memory(location);
  memory.entries().next(); // opens it
  return { memory, location };
}

/** The same cache, for changing it. */
export function openForChange({ location }: OpenCache): Memory {
  return new Memory(location);
}
