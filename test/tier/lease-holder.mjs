/**
 * A process that wants a lease: node lease-holder.mjs MODULES BUCKET NAME TTL. It tells what came of
 * each line on stdin, "acquire", "look" or "release", by a line of JSON.
 */
import { createInterface } from "node:readline";

const [modules, place, name, ttl] = process.argv.slice(2);
const { TierLeases } = await import(`${modules}/tier/lease.js`);

const leases = new TierLeases(await open(), { ttlMs: Number(ttl) });
let lease;

for await (const line of createInterface({ input: process.stdin })) {
  if (line === "acquire") {
    const answer = await leases.tryAcquire(name);
    if ("release" in answer) lease = answer;
    say(lease === undefined ? answer : { fence: lease.fence });
  } else {
    if (line === "release") await lease.release();
    say({ isLost: lease.isLost, hour: new Date().getUTCHours() });
  }
}
process.exit();

async function open() {
  const [, bucket] = /^s3:\/\/(.*)$/.exec(place) ?? [];
  if (bucket === undefined) {
    const { FolderBucket } = await import(`${modules}/tier/folder-bucket.js`);
    return new FolderBucket(place);
  }
  const { S3Bucket } = await import(`${modules}/s3/s3-bucket.js`);
  const { clientOf } = await import(`${modules}/s3/client.js`);
  return new S3Bucket(clientOf(), bucket, "leases-of-tests/");
}

function say(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
