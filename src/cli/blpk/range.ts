/** Ranges as Python writes them: `"10:20"`, `"-5:"`, `"7"`. */
import { CliError, EXIT_USAGE } from "../failure.ts";

/** A part of an axis, half-open. */
export interface Range {
  readonly start: number;
  readonly stop: number;
}

/**
 * Reads a range of an axis whose length is not known yet.
 *
 * @returns the part of an axis of a given length; a single index must be on it
 * @throws {CliError} for what is no range; exit code 2
 */
export function parseRange(text: string): (length: number) => Range {
  const [, start, stop] = /^(-?\d+)?:(-?\d+)?$/.exec(text) ?? [];
  if (/^-?\d+$/.test(text)) return (length) => single(Number(text), length);
  if (!/^(-?\d+)?:(-?\d+)?$/.test(text)) {
    throw new CliError(`'${text}' is not a range, such as 10:20, -5: or 7`, EXIT_USAGE);
  }
  return (length) => ({
    start: start === undefined ? 0 : clamp(Number(start), length),
    stop: stop === undefined ? length : clamp(Number(stop), length),
  });
}

function single(index: number, length: number): Range {
  const start = index < 0 ? length + index : index;
  if (start >= 0 && start < length) return { start, stop: start + 1 };
  throw new CliError(`index ${index} is out of range: there are ${length}`);
}

function clamp(index: number, length: number): number {
  return Math.min(Math.max(index < 0 ? length + index : index, 0), length);
}
