/**
 * Reading files that others may be writing. Readers take no lock: between the look for a journal
 * and the reading, somebody may begin to commit, and what is read is then of two states.
 */
import fs from "node:fs";
import { BloscpackError } from "../errors.ts";
import { hasJournal, recover, recoverSync } from "./journal.ts";
import { type Steps, step } from "./steps.ts";

/**
 * So often, and so long, a file is read that changes under every reading: one that others keep
 * writing to. Often alone is not enough, where readers are slow and writers many; ms.
 */
const ATTEMPTS = 10;
const PATIENCE_MS = 5000;

/**
 * Reads a file once it is in order, and again when it is found damaged and was written meanwhile.
 *
 * @param read what it opens it has closed when it throws
 * @param drop gives a result up that was read while the file was written, and which may be of no
 *   state that the file was in; without it such a result is taken
 * @throws {StoreError} as {@link recover} does
 */
export function* readSettled<T>(
  path: string,
  read: () => Steps<T>,
  drop?: (result: T) => Steps<void>,
): Steps<T> {
  const started = performance.now();
  for (let attempt = 1; ; attempt++) {
    yield* step(
      () => recoverSync(path),
      () => recover(path),
    );
    const before = stateOf(path);
    const isPatient = () => attempt < ATTEMPTS || performance.now() - started < PATIENCE_MS;
    const mayRepeat = () => isPatient() && isWritten(path, before);
    try {
      const result = yield* read();
      if (drop === undefined || !mayRepeat()) return result;
      yield* drop(result);
    } catch (error) {
      if (!(error instanceof BloscpackError) || !mayRepeat()) throw error;
    }
  }
}

/** What changes with a file; `undefined` for what cannot be read twice, such as a pipe. */
function stateOf(path: string): string | undefined {
  const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat?.isFile() ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : undefined;
}

function isWritten(path: string, before: string | undefined): boolean {
  return before !== undefined && (hasJournal(path) || stateOf(path) !== before);
}
