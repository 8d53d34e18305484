/**
 * The text of metadata: JSON as Python's `json` has it, which adds `NaN`, `Infinity` and
 * `-Infinity` to the standard (RFC 8259). The reference writes and reads these.
 */
import { randomUUID } from "node:crypto";

const NON_FINITE: { readonly [token: string]: number } = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** Strings, which may contain anything, or a token outside of them. */
const STRING_OR_TOKEN = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g;

/** In ASCII: the reference's writer does not go beyond it, and some readers cannot. */
export function stringifyMetadata(value: unknown): string {
  const mark = randomUUID();
  let isMarked = false;
  const text = JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field !== "number" || Number.isFinite(field)) return field;
    isMarked = true;
    return mark + field;
  });
  return toAscii(isMarked ? text.replaceAll(new RegExp(`"${mark}([^"]+)"`, "g"), "$1") : text);
}

/** @throws {SyntaxError} when the text is not JSON */
export function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mark = randomUUID();
    const standard = text.replaceAll(STRING_OR_TOKEN, (found) =>
      found.startsWith('"') ? found : `"${mark}${found}"`,
    );
    if (standard === text) throw error;
    return JSON.parse(standard, (_key, field: unknown) =>
      typeof field === "string" && field.startsWith(mark)
        ? NON_FINITE[field.slice(mark.length)]
        : field,
    );
  }
}

function toAscii(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
