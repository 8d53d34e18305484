/** Measured numbers as text, for the table and the document. */
import { compared, summary } from "../harness/statistics.mjs";

/** Three digits that count, and no fewer than there are before the point. */
export function digits(value) {
  const before = Math.floor(Math.log10(Math.abs(value))) + 1;
  return Number.isFinite(before) ? value.toFixed(Math.min(Math.max(3 - before, 0), 4)) : "0";
}

/** What the numbers of `ratioRow` are; empty where sides are not compared. */
export const comparison = (compare) =>
  ({ difference: "ours − peer's", larger: "ours / peer's", none: "" })[compare] ?? "peer's / ours";

/** A peer's trials against ours, as `{ median, smallest, largest }`; undefined for ours itself. */
export function comparedWithOurs({ values, compare }, side) {
  const [ours] = Object.keys(values);
  if (side === ours || compare === "none") return;
  return summary(compared(values[ours], values[side], compare));
}

/** Of a target: what was to be, such as "at least 1.3 × joblib's", and what is. */
export function targetText({ peer, atLeast, atMost, measured, isMet }) {
  const bound = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
  const place = peer === undefined ? "" : ` beside ${peer}`;
  return `${isMet ? "met" : "MISSED"}: ${digits(measured)}, ${bound}${place}`;
}
