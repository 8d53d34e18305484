/** What leases do over every bucket whose conditions are atomic. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Bucket, readBody } from "../../src/tier/bucket.ts";
import { type HeldLease, TierLease, TierLeases } from "../../src/tier/lease.ts";
import type { LeaseRecord } from "../../src/tier/lease-record.ts";
import { buildModules } from "../support/modules.ts";

/** A kind of bucket, which other processes can use too. */
export interface LeasedKind {
  readonly name: string;
  make(): Promise<{
    open(): Bucket;
    /** As `lease-holder.mjs` takes it. */
    readonly place: string;
    readonly env: Record<string, string>;
  }>;
}

type Made = Awaited<ReturnType<LeasedKind["make"]>>;

const TTL_MS = 2_000;
/** What an age may be off, as stores give times in whole seconds. */
const RESOLUTION_MS = 1_000;

export function describeLeases({ name, make }: LeasedKind): void {
  describe(name, () => {
    let made: Made;
    beforeAll(async () => {
      made = await make();
    });
    testContenders(() => made.open());
    testHolders(name, () => made);
  });
}

function testContenders(open: () => Bucket): void {
  test("has one holder at a time, whose fence grows", async () => {
    const name = `leases/f/${randomUUID()}`;
    const contenders = Array.from({ length: 16 }, () => new TierLeases(open()));
    for (let round = 1; round <= 20; round++) {
      const answers = await Promise.all(contenders.map((one) => one.tryAcquire(name)));
      const winners = answers.filter((answer) => answer instanceof TierLease);
      expect(winners).toHaveLength(1);
      expect(winners[0]).toMatchObject({ name, fence: round, takenOver: false, isLost: false });
      for (const answer of answers) {
        if (answer instanceof TierLease) continue;
        expect(answer.heldForMs).toBeGreaterThan(25_000);
        expect(answer.heldForMs).toBeLessThanOrEqual(31_000);
      }
      await winners[0]?.release();
    }
  });

  test("has one holder at a time while all come and go", async () => {
    const name = `leases/f/${randomUUID()}`;
    let holders = 0;
    let last = 0;
    const contend = async () => {
      const leases = new TierLeases(open());
      for (let n = 0; n < 3; n++) {
        const lease = await acquire(leases, name, 5);
        expect(++holders).toBe(1);
        expect(lease.fence).toBeGreaterThan(last);
        last = lease.fence;
        await setTimeout(2);
        holders--;
        await lease.release();
      }
    };
    await Promise.all(Array.from({ length: 16 }, contend));
    expect(last).toBe(48);
  });

  test("is had at once when it was released, and is not when it was not", async () => {
    const name = `leases/f/${randomUUID()}`;
    const [one, other] = [new TierLeases(open()), new TierLeases(open())];
    const first = (await one.tryAcquire(name)) as TierLease;
    expect(await one.tryAcquire(name)).toHaveProperty("heldForMs");
    expect(await other.tryAcquire(name)).toHaveProperty("heldForMs");
    await first.release();
    await first.release();
    const second = (await other.tryAcquire(name)) as TierLease;
    expect(second).toMatchObject({ fence: 2, takenOver: false });
    await first.release();
    expect(await recordOf(open(), name)).toMatchObject({ state: "held", fence: 2 });
    await second.release();
    expect(await recordOf(open(), name)).toMatchObject({ state: "released", fence: 2 });
  });

  test("is renewed for as long as it is held", async () => {
    const name = `leases/f/${randomUUID()}`;
    const leases = new TierLeases(open(), { ttlMs: TTL_MS });
    const lease = (await leases.tryAcquire(name)) as TierLease;
    while (((await recordOf(open(), name))?.renewal ?? 0) < 5) await setTimeout(100);
    expect(lease.isLost).toBe(false);
    expect(await leases.tryAcquire(name)).toHaveProperty("heldForMs");
    await lease.release();
  });

  test("is lost when its object goes, and another one's then", async () => {
    const name = `leases/f/${randomUUID()}`;
    const leases = new TierLeases(open(), { ttlMs: TTL_MS });
    const lease = (await leases.tryAcquire(name)) as TierLease;
    await open().delete([name]);
    const next = (await new TierLeases(open()).tryAcquire(name)) as TierLease;
    while (!lease.isLost) await setTimeout(50);
    await lease.release();
    expect(await recordOf(open(), name)).toMatchObject({ state: "held", ttlMs: 30_000 });
    await next.release();
  });

  test("takes over what is no lease, when it is old", async () => {
    const name = `leases/f/${randomUUID()}`;
    await open().put(name, new TextEncoder().encode('{"owner": 3}'));
    const leases = new TierLeases(open(), { ttlMs: 500 });
    expect(await leases.tryAcquire(name)).toHaveProperty("heldForMs");
    const lease = await acquire(leases, name);
    expect(lease).toMatchObject({ takenOver: true, fence: 1 });
    await lease.release();
  });

  test("passes a cancellation on, and leaves nobody waiting", async () => {
    const name = `leases/f/${randomUUID()}`;
    const reason = new Error("enough");
    const leases = new TierLeases(open());
    await expect(leases.tryAcquire(name, AbortSignal.abort(reason))).rejects.toBe(reason);
    const controller = new AbortController();
    const acquiring = leases.tryAcquire(name, controller.signal);
    setImmediate(() => controller.abort(reason));
    await acquiring.then(
      (lease) => (lease as TierLease).release(),
      (error) => expect(error).toBe(reason),
    );
    const next = await acquire(new TierLeases(open()), name);
    expect(next.takenOver).toBe(false);
    await next.release();
  });
}

