/** Arrays as text: a row per line, its values separated by blanks. */
import { halfToFloat32 } from "../../format/half.ts";
import type { Ndarray } from "../../format/ndarray.ts";
import type { Reader } from "../../format/reader.ts";
import { CliError } from "../failure.ts";

/** Kinds of dtypes whose items are a number, or two; long doubles are of no JavaScript type. */
const NUMBERS = /^[<>|](?:b1|[iu][1248]|f[248]|c(?:8|16)|[mM]8(?:\[.*\])?)$/;

/** Refuses what has no text: bytes, strings and structures. */
export function requireNumbers({ dtype }: Reader): void {
  if (dtype === undefined) throw new CliError("--text needs a file of an array");
  if (!NUMBERS.test(dtype))
    throw new CliError(`--text prints numbers, the array's dtype is ${dtype}`);
}

/**
 * Prints `count` rows of one array, each with its line end. Complex numbers are two values; a date
 * is its count of units.
 */
export function formatRows({ data, dtype }: Ndarray, count: number): string {
  const values = dtype.endsWith("f2") ? halfToFloat32(data) : data;
  const width = values.length / count;
  let text = "";
  for (let row = 0; row < count; row++) {
    text += `${values.subarray(row * width, (row + 1) * width).join(" ")}\n`;
  }
  return text;
}
