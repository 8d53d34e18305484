/** The values of an array as Python prints them, which is how the golden manifest has them. */
import { column, fields } from "../../src/format/columns.ts";
import type { TypedArray } from "../../src/format/dtype.ts";
import { halfToFloat32 } from "../../src/format/half.ts";
import type { Ndarray } from "../../src/format/ndarray.ts";
import { toOrder } from "../../src/format/order.ts";
import { strings } from "../../src/format/strings.ts";

/** `str()` of each item, in C order. */
export function pythonValues(array: Ndarray): string[] {
  const ordered = toOrder(array, "C");
  const { dtype } = ordered;
  const data = ordered.data as Uint8Array;
  const kind = dtype[1] as string;
  if (dtype.startsWith("[")) return pythonTuples(ordered);
  if (kind === "U") return strings(ordered);
  if (kind === "S") return strings(ordered).map(pythonBytes);
  if (kind === "V") return items(data, Number(dtype.slice(2))).map(pythonBytes);
  if (kind === "b") return Array.from(data, (value) => (value === 0 ? "False" : "True"));
  if (kind === "f") return Array.from(dtype === "<f2" ? halfToFloat32(data) : data, pythonFloat);
  if (kind === "c") return pythonComplexes(data);
  return Array.from(data, String);
}

function pythonTuples(array: Ndarray): string[] {
  const columns = fields(array).map(({ name }) => {
    const one = column(array, name);
    const quote = one.dtype[1] === "U" ? "'" : "";
    return pythonValues(one).map((value) => quote + value + quote);
  });
  return (columns[0] ?? []).map((_, i) => `(${columns.map((values) => values[i]).join(", ")})`);
}

function items(bytes: Uint8Array, itemsize: number): string[] {
  return Array.from({ length: bytes.length / itemsize }, (_, i) =>
    Buffer.from(bytes.subarray(i * itemsize, (i + 1) * itemsize)).toString("latin1"),
  );
}

function pythonBytes(text: string): string {
  const escaped = text.replace(
    /[^ -~]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return `b'${escaped}'`;
}

function pythonComplexes(data: TypedArray): string[] {
  return Array.from({ length: data.length / 2 }, (_, i) => {
    const [real, imaginary] = [data[2 * i], data[2 * i + 1]].map((part) =>
      special(String(part)),
    ) as [string, string];
    const sign = imaginary.startsWith("-") ? "" : "+";
    return real === "0" ? `${imaginary}j` : `(${real}${sign}${imaginary}j)`;
  });
}

/** Python tells floats from integers, and has its own way with exponents. */
function pythonFloat(value: number | bigint): string {
  if (Object.is(value, -0)) return "-0.0";
  const plain = special(String(value));
  if (/^-?\d+$/.test(plain)) return `${plain}.0`;
  const text = /^-?0\.0000/.test(plain) ? Number(value).toExponential() : plain;
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function special(text: string): string {
  return text.replace("Infinity", "inf").replace("NaN", "nan");
}
