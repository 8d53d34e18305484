// How the benchmark compares what it measured: pairs of trials, targets, the baseline.
import { describe, expect, test } from "vitest";
// @ts-expect-error: a script, and no types
import { compared, median } from "../../bench/harness/statistics.mjs";
// @ts-expect-error: a script, and no types
import { losses, ratiosOf } from "../../bench/report/baseline.mjs";
// @ts-expect-error: a script, and no types
import { atLeast, atMost, judged, oursAtMost } from "../../bench/report/targets.mjs";

describe("pairs of trials", () => {
  test("a machine that becomes slower leaves each pair's ratio", () => {
    const ours = [10, 20, 40];
    const theirs = [25, 50, 100];
    expect(compared(ours, theirs)).toEqual([2.5, 2.5, 2.5]);
    expect(compared(ours, theirs, "larger")).toEqual([0.4, 0.4, 0.4]);
    expect(compared(ours, theirs, "difference")).toEqual([-15, -30, -60]);
  });

  test("the median of an even number lies between the two in the middle", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([9, 1, 5, 2])).toBe(3.5);
  });
});

describe("targets", () => {
  const values = { bloscache: [10, 12, 11], joblib: [30, 24, 33], memcpy: [8, 8, 8] };

  test("a peer is to take at least so many times as long", () => {
    const [target] = atLeast(["arange"], { joblib: 3 });
    expect(judged(target, values)).toMatchObject({ measured: 3, isMet: true });
    expect(judged({ ...target, atLeast: 3.1 }, values)).toMatchObject({ isMet: false });
  });

  test("ours is to take at most so many times as long as the limit", () => {
    const [target] = atMost(["arange"], { memcpy: 1.4 });
    expect(judged(target, values)).toMatchObject({ measured: 1.375, isMet: true });
    expect(judged({ ...target, atMost: 1.3 }, values)).toMatchObject({ isMet: false });
  });

  test("ours is to take at most so much more", () => {
    const [target] = atMost(["arange"], { memcpy: 3 });
    expect(judged(target, values, "difference")).toMatchObject({ measured: 3, isMet: true });
    expect(judged({ ...target, atMost: 2.5 }, values, "difference")).toMatchObject({
      isMet: false,
    });
  });

  test("a bound of our own value needs no peer", () => {
    expect(judged(oursAtMost("arange", 11), values)).toMatchObject({ measured: 11, isMet: true });
    expect(judged(oursAtMost("arange", 10), values)).toMatchObject({ isMet: false });
  });

  test("nothing is said of a peer that was not measured", () => {
    const [target] = atLeast(["arange"], { bloscpack: 2 });
    expect(judged(target, values)).toBeUndefined();
  });
});

describe("the baseline", () => {
  const answer = (name: string, compare: string | undefined, theirs: number[]) => ({
    name,
    compare,
    input: "arange",
    values: { bloscache: [10, 10, 10], joblib: theirs },
  });

  test("holds a ratio for each peer, the larger the better, where there are ratios", () => {
    const answers = [
      answer("hit", undefined, [30, 20, 31.234]),
      answer("puts", "larger", [5, 5, 5]),
      answer("start", "difference", [5, 5, 5]),
      answer("memory", "none", [5, 5, 5]),
    ];
    expect(ratiosOf(answers)).toEqual({
      hit: { arange: { joblib: 3 } },
      puts: { arange: { joblib: 2 } },
    });
  });

  const baseline = { hit: { arange: { joblib: 4, zarr: 8 }, noisy: { joblib: 2 } } };

  test("a quarter less is noise, more is a loss, which is named", () => {
    expect(losses(baseline, { hit: { arange: { joblib: 3, zarr: 8 } } })).toEqual([]);
    expect(losses(baseline, { hit: { arange: { joblib: 2.9, zarr: 4 } } })).toEqual([
      "hit, arange, joblib: 2.9 and not 4, 28 % less",
      "hit, arange, zarr: 4 and not 8, 50 % less",
    ]);
  });

  test("what only one of both has measured counts as nothing", () => {
    const ratios = { hit: { arange: { bloscpack: 0.1 } }, store: { arange: { joblib: 0.1 } } };
    expect(losses(baseline, ratios)).toEqual([]);
  });
});
