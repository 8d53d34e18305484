/** Machines that share one bucket: each result is computed once, whoever dies and whatever the clocks say. */
import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { clientOptions, isInstalled, newBucket, type Server, startServer } from "./servers.ts";
import { Sweep, type SweepOptions } from "./sweepers.ts";

const FINE = { wrong: 0, failed: [] };
const FEW = { leaseMs: 5000 };

describe.skipIf(!isInstalled("ceph"))("machines that share a bucket of Ceph", () => {
  let ceph: Server;
  let sweep: Sweep | undefined;

  beforeAll(async () => {
    ceph = await startServer("ceph");
  });

  afterEach(() => sweep?.end());

  async function sweepOf(options: Partial<SweepOptions>): Promise<Sweep> {
    const bucket = await newBucket(ceph);
    sweep = new Sweep(ceph, { bucket, keys: [1], ...options });
    return sweep;
  }

  test("8 machines of 4 workers compute each of 50 keys once", async () => {
    const keys = Array.from({ length: 50 }, (_, i) => i);
    const sweep = await sweepOf({ keys, ms: 10 });
    const machines = Array.from({ length: 8 }, temporaryFolder);
    const workers = await Promise.all(
      machines.flatMap((machine) => [1, 2, 3, 4].map(() => sweep.start(machine))),
    );
    const reports = await Promise.all(workers.map((worker) => worker.sweep()));
    for (const report of reports) expect(report).toMatchObject(FINE);
    expect(sweep.runs.sort((a, b) => a - b)).toEqual(keys);
  });

  test("a machine that is killed while it computes is taken over from, not before its time", async () => {
    const sweep = await sweepOf({ ...FEW, ms: 2000 });
    const first = await sweep.start(temporaryFolder());
    first.sweep();
    await first.computing;
    const started = performance.now();
    first.child.kill("SIGKILL");
    const second = await sweep.start(temporaryFolder());
    const report = await second.sweep();
    expect(report).toMatchObject({ ...FINE, events: { wait: 1, takeover: 1, store: 1 } });
    // The store tells times in whole seconds.
    expect(performance.now() - started).toBeGreaterThan(FEW.leaseMs - 1000);
    expect(sweep.runs).toEqual([1, 1]);
  });

  test("a machine that was stopped, and goes on too late, changes nothing", async () => {
    const bucket = await newBucket(ceph);
    sweep = new Sweep(ceph, { bucket, keys: [1], ...FEW, ms: 500 });
    const first = await sweep.start(temporaryFolder());
    const late = first.sweep();
    await first.computing;
    first.child.kill("SIGSTOP");
    const second = await sweep.start(temporaryFolder());
    expect(await second.sweep()).toMatchObject({ ...FINE, events: { takeover: 1 } });
    const object = await onlyResult(bucket);
    first.child.kill("SIGCONT");
    expect(await late).toMatchObject({ ...FINE, events: { store: 1 } });
    expect(await onlyResult(bucket)).toEqual(object);
  });

  async function onlyResult(bucket: string) {
    const objects = new S3Bucket(new S3Client(clientOptions(ceph)), bucket, "");
    const names: string[] = [];
    for await (const { name } of objects.list("results/")) names.push(name);
    expect(names).toHaveLength(1);
    const head = await objects.head(names[0] as string);
    return { etag: head?.etag, metadata: head?.metadata };
  }

  test("clocks that are two hours off change nothing", async () => {
    const keys = [1, 2, 3, 4, 5, 6];
    const sweep = await sweepOf({ keys, ms: 300 });
    const clocks = [["faketime", "-f", "-2h"], ["faketime", "-f", "+2h"], []];
    const workers = await Promise.all(clocks.map((clock) => sweep.start(temporaryFolder(), clock)));
    const reports = await Promise.all(workers.map((worker) => worker.sweep()));
    for (const report of reports) expect(report).toMatchObject(FINE);
    expect(sweep.runs.sort()).toEqual(keys);
  });
});
