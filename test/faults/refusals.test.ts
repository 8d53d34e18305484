// One store and one look-up, of which every system call is refused.
import { expect, it, describe as suite } from "vitest";
import {
  type CallPoint,
  callPoints,
  describe,
  failAt,
  hasFailedIn,
  hasStrace,
  inTurn,
  MUTATING,
} from "../support/system-calls.ts";
import { AT_ONCE, cacheOf, expectSound, harmsOf, lookAt, SOAK, stageOf } from "./stage.ts";

/** In which ways what changes something or opens a file is refused: two each, in turn. */
const ERRNOS = ["EIO", "ENOSPC", "EMFILE", "EACCES"] as const;

/** All else in the way that is the likeliest. */
const OTHERS: Readonly<Record<string, string>> = {
  read: "EIO",
  pread64: "EIO",
  close: "EIO",
  getdents64: "EIO",
  statx: "EACCES",
  newfstatat: "EIO",
  access: "EACCES",
  lseek: "EIO",
  fstatfs: "EIO",
  fcntl: "ENOLCK",
  mmap: "ENOMEM",
};

const EVERY_CALL = [...MUTATING, "openat", ...Object.keys(OTHERS)];

interface Scenario {
  readonly start: readonly (readonly string[])[];
  readonly work: readonly string[];
  /** Which calls are refused, where that is not all of them. */
  readonly calls?: readonly string[];
  /** A path in the cache: only what follows the first call on it is refused. */
  readonly from?: RegExp;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "a store, and a look-up, in a new cache": { start: [], work: ["large 1", "large 1", "small 1"] },
  "stores in the place of others": { start: [["fill"]], work: ["replace"], from: /^leases/ },
  "stores off the main thread": {
    start: [["fill"], ["drop later 2", "drop soon 2"]],
    work: ["later 2", "soon 2"],
    from: /^leases/,
  },
  "what a store leaves to timers": {
    start: [["fill"], ["drop large 2"]],
    work: ["large 2", "stay"],
    calls: ["fdatasync", "fsync", "unlink", "pwrite64", "writev"],
    from: /^tmp/,
  },
  "look-ups": { start: [["fill"]], work: ["large 1", "small 1", "later 1", "soon 1"] },
};

interface Case {
  readonly point: CallPoint;
  readonly errno: string;
  /** Whether all that follow are refused too. */
  readonly isLasting: boolean;
}

function casesOf(points: readonly CallPoint[]): Case[] {
  return points.flatMap((point, i): Case[] => {
    const other = OTHERS[point.call];
    const errnos = other === undefined ? ERRNOS : [other];
    const ways = errnos.flatMap((errno) =>
      [false, true].map((isLasting) => ({ errno, isLasting })),
    );
    const isTurn = (k: number) =>
      other === undefined ? (k + 3 * i) % 8 < 4 && k % 2 === i % 2 : k === i % 2;
    return ways.filter((_, k) => SOAK || isTurn(k)).map((way) => ({ point, ...way }));
  });
}

suite.skipIf(!hasStrace)("refused at every system call", () => {
  it.each(Object.entries(SCENARIOS))(
    "%s",
    { timeout: SOAK ? 3_600_000 : 300_000 },
    async (what, scenario) => {
      const { start, work, calls = EVERY_CALL, from } = scenario;
      const cache = cacheOf(...start);
      const stage = () => stageOf(cache, work, start.length > 0);
      const points = await callPoints(stage, calls, from);
      const names = new Map<string, string>();
      const harms: string[] = [];
      let missed = 0;
      const refuse = async ({ point, errno, isLasting }: Case) => {
        const trial = stage();
        const outcome = await failAt(trial, point, errno, isLasting);
        const name = `${what}: ${errno} at ${describe(point)}${isLasting ? " and on" : ""}`;
        if (!hasFailedIn(outcome, trial)) {
          missed++;
          return;
        }
        names.set(trial.folder, name);
        harms.push(...harmsOf(outcome).map((harm) => `${name}: ${harm}`));
      };
      const cases = casesOf(points);
      // Those that stay use no processor meanwhile.
      await inTurn(cases, work.includes("stay") ? 4 * AT_ONCE : AT_ONCE, refuse);
      console.log(`${what}: ${cases.length} refusals at ${points.length} calls, ${missed} not met`);
      expect(harms).toEqual([]);
      for (const look of await lookAt(Array.from(names.keys()))) {
        expectSound(look, names.get(look.location) ?? "");
      }
      expect(names.size).toBeGreaterThan(0.9 * cases.length);
    },
  );
});
