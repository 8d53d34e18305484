/** The arrays that are measured, by name. */
import { readAirports } from "../examples/airports/airports.mjs";
import { greatCircleDistances } from "../examples/airports/great-circle.mjs";

export const inputs = {
  /** The demo's matrix: real data that compresses little. */
  "airports 91 MB": () => {
    const { lat, lon } = readAirports();
    return greatCircleDistances(lat, lon);
  },
  /** 0, 1, 2, …: data that compresses well. */
  "arange 80 MB": () => Float64Array.from({ length: 10_000_000 }, (_, i) => i),
};
