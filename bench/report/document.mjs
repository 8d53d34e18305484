/** docs/benchmarks.md with its charts, of a full run. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { summary } from "../harness/statistics.mjs";
import { chartOf } from "./chart.mjs";
import { comparedWithOurs, comparison, digits } from "./numbers.mjs";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

/** @param report all of a run, as in results/<date>.json */
export function writeDocument(report) {
  const charts = join(docs, "benchmarks");
  rmSync(charts, { recursive: true, force: true });
  mkdirSync(charts);
  const names = [...new Set(report.answers.map(({ name }) => name))];
  const sections = names.map((name) => {
    const answers = report.answers.filter((answer) => answer.name === name);
    writeFileSync(join(charts, `${name}.svg`), `${chartOf(answers)}\n`);
    return sectionOf(answers);
  });
  writeFileSync(join(docs, "benchmarks.md"), `${[head(report), ...sections].join("\n\n")}\n`);
}

function head({ date, machine, versions, trials, answers }) {
  const { cpu, cores, memoryGiB, system } = machine;
  const targets = answers.flatMap((answer) => answer.targets);
  const met = targets.filter(({ isMet }) => isMet).length;
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Benchmarks

Written by \`npm run bench\`; [bench/README.md](../bench/README.md) says what is measured, and how.

${date.slice(0, 10)}, on ${cores} cores of ${cpu}, ${memoryGiB} GiB, ${system}. Of ${trials} trials, each in a process of its own: the median, and the smallest and largest. Ratios are of pairs of trials
that ran one after the other. ${met} of ${targets.length} targets are met.

${list.join(", ")}.`;
}

function sectionOf(answers) {
  const [{ name, title, about }] = answers;
  const tables = answers.map(tableOf).join("\n\n");
  return `## ${title}\n\n${about}\n\n![${title}](benchmarks/${name}.svg)\n\n${tables}`;
}

function tableOf(answer) {
  const { input, unit, values, compare, targets, leftOut } = answer;
  const heads = [
    `${input}, ${unit}`,
    "median",
    "smallest to largest",
    comparison(compare),
    "target",
  ];
  const rows = Object.entries(values).map(([side, trials], index) => {
    const { median, smallest, largest } = summary(trials);
    const ratio = comparedWithOurs(answer, side);
    const own = targets.filter(({ peer }) => peer === (index === 0 ? undefined : side));
    return [
      index === 0 ? `**${side}**` : side,
      digits(median),
      `${digits(smallest)} to ${digits(largest)}`,
      ratio
        ? `${digits(ratio.median)} (${digits(ratio.smallest)} to ${digits(ratio.largest)})`
        : "",
      own.map(verdict).join(", "),
    ];
  });
  const lines = [heads, heads.map((_, i) => (i === 0 ? "---" : "--:")), ...rows];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const missing = leftOut.map((reason) => `\n\nLeft out: ${reason.split("\n")[0]}`).join("");
  return table + missing;
}

/** An upper bound of a ratio is of ours to the peer's, the other way round than the column. */
function verdict({ peer, atLeast, atMost, measured, isMet }) {
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  const inverse = atMost !== undefined && peer !== undefined ? `, is ${digits(measured)}` : "";
  return `${bound}${inverse}: ${isMet ? "met" : "**missed**"}`;
}
