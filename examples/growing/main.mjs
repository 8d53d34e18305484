/**
 * A growing simulation that is interrupted and continued: killed in mid-step, it has lost nothing
 * that was stored, and goes on from there.
 *
 *   node examples/growing/main.mjs
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Memory } from "bloscache";
import { lorenzOn } from "./lorenz.mjs";

const run = { rho: 28, seed: 7 };
const memory = new Memory(new URL(".cache", import.meta.url));
memory.clear();
const lorenz = lorenzOn(memory);

const step = fileURLToPath(new URL("step.mjs", import.meta.url));
const simulation = spawn(process.execPath, [step], { stdio: "inherit" });
// Reading does not disturb it.
while (lorenz.lengthOf(run) < 50_000) await sleep(10);
simulation.kill("SIGKILL");
await once(simulation, "exit");

const kept = lorenz.lengthOf(run);
const length = kept + 20_000;
const trajectory = await lorenz(run, { length });
const { computedMs, misses } = lorenz.stats();
console.log(`killed with ${kept} steps stored, continued to ${length}`);
console.log(`${misses.incomplete} run went on in ${computedMs.toFixed(0)} ms`);

const uninterrupted = await lorenzOn(new Memory(null))(run, { length });
const same = trajectory.every((value, i) => value === uninterrupted[i]);
console.log(`the same as without interruption: ${same}`);

const [x, y, z] = await lorenz.read(run, { start: -1 });
console.log(`now at ${x.toFixed(1)}, ${y.toFixed(1)}, ${z.toFixed(1)}`);
