/** What goes wrong between machines and their bucket costs time: no call fails, and no value is wrong. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { isInstalled, newBucket, type Server, startGateway, startServer } from "./servers.ts";
import { type Report, Sweep } from "./sweepers.ts";

const KEYS = Array.from({ length: 8 }, (_, i) => i);

describe.skipIf(!isInstalled("ceph"))("machines with a bucket behind a bad network", () => {
  let ceph: Server;
  let sweep: Sweep | undefined;
  let network: FaultyNetwork | undefined;

  beforeAll(async () => {
    ceph = await startServer("ceph");
  });

  afterEach(async () => {
    sweep?.end();
    await network?.close();
    network = undefined;
  });

  /** Four machines that want the same results, in this order of theirs. */
  async function run(
    endpoint: string,
    whileRunning?: () => Promise<void>,
    answerMs = 3000,
  ): Promise<Report[]> {
    sweep = new Sweep(ceph, { bucket: await newBucket(ceph), keys: KEYS, ms: 20, answerMs });
    const machines = Array.from({ length: 4 }, temporaryFolder);
    const running = sweep;
    const workers = await Promise.all(
      machines.map((machine) => running.start(machine, [], endpoint)),
    );
    const reports = Promise.all(workers.map((worker) => worker.sweep()));
    await whileRunning?.();
    return (await reports) as Report[];
  }

  function expectFine(reports: readonly Report[]): void {
    for (const { wrong, failed } of reports)
      expect({ wrong, failed }).toEqual({ wrong: 0, failed: [] });
    const hits = reports.reduce((sum, { events }) => sum + (events["hit"] ?? 0), 0);
    const misses = reports.reduce((sum, { events }) => sum + (events["miss"] ?? 0), 0);
    expect(hits + misses).toBe(4 * KEYS.length);
  }

  test("that takes 500 ms for every request", async () => {
    network = await FaultyNetwork.before(ceph.endpoint);
    network.latencyMs = 500;
    // With patience for several requests of a busy machine, so that nobody goes on alone.
    expectFine(await run(network.endpoint, undefined, 30_000));
    expect(sweep?.runs.sort((a, b) => a - b)).toEqual(KEYS);
  });

  test("that loses one of twenty answers", async () => {
    network = await FaultyNetwork.before(ceph.endpoint);
    network.loseResponses = 0.05;
    expectFine(await run(network.endpoint));
    expect(network.requests).toBeGreaterThan(KEYS.length);
  });

  test("that cuts every answer off after 1 KB", async () => {
    network = await FaultyNetwork.before(ceph.endpoint);
    network.resetAfterBytes = 1024;
    expectFine(await run(network.endpoint));
  });

  test("that has storms of 503", async () => {
    network = await FaultyNetwork.before(ceph.endpoint);
    const storms = network;
    const reports = await run(network.endpoint, async () => {
      for (const share of [1, 0, 0.7, 0]) {
        storms.answer503 = share;
        await sleep(500);
      }
    });
    expectFine(reports);
  });

  test("that is not there", async () => {
    network = await FaultyNetwork.before(ceph.endpoint);
    network.isDown = true;
    const reports = await run(network.endpoint);
    expectFine(reports);
    expect(sweep?.runs).toHaveLength(4 * KEYS.length);
  });

  test("whose store is killed in the middle, and comes back", async () => {
    const gateway = await startGateway();
    try {
      const reports = await run(gateway.endpoint, async () => {
        await sleep(400);
        await gateway.kill();
        await sleep(400);
        await gateway.start();
      });
      expectFine(reports);
    } finally {
      await gateway.kill();
    }
  });
});
