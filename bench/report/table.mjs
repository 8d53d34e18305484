/** What is printed while a run goes on. */
import { compared, summary } from "../harness/statistics.mjs";

export function printAnswer({ title, unit, compare, input, values, targets, leftOut }) {
  const heads = ["median", "smallest", "largest"].map((head) => head.padStart(10)).join("");
  console.log(`\n${`${title}: ${input}, ${unit}`.padEnd(44)}${heads}   ${comparison(compare)}`);
  const [ours] = Object.keys(values);
  for (const [side, row] of Object.entries(values)) {
    const numbers = Object.values(summary(row)).map((value) => digits(value).padStart(10));
    const ratios = side === ours ? "" : spread(compared(values[ours], row, compare));
    console.log(`  ${side.padEnd(42)}${numbers.join("")}   ${ratios}`.trimEnd());
  }
  for (const target of targets) console.log(`    ${targetText(target)}`);
  for (const reason of leftOut) console.log(`  LEFT OUT: ${reason}`);
}

const comparison = (compare) =>
  ({ difference: "ours − peer's", larger: "ours / peer's" })[compare] ?? "peer's / ours";

export function printMissed(answers) {
  const all = answers.flatMap(({ title, input, targets }) =>
    targets.map((target) => ({ title, input, target })),
  );
  const missed = all.filter(({ target }) => !target.isMet);
  console.log(`\n${all.length - missed.length} of ${all.length} targets are met`);
  for (const { title, input, target } of missed) {
    console.log(`  ${title}: ${input}, ${targetText(target)}`);
  }
}

function targetText({ peer, atLeast, measured, atMost, isMet }) {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  const of = peer === undefined ? "" : ` (${peer})`;
  return `${isMet ? "met" : "MISSED"}: ${digits(measured)}, ${bound}${of}`;
}

function spread(ratios) {
  const { median, smallest, largest } = summary(ratios);
  return `${digits(median)} (${digits(smallest)} to ${digits(largest)})`;
}

/** Three digits that count, and no more than there are before the point. */
function digits(value) {
  const before = Math.floor(Math.log10(Math.abs(value))) + 1;
  return Number.isFinite(before) ? value.toFixed(Math.min(Math.max(3 - before, 0), 3)) : "0";
}
