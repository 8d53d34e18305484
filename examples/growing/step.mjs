/** A simulation that goes on until somebody ends it. Started by main.mjs. */
import { Memory } from "bloscache";
import { lorenzOn } from "./lorenz.mjs";

const lorenz = lorenzOn(new Memory(new URL(".cache", import.meta.url)));
for await (const _part of lorenz.stream({ rho: 28, seed: 7 })) {
  // Whoever watches it reads it from the cache.
}
