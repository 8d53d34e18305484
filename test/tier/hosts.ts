/** Machines that share a tier: caches of their own, in folders of their own. */
import { afterEach } from "vitest";
import { type CacheEvent, Memory, type MemoryOptions } from "../../src/index.ts";
import type { Bucket } from "../../src/tier/bucket.ts";
import type { SharedTier } from "../../src/tier/shared-tier.ts";
import type { TierOptions } from "../../src/tier/tier-options.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** A place for a tier, and what stands in it. */
export interface Place {
  readonly bucket: Bucket;
  tier(options?: TierOptions): SharedTier;
}

export interface TierSubject {
  readonly name: string;
  readonly isInstalled: boolean;
  /** Whether its bucket has conditional writes. */
  readonly hasLeases: boolean;
  makePlace(): Promise<Place>;
}

export interface Host {
  readonly memory: Memory;
  /** Types of its events, in their order. */
  readonly events: string[];
  readonly location: string;
}

const hosts: Host[] = [];

afterEach(async () => {
  for (const { memory } of hosts.splice(0)) await memory[Symbol.asyncDispose]();
});

/** A cache of its own, as another machine has. */
export function hostOf(shared: SharedTier, options: Partial<MemoryOptions> = {}): Host {
  const events: string[] = [];
  const onEvent = ({ type }: CacheEvent) => void events.push(type);
  const location = temporaryFolder();
  const host = { memory: new Memory({ location, shared, onEvent, ...options }), events, location };
  hosts.push(host);
  return host;
}

/** Of the objects that are there. */
export async function names(bucket: Bucket, prefix = "results/"): Promise<string[]> {
  const listed: string[] = [];
  for await (const { name } of bucket.list(prefix)) listed.push(name);
  return listed;
}
