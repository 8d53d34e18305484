/** Sizes as people read and write them: powers of 1024 with a letter, the reference's spelling. */

const UNITS = ["B", "K", "M", "G", "T"];

/** Such as `"2.93K"`: two decimals at most, one at least. */
export function prettySize(nbytes: number): string {
  if (nbytes === 0) return "0B";
  let power = 0;
  while (power < UNITS.length - 1 && nbytes >= 1024 ** (power + 1)) power++;
  return `${twoDecimals(nbytes, 1024 ** power)}${UNITS[power]}`;
}

/** Such as `"2.93K (3000B)"`; -1, which stands for an unknown size in a header, stays as it is. */
export function exactSize(nbytes: number): string {
  return nbytes < 0 ? String(nbytes) : `${prettySize(nbytes)} (${nbytes}B)`;
}

/** Ties go to the even digit, as Python rounds. */
function twoDecimals(nbytes: number, unit: number): string {
  const scaled = BigInt(Math.round(nbytes)) * 100n;
  const divisor = BigInt(unit);
  let hundredths = scaled / divisor;
  const rest = (scaled % divisor) * 2n;
  if (rest > divisor || (rest === divisor && hundredths % 2n === 1n)) hundredths++;
  const decimals = String(hundredths % 100n).padStart(2, "0");
  return `${hundredths / 100n}.${decimals[0]}${decimals[1] === "0" ? "" : decimals[1]}`;
}

/** Reads `"1.5M"`; `undefined` for what is no number with one of the letters B K M G T. */
export function parseSize(text: string): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([BKMGT])$/.exec(text);
  if (match === null) return undefined;
  return Math.trunc(Number(match[1]) * 1024 ** UNITS.indexOf(match[2] as string));
}
