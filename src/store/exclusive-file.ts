/** A file that is changed in its place: by one writer at a time, from where the last one has ended. */
import { type FileLock, lockFile } from "./file-lock.ts";
import { realPath, rollBack } from "./journal.ts";
import { SteppedFile, type Steps } from "./steps.ts";

/**
 * Opens a file to be changed, with its lock, once what a killed writer left has been rolled back.
 *
 * @throws {StoreError} with a cause of code `ELOCKED` when somebody else is writing the file
 */
export function* changeFile<T>(
  path: string,
  change: (file: SteppedFile, lock: FileLock) => Steps<T>,
): Steps<T> {
  const target = realPath(path);
  const lock = lockFile(target);
  try {
    rollBack(target);
    const file = new SteppedFile(target, "r+");
    try {
      return yield* change(file, lock);
    } finally {
      file.close();
    }
  } finally {
    lock.release();
  }
}
