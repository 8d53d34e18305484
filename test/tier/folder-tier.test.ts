import { expect, test } from "vitest";
import { FolderBucket } from "../../src/tier/folder-bucket.ts";
import { folderTier } from "../../src/tier/folder-tier.ts";
import { temporaryFolder } from "../support/temporary.ts";
import type { TierSubject } from "./hosts.ts";
import { syncContract } from "./sync-contract.ts";
import { tierContract } from "./tier-contract.ts";

const subject: TierSubject = {
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
};

tierContract(subject);
syncContract(subject);

test.each([
  [{ folder: "" }, "Option folder must be a path"],
  [{ folder: 5 }, "Option folder must be a path"],
  [{ folder: "x", signingKey: "short" }, "Option signingKey must have at least 32 bytes"],
  [{ folder: "x", signingKey: 5 }, "Option signingKey must be a string or a Uint8Array"],
  [{ folder: "x", leaseMs: 10 }, "Option leaseMs must be whole milliseconds, at least 5000"],
  [{ folder: "x", answerMs: Number.NaN }, "Option answerMs must be milliseconds"],
  [{ folder: "x", readOnly: 1 }, "Option readOnly must be true or false"],
  [{ folder: "x", sync: 1 }, "Option sync must be true or false"],
  [{ folder: "x", other: 1 }, "other"],
])("refuses options %j", (options, message) => {
  expect(() => folderTier(options as never)).toThrow(message);
});
