/** A stamp is a file as old as the last time a step succeeded; it holds what the step was to do. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * True if `stamp` is missing or older than any of `inputs`, which are files or folders; or, where a
 * step can be done in several ways, if it was done in another one.
 */
export function isOutOfDate(stamp, inputs, way) {
  if (modified(stamp) < Math.max(...inputs.map(newest))) return true;
  return way !== undefined && readFileSync(stamp, "utf8") !== way;
}

export function markUpToDate(stamp, way = "") {
  writeFileSync(stamp, way);
}

/** Folders count themselves too: their time changes when a file is removed from them. */
function newest(path) {
  const entries = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : [];
  return Math.max(modified(path), ...entries.map((entry) => newest(join(path, entry))));
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}
