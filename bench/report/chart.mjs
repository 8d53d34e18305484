/** A question's chart: the medians as dots, a row for each side and a colour for each input. */
import * as echarts from "echarts";
import { median } from "../harness/statistics.mjs";
import { digits } from "./numbers.mjs";

/** Readable on white and on black alike, as a page may be either. */
const GREY = "#808890";
const LINE = "#80889055";
const COLORS = ["#2f81f7", "#e8730c", "#2da44e", "#bf4b8a", "#a371f7", "#b08800"];
const SYMBOLS = ["circle", "diamond", "triangle", "rect", "arrow", "roundRect"];

const WIDTH = 840;
const ROW = 26;
/** There is no browser to measure text: a letter of 12 px is narrower than that. */
const LETTER = 7.2;

const LEGEND = {
  top: 30,
  left: 8,
  itemGap: 26,
  itemWidth: 12,
  itemHeight: 12,
  textStyle: { color: GREY },
};

/** @param answers those of one question, one for each input: the text of an SVG */
export function chartOf(answers) {
  const [{ title, unit, compare }] = answers;
  const sides = [...new Set(answers.flatMap(({ values }) => Object.keys(values)))];
  const isLegendShown = answers.length > 1;
  const chart = echarts.init(null, null, {
    renderer: "svg",
    ssr: true,
    width: WIDTH,
    height: sides.length * ROW + (isLegendShown ? 108 : 82),
  });
  const direction = compare === "larger" ? "more is better" : "less is better";
  chart.setOption({
    animation: false,
    color: COLORS,
    textStyle: { fontFamily: "sans-serif", color: GREY },
    title: { text: title, left: 8, top: 4, textStyle: { color: GREY, fontSize: 15 } },
    legend: { ...LEGEND, show: isLegendShown },
    grid: { left: marginFor(sides), right: 60, top: isLegendShown ? 58 : 34, bottom: 44 },
    xAxis: valueAxis(answers, `${unit}, ${direction}`),
    yAxis: sideAxis(sides),
    series: answers.map((answer, index) => seriesOf(answer, index, answers.length)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

const marginFor = (sides) => Math.max(...sides.map((side) => side.length)) * LETTER + 16;

/** Logarithmic where the values differ by more than ten times. */
function valueAxis(answers, name) {
  const values = answers.flatMap((answer) => mediansOf(answer).map(([value]) => value));
  const [smallest, largest] = [Math.min(...values), Math.max(...values)];
  const isLog = smallest > 0 && largest > 10 * smallest;
  return {
    type: isLog ? "log" : "value",
    min: isLog ? 10 ** Math.floor(Math.log10(smallest)) : 0,
    name,
    nameLocation: "middle",
    nameGap: 26,
    nameTextStyle: { color: GREY },
    axisLabel: { color: GREY },
    splitLine: { lineStyle: { color: LINE } },
    minorTick: { show: isLog, splitNumber: 9 },
  };
}

/** Ours first, at the top. */
function sideAxis(sides) {
  return {
    type: "category",
    data: sides.map((value, index) => ({
      value,
      textStyle: index === 0 ? { fontWeight: "bold", color: COLORS[0] } : undefined,
    })),
    inverse: true,
    axisLabel: { color: GREY, interval: 0 },
    axisLine: { lineStyle: { color: LINE } },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: LINE } },
  };
}

/** Dots of several inputs lie a little above each other, where they would hide one another. */
const seriesOf = (answer, index, count) => ({
  type: "scatter",
  name: answer.input,
  symbol: SYMBOLS[index % SYMBOLS.length],
  symbolSize: 9,
  symbolOffset: [0, (index - (count - 1) / 2) * 2.5],
  data: mediansOf(answer),
  // So would their numbers; the tables have them.
  label: {
    show: count === 1,
    position: "right",
    color: GREY,
    formatter: ({ value: [value] }) => digits(value),
  },
});

const mediansOf = ({ values }) =>
  Object.entries(values).map(([side, trials]) => [median(trials), side]);
