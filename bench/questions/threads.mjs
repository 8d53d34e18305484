import { inPython, withEnv } from "../harness/side.mjs";
import { atLeast } from "../report/targets.mjs";
import { sides as packing } from "./pack.mjs";
import { sides as unpacking } from "./unpack.mjs";

export const title = "One thread and two";
export const about =
  "Packing 80 MB of Float64 to a Bloscpack file and unpacking it, by the number of threads. Two need two idle cores.";
export const unit = "ms";
export const inputs = [
  ...["pack noisy, bloscache", "unpack noisy, bloscache"],
  ...["pack noisy, bloscpack", "unpack noisy, bloscpack"],
];
export const data = () => ["noisy"];
export const warmups = 3;
export const iterations = 11;

const environment = (threads) => ({
  BLOSCACHE_NTHREADS: String(threads),
  BLOSC_NTHREADS: String(threads),
});

export function sides(input) {
  const side = input.endsWith("bloscache") ? ours(input) : theirs(input);
  return { "two threads": side(environment(2)), "one thread": side(environment(1)) };
}

const ours = (input) => (env) => {
  const { bloscache } = input.startsWith("pack") ? packing : unpacking;
  return withEnv(env, (_input, folder) => bloscache("noisy", folder));
};

const theirs = (input) => (env) => inPython("threads", input.split(" ")[0], env);

export const targets = atLeast(inputs.slice(0, 2), { "one thread": 1.7 });

export const quick = { inputs: inputs.slice(0, 2) };
