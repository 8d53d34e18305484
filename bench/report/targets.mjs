/**
 * What a question is to show. A target is `{ input, peer, atLeast }` or `{ input, peer, atMost }`;
 * without a peer it is for our own value and not for a ratio.
 */
import { compared, median } from "../harness/statistics.mjs";

/** Peers take at least so many times what ours takes: `{ peer: times }`. */
export const atLeast = (inputs, peers) => each(inputs, peers, "atLeast");

/** Ours takes at most so many times what peers take, or by how much more: `{ peer: times }`. */
export const atMost = (inputs, peers) => each(inputs, peers, "atMost");

export const oursAtMost = (input, value) => ({ input, atMost: value });

export const oursAtLeast = (input, value) => ({ input, atLeast: value });

function each(inputs, peers, bound) {
  return inputs.flatMap((input) =>
    Object.entries(peers).map(([peer, value]) => ({ input, peer, [bound]: value })),
  );
}

/**
 * A target with what was measured: `{ ...target, measured, isMet }`; undefined if its peer was not.
 * @param values `{ side: values }`, ours first
 */
export function judged(target, values, compare) {
  const [ours] = Object.values(values);
  const theirs = target.peer === undefined ? undefined : values[target.peer];
  if (target.peer !== undefined && theirs === undefined) return;
  const measured = theirs ? median(quantity(target, ours, theirs, compare)) : median(ours);
  const isMet =
    target.atMost === undefined ? measured >= target.atLeast : measured <= target.atMost;
  return { ...target, measured, isMet };
}

/** For an upper bound of a ratio the sides change places: what of ours is so many times theirs. */
function quantity(target, ours, theirs, compare) {
  const isInverse = target.atMost !== undefined && compare !== "difference";
  return isInverse ? compared(theirs, ours, compare) : compared(ours, theirs, compare);
}
