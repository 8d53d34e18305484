import { Memory } from "bloscache";
import { folderTier } from "bloscache/tier";

const [location, folder] = process.argv.slice(2);

// Region, endpoint and credentials are found where the SDK always looks for them.
const { S3_BUCKET: bucket } = process.env;
const shared = bucket
  ? (await import("bloscache/s3")).s3Tier({ bucket, prefix: `sweep-${process.ppid}` })
  : folderTier({ folder });
const memory = new Memory({ location, shared });

let computed = 0;

/** The way of a pendulum that is pushed. Asynchronous, as only what can wait waits for the network. */
const simulate = memory.memoize(
  async function simulate({ damping, push }) {
    computed++;
    const angles = new Float64Array(200_000);
    let [angle, speed] = [0.1, 0];
    for (let step = 0; step < angles.length; step++) {
      const time = step * 0.01;
      speed += (-Math.sin(angle) - damping * speed + push * Math.cos(time * 0.7)) * 0.01;
      angle += speed * 0.01;
      angles[step] = angle;
    }
    return angles;
  },
  { id: "pendulum" },
);

let calls = 0;
let total = 0;
for (const damping of [0.1, 0.2, 0.4, 0.8]) {
  for (const push of [0.5, 1, 1.5]) {
    calls++;
    total += (await simulate({ damping, push })).at(-1);
  }
}

const { fetches } = memory.stats();
await memory[Symbol.asyncDispose](); // until everything is sent
process.send({ calls, computed, fetches, total });
process.disconnect();
