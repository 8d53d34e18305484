/** Leases and what they rest on, over real stores. */
import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { clientOf } from "../../src/s3/client.ts";
import { S3Bucket } from "../../src/s3/s3-bucket.ts";
import { capabilitiesOf } from "../../src/tier/capabilities.ts";
import { TierLease, TierLeases } from "../../src/tier/lease.ts";
import { describeLeases, recordOf } from "../tier/lease-contract.ts";
import { FaultyNetwork } from "./faulty-network.ts";
import { clientOptions, environmentOf, isInstalled, newBucket, startServer } from "./servers.ts";

/** As `lease-holder.mjs` has it. */
const PREFIX = "leases-of-tests/";

describe.skipIf(!isInstalled("ceph"))("over Ceph", () => {
  describeLeases({
    name: "a lease in Ceph",
    make: async () => {
      const server = await startServer("ceph");
      const name = await newBucket(server);
      const client = clientOf(clientOptions(server));
      const open = () => new S3Bucket(client, name, PREFIX);
      return { open, place: `s3://${name}`, env: environmentOf(server) };
    },
  });

  test("conditions are atomic", async () => {
    const server = await startServer("ceph");
    const bucket = new S3Bucket(clientOf(clientOptions(server)), await newBucket(server), "p/");
    expect(await capabilitiesOf(bucket)).toEqual({ create: "atomic", replace: "atomic" });
  });

  describe("when answers are lost", () => {
    const networks: FaultyNetwork[] = [];
    afterAll(() => Promise.all(networks.map((network) => network.close())));

    const openBehind = async (faults: Partial<FaultyNetwork>) => {
      const server = await startServer("ceph");
      const name = await newBucket(server);
      const network = await FaultyNetwork.before(server.endpoint);
      networks.push(network);
      Object.assign(network, faults);
      const { endpoint } = network;
      return {
        network,
        // A client each, for one that has met too many failures stops to try again.
        open: () => new S3Bucket(clientOf({ ...clientOptions(server), endpoint }), name, PREFIX),
        direct: new S3Bucket(clientOf(clientOptions(server)), name, PREFIX),
      };
    };

    test("a lease has one holder, who knows of it", async () => {
      const { open, direct } = await openBehind({ loseResponses: 0.1, answer503: 0.05 });
      const contenders = Array.from({ length: 8 }, () => new TierLeases(open()));
      const name = `leases/f/${randomUUID()}`;
      for (let round = 1; round <= 12; round++) {
        const answers = await Promise.all(contenders.map((one) => one.tryAcquire(name)));
        const winners = answers.filter((answer) => answer instanceof TierLease);
        expect(winners).toHaveLength(1);
        expect(await recordOf(direct, name)).toMatchObject({ state: "held", fence: round });
        expect(winners[0]).toMatchObject({ fence: round, isLost: false });
        await winners[0]?.release();
        expect(await recordOf(direct, name)).toMatchObject({ state: "released", fence: round });
      }
    });

    test("a lease stays its holder's", async () => {
      const { open, direct } = await openBehind({ loseResponses: 0.3 });
      const name = `leases/f/${randomUUID()}`;
      const lease = (await new TierLeases(open(), { ttlMs: 6_000 }).tryAcquire(name)) as TierLease;
      const renewal = async () => (await recordOf(direct, name))?.renewal ?? 0;
      while ((await renewal()) < 6 && !lease.isLost) await setTimeout(100);
      expect(lease.isLost).toBe(false);
      await lease.release();
    });

    test("conditions are found to be atomic all the same", async () => {
      const { open } = await openBehind({ loseResponses: 0.2 });
      expect(await capabilitiesOf(open())).toEqual({ create: "atomic", replace: "atomic" });
    });

    test("a lease is lost while the store is away, and found so", async () => {
      const { open, direct, network } = await openBehind({});
      const name = `leases/f/${randomUUID()}`;
      const lease = (await new TierLeases(open(), { ttlMs: 1_500 }).tryAcquire(name)) as TierLease;
      network.isDown = true;
      while (!lease.isLost) await setTimeout(50);
      const others = new TierLeases(direct);
      let next = await others.tryAcquire(name);
      while (!(next instanceof TierLease)) {
        await setTimeout(100);
        next = await others.tryAcquire(name);
      }
      network.isDown = false;
      await lease.release();
      await expect(new TierLeases(open()).tryAcquire(name)).resolves.toHaveProperty("heldForMs");
      expect(await recordOf(direct, name)).toMatchObject({ fence: 2, state: "held" });
      await next.release();
    });
  });
});

describe.skipIf(!isInstalled("swift"))("over Swift", () => {
  test("conditions are refused", async () => {
    const server = await startServer("swift");
    const name = await newBucket(server);
    const open = () => new S3Bucket(clientOf(clientOptions(server)), name, "p/");
    const none = { create: "unsupported", replace: "unsupported" };
    expect(await capabilitiesOf(open())).toEqual(none);
    expect(await capabilitiesOf(open())).toEqual(none);
    await expect(new TierLeases(open()).tryAcquire("leases/f/x")).rejects.toThrow(/no conditions/);
  });
});
