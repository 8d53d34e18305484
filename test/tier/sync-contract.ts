/** What a shared tier does for functions that are not declared `async`, whatever its bucket is. */
import { afterEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary.ts";
import { collectWarnings, nextTurn } from "../support/warnings.ts";
import { BlockingMachines } from "./blocking-machines.ts";
import { type Host, hostOf, names, type TierSubject } from "./hosts.ts";

/** A synchronous function whose computations are counted, on all hosts together. */
function countedOn(runs: { count: number }) {
  return ({ memory }: Host, options = {}) =>
    memory.memoize(
      (n: number) => {
        runs.count++;
        return { data: Float64Array.from({ length: n }, (_, i) => i * i), run: runs.count };
      },
      { id: "squares", version: "1", ...options },
    );
}

const SMALL = 10;
const LARGE = 100_000;
const FEW = { leaseMs: 5000 };
const FINE = { wrong: 0, exitCode: 0 };

export function syncContract({ name, isInstalled, hasLeases, makePlace }: TierSubject): void {
  describe.skipIf(!isInstalled)(`synchronous functions and a shared tier in ${name}`, () => {
    const warnings = collectWarnings();
    let machines: BlockingMachines | undefined;

    afterEach(() => machines?.end());

    test.each([SMALL, LARGE])("find what another machine has computed: %d numbers", async (n) => {
      const place = await makePlace();
      const runs = { count: 0 };
      const a = hostOf(place.tier());
      const made = countedOn(runs)(a)(n);
      await a.memory[Symbol.asyncDispose]();
      const b = hostOf(place.tier());
      const f = countedOn(runs)(b);
      expect(f(n)).toEqual(made);
      expect(f(n)).toEqual(made);
      expect(runs.count).toBe(1);
      expect(a.events).toEqual(["miss", "store"]);
      expect(b.events).toEqual(["fetch", "hit", "hit"]);
      expect(b.memory.stats()).toMatchObject({ fetches: 1, hits: 2, computedMs: 0 });
      expect(await names(place.bucket)).toHaveLength(1);
    });

    test("and those that return promises do", async () => {
      const place = await makePlace();
      let runs = 0;
      const promising = ({ memory }: Host) =>
        memory.memoize((n: number) => Promise.resolve(n + runs++), { id: "promising" });
      const a = hostOf(place.tier());
      expect(await promising(a)(1)).toBe(1);
      await a.memory[Symbol.asyncDispose]();
      const b = hostOf(place.tier());
      const found = promising(b)(1);
      expect(found).toBeInstanceOf(Promise);
      expect(await found).toBe(1);
      expect(runs).toBe(1);
      expect(b.events).toEqual(["fetch", "hit"]);
    });

    test("are sent while their thread is busy", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const f = countedOn(runs)(hostOf(place.tier()));
      const g = countedOn(runs)(hostOf(place.tier()));
      const first = f(SMALL);
      // No turn of the event loop: the other machine waits until the first result is there.
      expect(g(SMALL)).toEqual(first);
      expect(runs.count).toBe(1);
    });

    test("take nothing that is older than the call allows, and have it replaced", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const counted = countedOn(runs);
      const a = hostOf(place.tier());
      counted(a)(SMALL);
      await a.memory[Symbol.asyncDispose]();
      const [object] = await names(place.bucket);
      const before = await place.bucket.head(object as string);
      const b = hostOf(place.tier());
      counted(b, { validate: () => runs.count > 1 })(SMALL);
      await b.memory[Symbol.asyncDispose]();
      expect(b.events).toEqual(["miss", "store"]);
      expect(runs.count).toBe(2);
      expect((await place.bucket.head(object as string))?.etag).not.toBe(before?.etag);
    });

    test("compute again what was invalidated, as soon as it is", async () => {
      const place = await makePlace();
      const runs = { count: 0 };
      const a = hostOf(place.tier());
      const f = countedOn(runs)(a);
      for (let round = 1; round <= 3; round++) {
        expect(f(SMALL).run).toBe(round);
        f.invalidate(SMALL);
      }
      await a.memory[Symbol.asyncDispose]();
      expect(await names(place.bucket)).toEqual([]);
    });

    test("may throw, and be called again", async () => {
      const place = await makePlace();
      const a = hostOf(place.tier());
      let runs = 0;
      const f = a.memory.memoize(
        () => {
          if (runs++ === 0) throw new Error("no");
          return runs;
        },
        { id: "flaky" },
      );
      expect(() => f()).toThrow("no");
      expect(f()).toBe(2);
      expect(a.events).not.toContain("wait");
    });

    test("may call one another", async () => {
      const place = await makePlace();
      const { memory } = hostOf(place.tier());
      const fibonacci: (n: number) => number = memory.memoize(
        (n: number) => (n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2)),
        { id: "fibonacci" },
      );
      expect(fibonacci(12)).toBe(144);
    });

    test.runIf(hasLeases)(
      "are computed once by 8 processes of 4 machines, for longer than leaseMs",
      async () => {
        const place = await makePlace();
        machines = new BlockingMachines(place.tier(FEW), { keys: [1], ms: 8000 });
        const folders = Array.from({ length: 4 }, temporaryFolder);
        const all = await Promise.all([...folders, ...folders].map((at) => machines?.start(at)));
        const reports = await Promise.all(all.map((machine) => machine?.run()));
        for (const report of reports) expect(report).toMatchObject(FINE);
        expect(machines.runs).toEqual([1]);
        const fetches = reports.filter((report) => report?.events["fetch"] === 1);
        expect(fetches).toHaveLength(3);
      },
    );

    test.runIf(hasLeases)("take over from a process that is killed", async () => {
      const place = await makePlace();
      machines = new BlockingMachines(place.tier(FEW), { keys: [1], ms: 3000 });
      const first = await machines.start(temporaryFolder());
      first.run();
      await first.computing;
      first.child.kill("SIGKILL");
      const second = await machines.start(temporaryFolder());
      const events = { wait: 1, takeover: 1, miss: 1, store: 1 };
      expect(await second.run()).toEqual({ ...FINE, events });
      expect(machines.runs).toEqual([1, 1]);
    });

    test.runIf(hasLeases)(
      "do not wait for other machines in a thread that others wait for",
      async () => {
        const place = await makePlace();
        machines = new BlockingMachines(place.tier(), { keys: [1], ms: 20_000 });
        const other = await machines.start(temporaryFolder());
        other.run();
        await other.computing;
        const { memory, events } = hostOf(place.tier());
        const compute = memory.memoize((key: number) => -key, { id: "compute", version: "1" });
        let finish: (value: number) => void = () => undefined;
        const owe = async () => {
          const promise = new Promise<number>((resolve) => {
            finish = resolve;
          });
          begin();
          return promise;
        };
        let begin: () => void = () => undefined;
        const begun = new Promise<void>((resolve) => {
          begin = resolve;
        });
        const owed = memory.memoize(owe, { id: "owed" })();
        await begun;
        expect(compute(1)).toBe(-1);
        expect(events).toEqual(expect.arrayContaining(["wait", "duplicate", "miss", "store"]));
        expect(machines.runs).toEqual([1]);
        finish(1);
        expect(await owed).toBe(1);
      },
    );

    test("are told of no failure", async () => {
      const place = await makePlace();
      const host = hostOf(place.tier());
      countedOn({ count: 0 })(host)(SMALL);
      await host.memory[Symbol.asyncDispose]();
      await nextTurn();
      const codes = warnings.map(({ code }) => code);
      expect(codes.filter((code) => code !== "SHARED_WITHOUT_LEASES")).toEqual([]);
    });
  });
}
