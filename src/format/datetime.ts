/** Units of numpy's datetime64 and timedelta64, such as `[ns]` and `[25s]`. */

const UNITS = ["Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"] as const;

/** What one step of a datetime64 or timedelta64 is: `count` times `unit`. */
export interface DatetimeUnit {
  /** numpy's abbreviation: `M` is a month, `m` a minute; `generic` when the dtype has no unit. */
  readonly unit: (typeof UNITS)[number] | "generic";
  readonly count: number;
}

/**
 * Reads the unit in brackets.
 *
 * @param text empty for none
 * @returns `undefined` when it is not numpy's
 */
export function parseUnit(text: string): DatetimeUnit | undefined {
  if (text === "" || text === "[generic]") return { unit: "generic", count: 1 };
  // numpy writes "us" and reads the Greek letter as well.
  const [, digits = "", name] = /^\[(\d{0,10})([A-Za-zμ]{1,2})\]$/.exec(text) ?? [];
  const unit = UNITS.find((known) => known === name?.replace("μ", "u"));
  const count = digits === "" ? 1 : Number(digits);
  return unit === undefined || count < 1 || count >= 2 ** 31 ? undefined : { unit, count };
}

export function formatUnit({ unit, count }: DatetimeUnit): string {
  return unit === "generic" ? "" : `[${count === 1 ? "" : count}${unit}]`;
}

/**
 * The unit of an array's datetime64 or timedelta64 items: steps since 1970, or of time. The
 * smallest of them, -(2n ** 63n), is numpy's NaT.
 *
 * @throws {TypeError} when its dtype is another
 */
export function datetimeUnit(array: { readonly dtype: string }): DatetimeUnit {
  const [, text] = /^[<>][Mm]8(.*)$/.exec(array.dtype) ?? [];
  const unit = text === undefined ? undefined : parseUnit(text);
  if (unit !== undefined) return unit;
  throw new TypeError(`Only datetime64 and timedelta64 have a unit: the dtype is ${array.dtype}`);
}
