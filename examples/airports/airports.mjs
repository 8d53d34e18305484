/** The 3,376 airports of the United States that come with the npm package vega-datasets. */
import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";

/** Coordinates in degrees, one number per airport. */
export function readAirports() {
  const csv = new URL("../data/airports.csv", import.meta.resolve("vega-datasets"));
  const rows = parse(readFileSync(csv), { columns: true });
  return {
    lat: Float64Array.from(rows, (row) => Number(row.latitude)),
    lon: Float64Array.from(rows, (row) => Number(row.longitude)),
  };
}
