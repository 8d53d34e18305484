/** Spans of time as people write them, and as the command prints them. */

const UNITS_MS: { readonly [unit: string]: number } = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads `"250ms"`, `"1.5h"`, `"7d"`, `"5m06s"` as milliseconds; `undefined` for what is none of these. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, number, unit] of text.matchAll(/([\d.]+)([a-z]+)/g)) {
    total += Number(number) * (UNITS_MS[unit as string] as number);
  }
  return total;
}
