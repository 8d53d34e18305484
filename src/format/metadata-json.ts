/**
 * The text of metadata: JSON as Python's `json` has it, which adds `NaN`, `Infinity` and
 * `-Infinity` to the standard (RFC 8259). The reference writes and reads these.
 */
import { crypto } from "../blosc/late-modules.ts";

const NON_FINITE: { readonly [token: string]: number } = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  "-Infinity": Number.NEGATIVE_INFINITY,
};

/** Where something begins that is to be looked at: a string, or a token. */
const QUOTE_OR_TOKEN = /"|-?Infinity|NaN/g;

/**
 * In ASCII: the reference's writer does not go beyond it, and some readers cannot.
 *
 * @throws {TypeError} for what is not JSON: undefined, a function, a bigint, a cycle
 * @throws {RangeError} for what makes more text than a string holds, or is nested too deeply
 */
export function stringifyMetadata(value: unknown): string {
  try {
    const text = marked(value);
    if (text !== undefined) return toAscii(text);
  } catch (cause) {
    const Kind = cause instanceof RangeError ? RangeError : TypeError;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Kind(`Option metadata cannot be written as JSON: ${reason}`, { cause });
  }
  throw new TypeError(`Option metadata must be what JSON can hold: got ${typeof value}`);
}

/** `undefined` for what has no JSON. */
function marked(value: unknown): string | undefined {
  const mark = crypto().randomUUID();
  let isMarked = false;
  const text: string | undefined = JSON.stringify(value, (_key, field: unknown) => {
    if (typeof field !== "number" || Number.isFinite(field)) return field;
    isMarked = true;
    return mark + field;
  });
  return isMarked ? text?.replaceAll(new RegExp(`"${mark}([^"]+)"`, "g"), "$1") : text;
}

/** @throws {SyntaxError} when the text is not JSON */
export function parseMetadata(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const mark = crypto().randomUUID();
    const standard = markTokens(text, mark);
    if (standard === text) throw error;
    return JSON.parse(standard, (_key, field: unknown) =>
      typeof field === "string" && field.startsWith(mark)
        ? NON_FINITE[field.slice(mark.length)]
        : field,
    );
  }
}

/** Makes strings of the tokens outside of strings, but for those that stand where a key should. */
function markTokens(text: string, mark: string): string {
  const parts: string[] = [];
  let copied = 0;
  const tokens = new RegExp(QUOTE_OR_TOKEN);
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const [token] = found;
    if (token === '"') tokens.lastIndex = stringEnd(text, found.index);
    else if (!isKey(text, tokens.lastIndex)) {
      parts.push(text.slice(copied, found.index), `"${mark}${token}"`);
      copied = tokens.lastIndex;
    }
  }
  return parts.join("") + text.slice(copied);
}

/** Whether what ends at `end` is followed by a colon. */
function isKey(text: string, end: number): boolean {
  const behind = /[^ \t\n\r]/g;
  behind.lastIndex = end;
  return behind.exec(text)?.[0] === ":";
}

/** Behind the string that starts at `start`. By hand: an expression overflows on a long string. */
function stringEnd(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let at = quote;
    while (text[at - 1] === "\\") at--;
    if ((quote - at) % 2 === 0) return quote + 1;
  }
  return text.length;
}

function toAscii(text: string): string {
  return text.replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
