/**
 * The regression guard: baseline.json has the ratios of a run on an idle machine, question → input
 * → peer. Ratios and not times, which are of that machine alone.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compared, median } from "../harness/statistics.mjs";

/** What is lost of a ratio before it counts: less is noise. */
const TOLERANCE = 0.25;

const file = fileURLToPath(new URL("../baseline.json", import.meta.url));

/** `{ question: { input: { peer: ratio } } }`; larger is better for us. */
export function ratiosOf(answers) {
  const ratios = {};
  for (const { name, input, values, compare } of answers) {
    if (compare === "difference" || compare === "none") continue;
    const [[, ours], ...peers] = Object.entries(values);
    ratios[name] ??= {};
    ratios[name][input] = Object.fromEntries(
      peers.map(([peer, theirs]) => [peer, rounded(median(compared(ours, theirs, compare)))]),
    );
  }
  return ratios;
}

const rounded = (ratio) => Number(ratio.toPrecision(3));

/** Every ratio that was measured in both and has become worse, in words. */
export function losses(baseline, ratios) {
  const found = [];
  for (const [name, inputs] of Object.entries(ratios)) {
    for (const [input, peers] of Object.entries(inputs)) {
      for (const [peer, ratio] of Object.entries(peers)) {
        const before = baseline[name]?.[input]?.[peer];
        if (before === undefined || ratio >= before * (1 - TOLERANCE)) continue;
        const percent = Math.round((1 - ratio / before) * 100);
        found.push(`${name}, ${input}, ${peer}: ${ratio} and not ${before}, ${percent} % less`);
      }
    }
  }
  return found;
}

/** @throws Error if there is no baseline */
export function checkBaseline(answers) {
  if (!existsSync(file)) throw new Error("There is no bench/baseline.json: --write-baseline");
  return losses(readBaseline(), ratiosOf(answers));
}

/** Of what was measured; the rest stays. */
export function writeBaseline(answers) {
  const baseline = existsSync(file) ? readBaseline() : {};
  for (const [name, inputs] of Object.entries(ratiosOf(answers))) {
    for (const [input, peers] of Object.entries(inputs)) {
      baseline[name] = { ...baseline[name], [input]: { ...baseline[name]?.[input], ...peers } };
    }
  }
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`);
}

const readBaseline = () => JSON.parse(readFileSync(file, "utf8"));
