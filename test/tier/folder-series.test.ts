import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { folderTier } from "../../src/tier/folder-tier.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { seriesContract } from "./series-contract.ts";

seriesContract({
  name: "a folder",
  isInstalled: true,
  hasLeases: true,
  async makePlace() {
    const folder = temporaryFolder();
    return {
      bucket: new FolderBucket(folder),
      tier: (options) => folderTier({ folder, ...options }),
    };
  },
});
