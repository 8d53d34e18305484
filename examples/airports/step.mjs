/**
 * One process of the demo: asks a memoized function for the distances between all airports, and
 * prints what came of it as JSON.
 *
 *   node examples/airports/step.mjs LOCATION
 */
import { createHash } from "node:crypto";
import { Memory } from "bloscache";
import { readAirports } from "./airports.mjs";
import { greatCircleDistances } from "./great-circle.mjs";

const memory = new Memory({ location: process.argv[2] });
let computed = false;

const distances = memory.memoize(function distances(lat, lon) {
  computed = true;
  return { data: greatCircleDistances(lat, lon), shape: [lat.length, lon.length] };
});

const { lat, lon } = readAirports();

const start = performance.now();
const { data, shape } = distances(lat, lon); // computed, or read from disk: the caller cannot tell
const ms = performance.now() - start;

const sha256 = createHash("sha256").update(data).digest("hex");
console.log(JSON.stringify({ ms, computed, shape, plainBytes: data.byteLength, sha256 }));
