/** The option `maxBytes`: how many plain bytes a file may hold to be read. */

/** @throws {RangeError} for what is no limit */
export function checkLimit(maxBytes: number | undefined): void {
  if (maxBytes === undefined || (typeof maxBytes === "number" && maxBytes >= 0)) return;
  throw new RangeError(`Option maxBytes must be a number, at least 0: got ${String(maxBytes)}`);
}

/** @throws {RangeError} for more plain bytes than that */
export function checkSize(nbytes: number, maxBytes: number = Number.POSITIVE_INFINITY): void {
  if (nbytes <= maxBytes) return;
  throw new RangeError(`The file holds ${nbytes} plain bytes, option maxBytes allows ${maxBytes}`);
}
