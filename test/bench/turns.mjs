/** A question whose sides note in a file when they are measured, and fail as they are told. */
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const unit = "ms";
export const data = () => [];
export const warmups = 1;
export const iterations = 3;

/** Costs 1, 2, 3, … : the median of those after the warm-up is 3. */
const noting = (name) => (_input, folder) => {
  let cost = 0;
  return {
    measure: () => ++cost,
    close: () => appendFileSync(join(folder, "turns"), name),
  };
};

const failing = (_input, folder) => ({
  measure: () => 1,
  check() {
    appendFileSync(join(folder, "turns"), "c");
    throw new Error("The result is not what was stored");
  },
});

const failingLater = (_input, folder) => {
  if (existsSync(join(folder, "once"))) throw new Error("The second time");
  writeFileSync(join(folder, "once"), "");
  return { measure: () => 1 };
};

export function sides(input) {
  const a = noting("a");
  if (input === "sound") return { a, b: noting("b") };
  if (input === "a broken peer") return { a, c: failing, b: noting("b") };
  if (input === "ours is broken") return { c: failing, b: noting("b") };
  return { a, d: failingLater };
}
