/** Which result, or which function, is meant by what stands on the command line. */
import type { Memory } from "../../cache/memory.ts";
import type { Shelved } from "../../cache/shelved.ts";
import { CliError, EXIT_FAILURE, EXIT_USAGE } from "../failure.ts";
import { printable } from "../printable.ts";
import { formatTime, shortId } from "./words.ts";

/** Candidates that an error names. */
export const SHOWN = 10;

/** The result whose key begins with these digits. @throws {CliError} unless there is just one */
export function chooseResult(memory: Memory, digits: string): Shelved {
  checkKey(digits);
  const found: Shelved[] = [];
  for (const handle of memory.find(digits)) {
    found.push(handle);
    if (found.length > SHOWN) break;
  }
  const [only, second] = found;
  if (only === undefined) {
    throw new CliError(`no result has a key that begins with '${digits}'`);
  }
  if (second === undefined) return only;
  const lines = found.slice(0, SHOWN).map((handle) => `  ${candidate(handle)}`);
  throw new CliError(
    [`'${digits}' may be one of several keys:`, ...lines, ...ellipsis(found.length)].join("\n"),
  );
}

/** @throws {CliError} for what no key begins with */
export function checkKey(digits: string): void {
  if (/^[0-9a-f]{1,32}$/i.test(digits)) return;
  throw new CliError(
    `'${printable(digits)}' is not a key: up to 32 hexadecimal digits`,
    EXIT_USAGE,
  );
}

function candidate(handle: Shelved): string {
  const info = handle.info();
  const created = info === undefined ? "" : `, ${formatTime(info.created)}`;
  return `${handle.key} ${shortId(handle.id)}${created}`;
}

/**
 * The id of the function that is meant: one that has results, by all of its id or by its end.
 *
 * @throws {CliError} unless there is just one
 */
export function chooseFunction(memory: Memory, text: string): string {
  const [exact] = memory.entries({ id: text });
  if (exact !== undefined) return text;
  const ids = new Set<string>();
  for (const { id } of memory.entries()) ids.add(id);
  const found = [...ids].filter((id) => isEndOf(id, text)).sort();
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  if (only === undefined) {
    throw unclear(
      `no results of '${printable(text)}'`,
      ids.size === 0 ? "" : "; there are of",
      [...ids].sort(),
    );
  }
  throw unclear(`'${printable(text)}' may be one of several functions`, "", found);
}

/** Whether `end` is whole words at the end of an id such as `package@/lib/grid.js#slope`. */
function isEndOf(id: string, end: string): boolean {
  if (end === "" || !id.endsWith(end)) return false;
  return /[^\w$]/.test(end.charAt(0)) || /[#/@.]/.test(id.at(-end.length - 1) ?? "#");
}

function unclear(what: string, more: string, ids: readonly string[]): CliError {
  const shown = ids.slice(0, SHOWN).map((id) => `  ${printable(id)}`);
  const end = ids.length === 0 ? "" : ":";
  const lines = [`${what}${more}${end}`, ...shown, ...ellipsis(ids.length)];
  return new CliError(lines.join("\n"), EXIT_FAILURE);
}

/** The line behind candidates of which not all are shown. */
export function ellipsis(count: number): string[] {
  return count > SHOWN ? ["  …"] : [];
}
