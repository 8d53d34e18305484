/** Which plain bytes a slice of an array or of bytes is, and the array that they make. */
import { type ArrayHeader, type Ndarray, viewArray } from "./ndarray.ts";

export interface SlicePlan {
  /** Plain bytes, from and to. */
  readonly start: number;
  readonly stop: number;
  readonly finish: (plain: ArrayBuffer) => Ndarray | Uint8Array;
}

/**
 * @param array `undefined` for bytes
 * @param nbytes plain bytes of all
 * @param start with `stop` as for `TypedArray.prototype.slice`
 * @throws {TypeError} for indices that are no numbers, and an axis along which the elements do not
 *   stand together
 */
export function planSlice(
  array: ArrayHeader | undefined,
  nbytes: number,
  start: number | undefined,
  stop: number | undefined,
  axis: number | undefined,
): SlicePlan {
  if (array === undefined) {
    if (axis !== undefined && axis !== 0 && axis !== -1) throw noAxis(axis, 1);
    const from = toIndex("start", start, nbytes, 0);
    const to = Math.max(from, toIndex("stop", stop, nbytes, nbytes));
    return { start: from, stop: to, finish: (plain) => new Uint8Array(plain) };
  }
  if (start === undefined && stop === undefined) {
    return { start: 0, stop: nbytes, finish: (plain) => viewArray(array, plain) };
  }
  const along = outerAxis(array, axis ?? 0);
  const length = array.shape[along] as number;
  const from = toIndex("start", start, length, 0);
  const to = Math.max(from, toIndex("stop", stop, length, length));
  const shape = array.shape.with(along, to - from);
  const itemBytes = length === 0 ? 0 : nbytes / length;
  return {
    start: from * itemBytes,
    stop: to * itemBytes,
    finish: (plain) => viewArray({ ...array, shape }, plain),
  };
}

/** `axis` counted from the first, if it is the one whose indices each stand for bytes in a row. */
export function outerAxis(
  { shape, order }: Pick<ArrayHeader, "shape" | "order">,
  axis: number,
): number {
  const ndim = shape.length;
  if (!Number.isInteger(axis) || axis < -ndim || axis >= ndim) throw noAxis(axis, ndim);
  const along = axis < 0 ? axis + ndim : axis;
  const outer = order === "C" ? 0 : ndim - 1;
  if (along === outer) return along;
  throw new TypeError(
    `An array in ${order} order is sliced along axis ${outer}: got axis ${axis}, whose elements do not stand together`,
  );
}

function noAxis(axis: number, ndim: number): TypeError {
  return new TypeError(`Axis ${String(axis)} is none of an array of ${ndim} dimensions`);
}

/** As `TypedArray.prototype.slice` reads its arguments, but for what is no number. */
function toIndex(
  name: string,
  value: number | undefined,
  length: number,
  fallback: number,
): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number") throw new TypeError(`Argument ${name} must be a number`);
  const whole = Math.trunc(value) || 0;
  return whole < 0 ? Math.max(length + whole, 0) : Math.min(whole, length);
}
