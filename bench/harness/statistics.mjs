export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** `{ median, smallest, largest }` of some numbers. */
export function summary(values) {
  return { median: median(values), smallest: Math.min(...values), largest: Math.max(...values) };
}

/**
 * Trial n of the peer against trial n of ours, which ran next to it: a drift of the machine met both.
 * @param compare undefined: how many times less ours takes; "larger": how many times more ours
 *   does; "difference": how much more ours takes
 */
export function compared(ours, theirs, compare) {
  return ours.map((own, trial) => {
    if (compare === "difference") return own - theirs[trial];
    return compare === "larger" ? own / theirs[trial] : theirs[trial] / own;
  });
}
