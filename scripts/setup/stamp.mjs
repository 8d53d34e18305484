/** A stamp is a file as old as the last time a step succeeded. */
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** True if `stamp` is missing or older than any of `inputs`, which are files or folders. */
export function isOutOfDate(stamp, inputs) {
  return modified(stamp) < Math.max(...inputs.map(newest));
}

export function markUpToDate(stamp) {
  writeFileSync(stamp, "");
}

/** Folders count themselves too: their time changes when a file is removed from them. */
function newest(path) {
  const entries = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : [];
  return Math.max(modified(path), ...entries.map((entry) => newest(join(path, entry))));
}

function modified(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}
