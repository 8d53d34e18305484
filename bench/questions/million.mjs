import { Memory } from "bloscache";
import { COUNT, filled } from "../data/million.mjs";
import { median } from "../harness/statistics.mjs";
import { atMost } from "../report/targets.mjs";

const many = COUNT.toLocaleString("en");

export const title = `A cache of ${many} results`;
export const about =
  "Of 6 KB each. A hit is the median of 20,000 all over the cache; `open` is a process's first question how much there is; `reduceSize` removes a tenth of all results.";
export const unit = "ms";
export const inputs = ["a hit", "open", "reduceSize"];
export const data = () => [];
export const warmups = 0;
export const iterations = 1;

export function sides(input) {
  const [, side] = Object.entries({ "a hit": hits, open: opening, reduceSize: reducing }).find(
    ([name]) => name === input,
  );
  return { [`of ${many}`]: side(COUNT), "of 1,000": side(1000) };
}

const hits = (count) => (_input, folder) => {
  const { cached } = filled(folder, count);
  const hit = (n) => {
    const start = performance.now();
    cached((n * 7919) % count);
    return performance.now() - start;
  };
  return {
    measure() {
      for (let n = 0; n < 2000; n++) hit(n);
      return median(Array.from({ length: 20_000 }, (_, n) => hit(n)));
    },
  };
};

const opening = (count) => (_input, folder) => {
  const { location } = filled(folder, count);
  return { run: () => new Memory(location).size() };
};

/** Each trial finds a tenth less than the one before it. */
const reducing = (count) => (_input, folder) => {
  const { memory } = filled(folder, count);
  const { items } = memory.size();
  return { run: () => memory.reduceSize({ limitItems: items - Math.floor(items / 10) }) };
};

export const targets = atMost(["a hit"], { "of 1,000": 1.5 });
