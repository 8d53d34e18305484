/**
 * A parameter sweep that is begun again: what was computed is found, what is missing is explained.
 *
 *   node examples/sweep/main.mjs
 */
import { Memory } from "bloscache";
import { simulate } from "./simulate.mjs";

const memory = new Memory(new URL(".cache", import.meta.url));
memory.clear();
const cached = memory.memoize(simulate, { ignore: ["0.log"] });

for (const damping of [0.1, 0.2]) {
  for (const seed of [1, 2, 3]) cached({ damping, seed, steps: 20_000 });
}
// The same sweep, with one value more, by somebody who wants to see what is done.
for (const damping of [0.1, 0.2, 0.3]) {
  for (const seed of [1, 2, 3]) cached({ damping, seed, steps: 20_000, log: true });
}
const { hits, misses } = cached.stats();
console.log(`${hits} of ${hits + misses.absent} runs were found`);

const { reason, text } = cached.explain({ damping: 0.3, seed: 4, steps: 20_000 });
console.log(`${reason}: ${text}`);
