// One store, one eviction, one clear, killed at every system call that changes something.
import { expect, it, describe as suite } from "vitest";
import { describe, hasStrace, killEverywhere } from "../support/system-calls.ts";
import { AT_ONCE, cacheOf, expectSound, lookAt, stageOf } from "./stage.ts";

interface Scenario {
  readonly start: readonly (readonly string[])[];
  readonly work: readonly string[];
  /** Calls whose results may not be there afterwards. */
  readonly mayMiss: RegExp;
  /** Files that no result may speak of. */
  readonly litter: number;
}

const FULL: Scenario["start"] = [["fill"]];
const LACKING = (call: string): Scenario["start"] => [["fill"], [`drop ${call}`]];

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "two files into a new cache": { start: [], work: ["large 1"], mayMiss: /./, litter: 2 },
  "two files": { start: LACKING("large 2"), work: ["large 2"], mayMiss: /large 2/, litter: 2 },
  "two files, off the main thread": {
    start: LACKING("later 2"),
    work: ["later 2"],
    mayMiss: /later 2/,
    litter: 2,
  },
  "two files, durably": {
    start: LACKING("large 2"),
    work: ["strict", "large 2"],
    mayMiss: /large 2/,
    litter: 2,
  },
  "two files, durably and off the main thread": {
    start: LACKING("later 2"),
    work: ["strict", "later 2"],
    mayMiss: /later 2/,
    litter: 2,
  },
  "two files in the place of others": { start: FULL, work: ["replace"], mayMiss: /^$/, litter: 2 },
  "a row": { start: LACKING("small 2"), work: ["small 2"], mayMiss: /small 2/, litter: 0 },
  "a row, durably and off the main thread": {
    start: LACKING("soon 2"),
    work: ["strict", "soon 2"],
    mayMiss: /soon 2/,
    litter: 0,
  },
  "an eviction after a store": {
    start: LACKING("large 2"),
    work: ["limit 3", "large 2"],
    mayMiss: /./,
    litter: 2,
  },
  reduceSize: { start: FULL, work: ["reduce"], mayMiss: /./, litter: 0 },
  clear: { start: FULL, work: ["clear"], mayMiss: /./, litter: 8 },
  rebuild: { start: [["fill"], ["remove index"]], work: ["rebuild"], mayMiss: /./, litter: 8 },
};

suite.skipIf(!hasStrace)("killed at every system call that changes something", () => {
  it.each(Object.entries(SCENARIOS))("%s", { timeout: 300_000 }, async (name, scenario) => {
    const { start, work, mayMiss, litter } = scenario;
    const cache = cacheOf(...start);
    const names = new Map<string, string>();
    const stage = () => stageOf(cache, work, start.length > 0);
    const kills = await killEverywhere(
      stage,
      ({ folder }, point) => void names.set(folder, `${name}: ${describe(point)}`),
      AT_ONCE,
    );
    const lacked = new Set<number>();
    for (const look of await lookAt(Array.from(names.keys()))) {
      const killed = names.get(look.location) ?? "";
      expectSound(look, killed);
      expect(
        look.computed.filter((call) => !mayMiss.test(call)),
        killed,
      ).toEqual([]);
      expect(look.litter, killed).toBeLessThanOrEqual(litter);
      expect(look.drafts, killed).toBeLessThanOrEqual(1);
      lacked.add(look.computed.length);
    }
    console.log(`${name}: killed at ${kills.length} calls`);
    expect(kills.length).toBeGreaterThan(3);
    // Before what the work does, and after it.
    if (mayMiss.source !== "^$") expect(lacked.size).toBeGreaterThan(1);
  });
});
