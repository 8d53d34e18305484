/** Tiers in the stores of this machine. */
import { S3Client } from "@aws-sdk/client-s3";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { s3Tier } from "../../src/s3/s3-tier.ts";
import type { TierSubject } from "../tier/hosts.ts";
import { clientOptions, isInstalled, newBucket, type ServerName, startServer } from "./servers.ts";

export const tierSubjects: readonly TierSubject[] = (
  ["ceph", "swift"] as const satisfies ServerName[]
).map((name) => ({
  name,
  isInstalled: isInstalled(name),
  hasLeases: name === "ceph",
  async makePlace() {
    const server = await startServer(name);
    const bucket = await newBucket(server);
    const options = clientOptions(server);
    return {
      bucket: new S3Bucket(new S3Client(options), bucket, "some/prefix/"),
      tier: (more) => s3Tier({ bucket, prefix: "some/prefix", client: options, ...more }),
    };
  },
}));
