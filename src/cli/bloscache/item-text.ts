/** Items of a series as text: for people, and as JSON. */
import type { TypedArray } from "../../format/dtype.ts";

/** Numbers of an item that are printed for people; of an item with more, so many. */
const MOST = 16;
const SHOWN = 6;

/** Some items, one behind another. */
export interface Items {
  readonly values: TypedArray;
  /** Of one item; `[]` for a number. */
  readonly shape: readonly number[];
}

/** The shape of an item in real numbers: a complex one is a pair. */
export function realShape(dtype: string, itemShape: readonly number[]): readonly number[] {
  return /^<c\d/.test(dtype) ? [...itemShape, 2] : itemShape;
}

/** Elements of an item. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The n-th item: `1.5`, `[1, 2]`, and of a large one the first numbers. */
export function itemText({ values, shape }: Items, n: number): string {
  const size = sizeOf(shape);
  const start = n * size;
  if (size <= MOST) return nested(values, start, shape, ", ", plainText);
  const shown = Array.from(values.subarray(start, start + SHOWN), plainText);
  return `[${[...shown, "…"].join(", ")}]`;
}

/** The n-th item, all of it, as JSON: what JSON has no number for is a string. */
export function itemJson({ values, shape }: Items, n: number): string {
  return nested(values, n * sizeOf(shape), shape, ",", jsonText);
}

type Value = number | bigint;

function nested(
  values: TypedArray,
  start: number,
  shape: readonly number[],
  separator: string,
  textOf: (value: Value) => string,
): string {
  const [count, ...rest] = shape;
  if (count === undefined) return textOf(values[start] as Value);
  const size = sizeOf(rest);
  const parts = Array.from({ length: count }, (_, i) =>
    nested(values, start + i * size, rest, separator, textOf),
  );
  return `[${parts.join(separator)}]`;
}

function plainText(value: Value): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

/** 64-bit integers are strings too: most readers of JSON round them. */
function jsonText(value: Value): string {
  const isNumber = typeof value === "number" && Number.isFinite(value);
  return isNumber ? plainText(value) : `"${value}"`;
}
