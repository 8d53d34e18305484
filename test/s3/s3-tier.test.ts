import { S3Client } from "@aws-sdk/client-s3";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { s3Tier } from "../../src/s3/s3-tier.ts";
import type { TierSubject } from "../tier/hosts.ts";
import { syncContract } from "../tier/sync-contract.ts";
import { tierContract } from "../tier/tier-contract.ts";
import { clientOptions, isInstalled, newBucket, type ServerName, startServer } from "./servers.ts";

for (const name of ["ceph", "swift"] as const satisfies ServerName[]) {
  const subject: TierSubject = {
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
  };
  tierContract(subject);
  syncContract(subject);
}
