/** What is printed while a run goes on. */
import { summary } from "../harness/statistics.mjs";
import { comparedWithOurs, comparison, digits, targetText } from "./numbers.mjs";

export function printAnswer(answer) {
  const { title, unit, compare, input, values, targets, leftOut } = answer;
  const heads = ["median", "smallest", "largest"].map((head) => head.padStart(10)).join("");
  console.log(`\n${title}: ${input}, ${unit}`);
  console.log(`${" ".repeat(44)}${heads}   ${comparison(compare)}`.trimEnd());
  for (const [side, row] of Object.entries(values)) {
    const numbers = Object.values(summary(row)).map((value) => digits(value).padStart(10));
    const ratio = comparedWithOurs(answer, side);
    const compared = ratio
      ? `${digits(ratio.median)} (${digits(ratio.smallest)} to ${digits(ratio.largest)})`
      : "";
    console.log(`  ${side.padEnd(42)}${numbers.join("")}   ${compared}`.trimEnd());
  }
  for (const target of targets) console.log(`    ${targetText(target)}`);
  for (const reason of leftOut) console.log(`  LEFT OUT: ${reason}`);
}

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