function testHolders(kind: string, made: () => Made): void {
  const holders: Holder[] = [];
  let modules = "";
  beforeAll(() => {
    modules = buildModules(kind.replaceAll(" ", "-"));
  });
  afterAll(() => {
    for (const holder of holders) holder.kill("SIGKILL");
  });
  const start = (name: string, fakeTime?: string) => {
    const holder = new Holder(modules, made(), name, fakeTime);
    holders.push(holder);
    return holder;
  };

  test("is taken over from a process that was killed, when its time is over", async () => {
    const name = `leases/f/${randomUUID()}`;
    const holder = start(name);
    expect(await holder.ask("acquire")).toEqual({ fence: 1 });
    holder.kill("SIGKILL");
    const { lease, ageAtMost } = await takeOver(made().open(), name);
    expect(ageAtMost).toBeGreaterThan(TTL_MS);
    expect(lease).toMatchObject({ fence: 2, takenOver: true, isLost: false });
    await lease.release();
  });

  test("is lost to a process that was stopped for too long", async () => {
    const name = `leases/f/${randomUUID()}`;
    const holder = start(name);
    expect(await holder.ask("acquire")).toEqual({ fence: 1 });
    holder.kill("SIGSTOP");
    const { lease } = await takeOver(made().open(), name);
    const { owner } = (await recordOf(made().open(), name)) ?? {};
    holder.kill("SIGCONT");
    expect(await holder.ask("look")).toMatchObject({ isLost: true });
    // In these the renewals that it missed would come.
    await setTimeout(TTL_MS);
    expect(await holder.ask("release")).toMatchObject({ isLost: true });
    expect(await recordOf(made().open(), name)).toMatchObject({ owner, state: "held", fence: 2 });
    expect(lease.isLost).toBe(false);
    await lease.release();
  });

  test.skipIf(!hasFaketime()).each(["-2h", "+2h"])(
    "is the same to a process whose clock is %s off",
    async (offset) => {
      const name = `leases/f/${randomUUID()}`;
      const holder = start(name, offset);
      const leases = new TierLeases(made().open(), { ttlMs: TTL_MS });
      const mine = (await leases.tryAcquire(name)) as TierLease;
      const { heldForMs } = (await holder.ask("acquire")) as HeldLease;
      expect(heldForMs).toBeGreaterThan(0);
      expect(heldForMs).toBeLessThanOrEqual(TTL_MS + RESOLUTION_MS);
      await mine.release();
      expect(await holder.ask("acquire")).toEqual({ fence: 2 });
      while (((await recordOf(made().open(), name))?.renewal ?? 0) < 5) {
        expect(await leases.tryAcquire(name)).toHaveProperty("heldForMs");
        await setTimeout(100);
      }
      const { isLost, hour } = (await holder.ask("look")) as { isLost: boolean; hour: number };
      expect(isLost).toBe(false);
      expect(hour).not.toBe(new Date().getUTCHours());
      holder.kill("SIGKILL");
      const { lease, ageAtMost } = await takeOver(made().open(), name);
      expect(ageAtMost).toBeGreaterThan(TTL_MS);
      await lease.release();
    },
  );
}

async function acquire(leases: TierLeases, name: string, everyMs = 100): Promise<TierLease> {
  for (;;) {
    const answer = await leases.tryAcquire(name);
    if (answer instanceof TierLease) return answer;
    await setTimeout(everyMs * Math.random());
  }
}

/** Waits for a lease whose holder is gone; and how old it was, at the most, when it was had. */
async function takeOver(
  bucket: Bucket,
  name: string,
): Promise<{ lease: TierLease; ageAtMost: number }> {
  const leases = new TierLeases(bucket, { ttlMs: 10_000 });
  for (;;) {
    const { ageMs } = (await bucket.head(name)) ?? { ageMs: 0 };
    const sinceMs = performance.now();
    const lease = await leases.tryAcquire(name);
    const ageAtMost = ageMs + RESOLUTION_MS + performance.now() - sinceMs;
    if (lease instanceof TierLease) return { lease, ageAtMost };
    expect(lease.heldForMs).toBeLessThanOrEqual(TTL_MS + RESOLUTION_MS);
    await setTimeout(50);
  }
}

export async function recordOf(bucket: Bucket, name: string): Promise<LeaseRecord | undefined> {
  const object = await bucket.get(name);
  return object && JSON.parse(new TextDecoder().decode(await readBody(object)));
}

function hasFaketime(): boolean {
  if (spawnSync("which", ["faketime"], { stdio: "ignore" }).status === 0) return true;
  if (process.env["BLOSCACHE_REQUIRE_S3"]) throw new Error("The command faketime is not there");
  return false;
}

/** Another process that wants a lease. */
class Holder {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor(modules: string, { place, env }: Made, name: string, fakeTime?: string) {
    const script = `${import.meta.dirname}/lease-holder.mjs`;
    const [command = "", ...args] = [
      ...(fakeTime === undefined ? [] : ["faketime", "-f", fakeTime]),
      ...[process.execPath, script, modules, place, name, String(TTL_MS)],
    ];
    this.#child = spawn(command, args, { env: { ...process.env, ...env } });
    this.#child.stderr.pipe(process.stderr);
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request: "acquire" | "look" | "release"): Promise<unknown> {
    this.#child.stdin.write(`${request}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("The holder has ended");
    return JSON.parse(value);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}
