// The benchmark's trials, in processes of their own.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
// @ts-expect-error: a script, and no types
import { runTrials } from "../../bench/harness/trials.mjs";
import { temporaryFolder } from "../support/temporary.ts";
// @ts-expect-error: a script, and no types
import * as question from "./turns.mjs";

const file = new URL("turns.mjs", import.meta.url).href;
let workspace: string;
let leftOut: [side: string, reason: string][];

beforeEach(() => {
  workspace = temporaryFolder();
  leftOut = [];
});

function ask(input: string): Record<string, number[]> {
  const onLeftOut = (...args: [string, string]) => leftOut.push(args);
  const options = { trials: 3, workspace, isQuick: false, onLeftOut };
  return runTrials({ question, file, input, folder: workspace }, options);
}

/** In which order the sides were measured. */
const turns = () => readFileSync(join(workspace, "turns"), "utf8");

describe("trials", () => {
  test("take turns, and the value of each is the median after its warm-up", () => {
    expect(ask("sound")).toEqual({ a: [3, 3, 3], b: [3, 3, 3] });
    expect(turns()).toBe("ababab");
    expect(leftOut).toEqual([]);
  });

  test("go on without a peer that gives something else, or fails later, and say so", () => {
    expect(ask("a broken peer")).toEqual({ a: [3, 3, 3], b: [3, 3, 3] });
    expect(turns()).toBe("acbabab");
    expect(leftOut).toEqual([["c", expect.stringContaining("c: exit code 1")]]);
    expect(leftOut[0]?.[1]).toContain("The result is not what was stored");

    expect(ask("a peer breaks")).toEqual({ a: [3, 3, 3] });
    expect(leftOut[1]).toEqual(["d", expect.stringContaining("Error: The second time")]);
  });

  test("end when ours is broken", () => {
    expect(() => ask("ours is broken")).toThrow(/^c: exit code 1[\s\S]*not what was stored/);
  });
});

test("a question that there is not ends the benchmark, with the names of those there are", () => {
  const main = join(import.meta.dirname, "../../bench/main.mjs");
  const { status, stderr } = spawnSync(process.execPath, [main, "larg-hit"], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^No such question: larg-hit\. There are large-hit, /);
});
