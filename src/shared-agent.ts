/**
 * What the agent of a thread runs: package.json names it under `imports`, for it is no entry of the
 * package. It makes the tier again; that of S3 brings its SDK along only where it is needed.
 */
import { workerData } from "node:worker_threads";
import type { AgentData } from "./cache/agent-messages.ts";
import { serve } from "./cache/agent-thread.ts";
import type { S3TierOptions } from "./s3/s3-tier.ts";
import { type FolderTierOptions, folderTier } from "./tier/folder-tier.ts";
import type { SharedTier, TierRecipe } from "./tier/shared-tier.ts";

async function tierOf({ kind, options }: TierRecipe): Promise<SharedTier> {
  if (kind === "folder") return folderTier(options as FolderTierOptions);
  const { s3Tier } = await import("./s3/s3-tier.ts");
  return s3Tier(options as S3TierOptions);
}

await serve(workerData as AgentData, tierOf);
